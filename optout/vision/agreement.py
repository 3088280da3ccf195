"""Two pictures and their alignment → which share of what they have in common really looks alike.

Features can agree by chance or because two pictures carry the same stamp; so the first picture is
laid on the second and both are compared block by block.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optout.vision.geometry import Alignment, Matrix, corners, moved

CANVAS = 224  # pixels of the longer side of what is common, when compared
BLOCK = 16
BLUR = 1.6  # pixels; forgives small misplacement, noise and halftone dots
FLAT = 3.0  # grey levels; a block with less contrast in either picture says nothing
ALIKE = 0.6  # correlation of two blocks that show the same; unrelated ones are at 0 ± 0.3

Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Agreement:
    """`share` of the telling blocks that are alike (0–1), of how many, and what is common.

    `box` is left, top, right, bottom of the common part in the first picture, as shares of its
    sides; `overlap` the common part's share of the first picture's area; `covered` its share of
    the second's; `spread` the inliers' share of the common part.
    """

    share: float
    blocks: int
    box: tuple[float, float, float, float]
    overlap: float
    covered: float
    spread: float


def agreement(a: Grey, b: Grey, alignment: Alignment) -> Agreement | None:
    """Compare two grey pictures of the alignment's sizes; None when nothing is in common."""
    import cv2

    height, width = a.shape
    inverse: Matrix = np.linalg.inv(alignment.matrix).astype(np.float64)
    seen = moved(inverse, corners(b.shape[1], b.shape[0]))
    area, common = _common(corners(width, height), seen)
    if area < 100:
        return None
    left, top = np.maximum(common.min(axis=0), 0)
    right, bottom = np.minimum(common.max(axis=0), (width, height))
    k = CANVAS / max(right - left, bottom - top)
    place = np.array([[k, 0, -k * left], [0, k, -k * top], [0, 0, 1]], np.float64)
    size = (max(BLOCK, round((right - left) * k)), max(BLOCK, round((bottom - top) * k)))
    one = _laid(a, place, size)
    two = _laid(b, place @ inverse, size)
    inside = np.zeros(size[::-1], np.uint8)
    cv2.fillConvexPoly(inside, np.rint(moved(place, common)).astype(np.int32), 1)
    share, blocks = _alike(one, two, inside)
    hull = cv2.contourArea(cv2.convexHull(alignment.source.astype(np.float32)))
    return Agreement(
        share=share,
        blocks=blocks,
        box=(
            float(left / width),
            float(top / height),
            float(right / width),
            float(bottom / height),
        ),
        overlap=min(1.0, area / (width * height)),
        covered=_covered(alignment.matrix, common, b),
        spread=min(1.0, hull / area),
    )


def _common(box: Matrix, quad: Matrix) -> tuple[float, Matrix]:
    """Area and corners of what two convex quads share."""
    import cv2

    area, points = cv2.intersectConvexConvex(box.astype(np.float32), quad.astype(np.float32))
    if points is None:
        return 0.0, box
    return float(area), points.reshape(-1, 2).astype(np.float64)


def _covered(matrix: Matrix, common: Matrix, b: Grey) -> float:
    import cv2

    area = cv2.contourArea(moved(matrix, common).astype(np.float32))
    return min(1.0, float(area) / b.size)


def _laid(picture: Grey, matrix: Matrix, size: tuple[int, int]) -> Grey:
    """The picture under a map, averaged where it becomes smaller, and blurred."""
    import cv2

    shrink = 1 / max(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))), 1e-3)
    if shrink > 1.5:
        smaller = (
            max(8, round(picture.shape[1] / shrink)),
            max(8, round(picture.shape[0] / shrink)),
        )
        back = np.diag((picture.shape[1] / smaller[0], picture.shape[0] / smaller[1], 1.0))
        picture, matrix = cv2.resize(picture, smaller, interpolation=cv2.INTER_AREA), matrix @ back
    laid = cv2.warpPerspective(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    blurred: Grey = cv2.GaussianBlur(laid, (0, 0), BLUR)
    return blurred


def _alike(one: Grey, two: Grey, inside: NDArray[np.uint8]) -> tuple[float, int]:
    """Share of the blocks inside both pictures that correlate, and how many say anything.

    A block counts by how much it shows in two directions: a straight line, such as the edge of
    two framed pictures, correlates with any other line in its place.
    """
    rows, columns = (n // BLOCK for n in one.shape)
    whole = _blocks(inside.astype(np.float32), rows, columns).mean(axis=1) > 0.95
    blocks = [_blocks(part, rows, columns) for part in (one, two)]
    first, second = (part - part.mean(axis=1, keepdims=True) for part in blocks)
    deviations = [part.std(axis=1) for part in blocks]
    telling = whole & (np.maximum(*deviations) > FLAT)
    norm = np.maximum(deviations[0] * deviations[1], 1e-3)
    alike = (first * second).mean(axis=1) / norm > ALIKE
    weight = np.maximum(*(_two_ways(part, rows, columns) for part in (one, two)))[telling]
    count = int(telling.sum())
    return (float((alike[telling] * weight).sum() / weight.sum()) if count else 0.0), count


def _two_ways(picture: Grey, rows: int, columns: int) -> Grey:
    """Of each block the contrast across its weaker direction (structure tensor), in grey levels."""
    import cv2

    x = cv2.Sobel(picture, cv2.CV_32F, 1, 0)
    y = cv2.Sobel(picture, cv2.CV_32F, 0, 1)
    xx, yy, xy = (_blocks(part, rows, columns).mean(axis=1) for part in (x * x, y * y, x * y))
    weaker = (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    contrast: Grey = np.sqrt(np.maximum(weaker, 0)) + 1e-3
    return contrast


def _blocks(picture: Grey, rows: int, columns: int) -> Grey:
    """(rows × columns, BLOCK²): the blocks of a picture, what is over at the edges left out."""
    cut = picture[: rows * BLOCK, : columns * BLOCK]
    parted = cut.reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2)
    return parted.reshape(rows * columns, BLOCK * BLOCK)
