"""A request → an evidence pack: dated, hashed records of its addresses, for anybody to verify."""

from optout.evidence_pack.listing import Verified, verify
from optout.evidence_pack.pack import Making, Pack, make_pack

__all__ = ["Making", "Pack", "Verified", "make_pack", "verify"]
