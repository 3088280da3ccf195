"""A site → a dated record that whoever runs this case can put a text of theirs on it."""

from optout.control.looking import Looked, look, places
from optout.control.record import Proof, proofs, prove, token_of

__all__ = ["Looked", "Proof", "look", "places", "proofs", "prove", "token_of"]
