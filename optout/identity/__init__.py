"""Addresses → what they identify: the lossless form, the key of the picture, a candidate key."""

from optout.identity.hosts import Shared, registered_domain, shared_host, twin
from optout.identity.keys import Identity, identify

__all__ = ["Identity", "Shared", "identify", "registered_domain", "shared_host", "twin"]
