"""Addresses → what they identify: the lossless form, the key of the picture, a candidate key."""

from optout.identity.hosts import Shared, registered_domain, shared_host, twin
from optout.identity.keys import ELSEWHERE, SAME_DOMAIN, Identity, identify

__all__ = [
    "ELSEWHERE",
    "SAME_DOMAIN",
    "Identity",
    "Shared",
    "identify",
    "registered_domain",
    "shared_host",
    "twin",
]
