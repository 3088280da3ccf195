"""Bytes of a picture → what finds it again after re-encoding: pHash and PDQ, where they can be had.

They need the extra `vision`; without it a pack says so and holds the exact hashes alone.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

_LIBRARIES = ("numpy", "PIL", "pdqhash", "imagehash", "cv2")


def unable() -> str:
    """Why there are none, in words; "" where they can be had."""
    absent = [name for name in _LIBRARIES if find_spec(name) is None]
    return (
        f'{", ".join(absent)} not installed (pip install ".[vision]" in the folder of the program)'
        if absent
        else ""
    )


def fingerprints(body: bytes) -> dict[str, Any]:
    """phash (16 hex digits), pdq (64) with its quality from 0 to 100; empty where there are none.

    pHash is that of the data sets that publish one; PDQ says little below a quality of 50.
    """
    if unable():
        return {}
    from optout.vision.fingerprint import fingerprint

    found = fingerprint(body, iscc=False)
    told = {"phash": found.phash, "pdq": found.pdq, "pdq_quality": found.pdq_quality}
    return told if found.reason is None else {"not_decoded_because": found.reason}
