"""Looking at pictures: fingerprints, copies proved by geometry, and how often that errs.

Needs the extra `vision`. Nothing here fetches.
"""

from __future__ import annotations
