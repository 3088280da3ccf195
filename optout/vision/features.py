"""Pixels → local features: points with scale, angle and a description of what is around them.

RootSIFT (SIFT with the Hellinger kernel), spread evenly over the picture and over scales, so that
a picture that fills a tenth of a screenshot still has features in common with it.
Mirrored and inverted forms need no second look at the picture: they only reorder a description.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optout.vision.decode import Pixels
from optout.vision.fingerprint import scaled

SIDE = 640  # pixels of the longer side; larger finds little more and costs its square
COUNT = 1000  # features kept of a picture
# SIFT's own default is 0.04; drawings need less, and where that finds few, fog and empty sky
# have something too.
CONTRASTS = (0.02, 0.006)
FEW = 400
CELLS = 4  # features are allotted to 4 × 4 cells …
PARAMETERS = f"sift-3 {SIDE} {COUNT} {CONTRASTS} {FEW} {CELLS}"

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Local features of one picture, in pixels of a copy whose longer side is at most SIDE.

    `points` (n, 2), `sizes` (n,), `angles` (n,) in degrees, `words` (n, 128) uint8: RootSIFT × 512.
    `width`, `height` are those of the copy.
    """

    points: Floats
    sizes: Floats
    angles: Floats
    words: NDArray[np.uint8]
    width: int
    height: int

    def __len__(self) -> int:
        return len(self.points)

    def only(self, kept: NDArray[np.bool_] | NDArray[np.intp]) -> Features:
        """The features that are kept."""
        return Features(
            self.points[kept],
            self.sizes[kept],
            self.angles[kept],
            self.words[kept],
            self.width,
            self.height,
        )


def grey(pixels: Pixels) -> Pixels:
    """Luma of RGB pixels, (height, width)."""
    import cv2

    values: Pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return values


def features(pixels: Pixels) -> Features:
    """At most COUNT features of a grey picture; fewer where there is little to see."""
    import cv2

    small = scaled(pixels, SIDE)
    height, width = small.shape
    for contrast in CONTRASTS:
        sift = cv2.SIFT_create(nfeatures=0, contrastThreshold=contrast)
        detected = sift.detect(small, None)
        if len(detected) >= FEW:
            break
    found = _spread(detected, width, height)
    if not found:
        nothing = np.zeros((0, 2), np.float32)
        one = np.zeros(0, np.float32)
        return Features(nothing, one, one, np.zeros((0, 128), np.uint8), width, height)
    found, described = sift.compute(small, found)
    return Features(
        np.array([point.pt for point in found], np.float32),
        np.array([point.size for point in found], np.float32),
        np.array([point.angle for point in found], np.float32),
        _root(described),
        width,
        height,
    )


def _spread(found: Sequence[Any], width: int, height: int) -> tuple[Any, ...]:
    """The strongest features, taken in turn from every cell of every octave of scale."""
    if not len(found):
        return ()
    points = np.array([point.pt for point in found])
    sizes = np.array([point.size for point in found])
    strengths = np.array([point.response for point in found])
    cells = np.floor(points / (width, height) * CELLS).clip(0, CELLS - 1)
    octaves = np.floor(np.log2(sizes)).clip(1, 5)
    bucket = (cells[:, 0] * CELLS + cells[:, 1]) * 8 + octaves
    order = np.lexsort((points[:, 1], points[:, 0], -strengths, bucket))
    starts = np.flatnonzero(np.r_[True, np.diff(bucket[order]) != 0])
    lengths = np.diff(np.r_[starts, len(order)])
    turn = np.arange(len(order)) - np.repeat(starts, lengths)
    first = order[np.lexsort((-strengths[order], turn))][:COUNT]
    return tuple(found[i] for i in first)


def _root(described: Floats) -> NDArray[np.uint8]:
    """SIFT → RootSIFT (Arandjelović and Zisserman 2012) in bytes; 512 is the unit length."""
    total = np.maximum(described.sum(axis=1, keepdims=True), 1e-6)
    words: NDArray[np.uint8] = (
        np.rint(np.sqrt(described / total) * 512).clip(0, 255).astype(np.uint8)
    )
    return words


# SIFT's description is 4 rows × 4 columns × 8 directions, columns along the feature's own angle.
_GRID = np.arange(128).reshape(4, 4, 8)
_MIRRORED = _GRID[::-1][:, :, (8 - np.arange(8)) % 8].reshape(-1)
_INVERTED = _GRID[::-1, ::-1].reshape(-1)


def form(of: Features, *, mirrored: bool = False, inverted: bool = False) -> Features:
    """The features that the mirrored (left to right) or inverted picture has.

    Of the inverted one exactly; of the mirrored one up to half a pixel.
    """
    points, angles, words = of.points, of.angles, of.words
    if mirrored:
        points = np.column_stack((of.width - 1 - points[:, 0], points[:, 1]))
        angles, words = 180 - angles, words[:, _MIRRORED]
    if inverted:
        angles, words = angles + 180, words[:, _INVERTED]
    return Features(points, of.sizes, angles % 360, words, of.width, of.height)


def cached_features(pixels: Pixels, sha256: str, folder: Path | None) -> Features:
    """`features`, kept under `folder` by the file's hash and the parameters."""
    if folder is None:
        return features(pixels)
    parameters = hashlib.sha256(PARAMETERS.encode()).hexdigest()[:8]
    path = folder / f"{sha256}-{parameters}.npz"
    kept = _read(path)
    if kept is None:
        kept = features(pixels)
        _write(path, kept)
    return kept


def _read(path: Path) -> Features | None:
    """A file of the cache; None when it is absent or damaged (it is then made again)."""
    import zipfile

    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            width, height = (int(n) for n in file["size"])
            points, sizes, angles = file["points"], file["sizes"], file["angles"]
            return Features(points, sizes, angles, file["words"], width, height)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _write(path: Path, kept: Features) -> None:
    """Written beside and renamed, so that a file of the cache is whole or absent."""
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own: two threads may look at the same picture.
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as beside:
        np.savez(
            beside,
            points=kept.points,
            sizes=kept.sizes,
            angles=kept.angles,
            words=kept.words,
            size=np.array([kept.width, kept.height]),
        )
    Path(beside.name).replace(path)
