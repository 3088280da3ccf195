"""Bytes of a picture → its fingerprints: exact hashes of the file, perceptual hashes of the look.

PDQ and pHash find a picture again after re-encoding and resizing; crops and frames need
geometry (`verify.py`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optout.vision.decode import Picture, Pixels, Unreadable, decode

PDQ_SIDE = 512  # Meta scales down to this before hashing; keeps decoders and scalers apart less
# How pdqhash 0.2.8 orders its eight forms (checked by turning real pictures).
FORMS = (
    "as it is",
    "rotated 90° left",
    "rotated 180°",
    "rotated 90° right",
    "upside down",
    "mirrored",
    "transposed",
    "anti-transposed",
)
INVERTED = "inverted"  # the complement of a PDQ is that of the negative

Bits = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is kept of a file. Perceptual parts are None when it could not be decoded.

    `pdq` holds 256 bits as 64 hex digits, `pdq_forms` the same for the eight turned and mirrored
    forms in the order of FORMS; `phash` 64 bits as 16 hex digits, as in COYO's `image_phash`;
    `iscc` the ISCC Image-Code (ISO 24138) when iscc-core is installed.
    """

    sha256: str
    md5: str
    size: int
    width: int | None = None
    height: int | None = None
    format: str | None = None
    pdq: str | None = None
    pdq_quality: int | None = None
    pdq_forms: tuple[str, ...] = ()
    phash: str | None = None
    iscc: str | None = None
    reason: str | None = None


def fingerprint(data: bytes, *, iscc: bool = True) -> Fingerprint:
    """All fingerprints of a file; of one that is no picture the exact hashes and the reason."""
    return fingerprint_of(data, decode(data), iscc=iscc)


def fingerprint_of(
    data: bytes, picture: Picture | Unreadable, *, iscc: bool = False
) -> Fingerprint:
    """The same when the picture is decoded already."""
    sha256 = hashlib.sha256(data).hexdigest()
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if isinstance(picture, Unreadable):
        return Fingerprint(sha256, md5, len(data), reason=picture.reason)
    forms, quality = pdq_forms(picture.pixels)
    return Fingerprint(
        sha256=sha256,
        md5=md5,
        size=len(data),
        width=picture.width,
        height=picture.height,
        format=picture.format,
        pdq=hex_of(forms[0]),
        pdq_quality=quality,
        pdq_forms=tuple(hex_of(form) for form in forms),
        phash=phash(picture.pixels),
        iscc=iscc_code(picture.pixels) if iscc else None,
    )


def pdq_forms(pixels: Pixels) -> tuple[Bits, int]:
    """PDQ of the eight forms as (8, 256) zeros and ones, and the quality 0–100."""
    import pdqhash

    forms, quality = pdqhash.compute_dihedral(scaled(pixels, PDQ_SIDE))
    return np.array(forms, dtype=np.uint8), int(quality)


def scaled(pixels: Pixels, side: int) -> Pixels:
    """The picture with its longer side at most `side` pixels, averaged, never enlarged."""
    import cv2

    height, width = pixels.shape[:2]
    if max(height, width) <= side:
        return pixels
    k = side / max(height, width)
    size = (max(1, round(width * k)), max(1, round(height * k)))
    smaller: Pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return smaller


def hex_of(bits: Bits) -> str:
    """Bits, highest first → hex digits.

    >>> hex_of(np.array([1, 0, 1, 0, 0, 0, 0, 1], dtype=np.uint8))
    'a1'
    """
    return np.packbits(bits).tobytes().hex()


def bits_of(text: str) -> Bits:
    """Hex digits → bits, highest first."""
    return np.unpackbits(np.frombuffer(bytes.fromhex(text), dtype=np.uint8))


def phash(pixels: Pixels) -> str:
    """The 64-bit pHash as imagehash defines it: 16 hex digits."""
    import imagehash
    from PIL import Image

    return str(imagehash.phash(Image.fromarray(pixels)))


def iscc_code(pixels: Pixels) -> str | None:
    """The ISCC Image-Code of the pixels, for export; None without iscc-core."""
    if find_spec("iscc_core") is None:
        return None
    import iscc_core
    from PIL import Image

    grey = Image.fromarray(pixels).convert("L").resize((32, 32), Image.Resampling.BICUBIC)
    code: dict[str, Any] = iscc_core.gen_image_code_v0(list(grey.tobytes()))
    return str(code["iscc"])


@dataclass(frozen=True, slots=True)
class HashMatch:
    """The nearest form of one PDQ to another: bits that differ of 256, and which form."""

    distance: int
    form: str
    inverted: bool


def pdq_match(forms: Bits, other: Bits) -> HashMatch:
    """The nearest of the eight forms and their negatives to `other` (256 bits)."""
    distances = (forms != other).sum(axis=1)
    nearest, farthest = int(distances.argmin()), int(distances.argmax())
    if 256 - distances[farthest] < distances[nearest]:
        return HashMatch(256 - int(distances[farthest]), FORMS[farthest], True)
    return HashMatch(int(distances[nearest]), FORMS[nearest], False)
