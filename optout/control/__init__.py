"""A site → a dated record that whoever runs this case can put a text of theirs on it."""

from optout.control.looking import Looked, look, places
from optout.control.record import Proof, last_looks, proofs, prove, token_of, tokens

__all__ = [
    "Looked",
    "Proof",
    "last_looks",
    "look",
    "places",
    "proofs",
    "prove",
    "token_of",
    "tokens",
]
