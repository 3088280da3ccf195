"""Two pictures' features → the one movement that lays the first on the second, with its inliers.

Every pair of alike features has a scale and an angle, so each alone proposes a similarity
(move, turn, scale); all proposals are tried, none is drawn by lot. The best are refined to an
affine map (squashed copies) and a homography (photographs of prints) by RANSAC.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optout.vision.features import Features

RATIO = 0.85  # the best counterpart must be this much nearer than the second best …
FAR = 370.0  # … and no farther than this; RootSIFT × 512, where unrelated ones are at 400–600
MOST_PAIRS = 400
LOOSE_SCALE = np.log(1.5)  # a feature's own scale and angle are rough
LOOSE_ANGLE = 25.0
LOOSE_PLACE = 0.06  # of the longer side
PLACE = 5.0  # pixels; of a picture that appears much smaller, less
SCALES = (1 / 16, 16.0)
SQUASH = 2.5  # sides of a copy stretched more than this against each other are no copy

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """A map of the first picture's pixels (its scaled copy) to the second's, as 3 × 3 matrix.

    `model` is similarity, affine or homography; `inliers` counts places that are distinct in both
    pictures; `source` and `target` are these places, (inliers, 2).
    """

    matrix: Matrix
    model: str
    inliers: int
    tried: int
    source: Matrix
    target: Matrix


def pairs(a: Features, b: Features) -> NDArray[np.intp]:
    """Index pairs (n, 2) of features that are each other's counterpart, best first."""
    if len(a) < 2 or len(b) < 2:
        return np.zeros((0, 2), np.intp)
    products = a.words.astype(np.float32) @ b.words.astype(np.float32).T
    of_a = np.einsum("ij,ij->i", a.words, a.words, dtype=np.float32)
    of_b = np.einsum("ij,ij->i", b.words, b.words, dtype=np.float32)
    squared = np.maximum(of_a[:, None] + of_b[None, :] - 2 * products, 0)
    best = squared.argmin(axis=1)
    rows = np.arange(len(a))
    nearest = np.sqrt(squared[rows, best])
    squared[rows, best] = np.inf
    ratio = nearest / np.maximum(np.sqrt(squared.min(axis=1)), 1e-6)
    kept = np.flatnonzero((ratio < RATIO) & (nearest < FAR))
    kept = kept[np.argsort(ratio[kept], kind="stable")][:MOST_PAIRS]
    return np.column_stack((kept, best[kept]))


def align(a: Features, b: Features) -> Alignment | None:
    """The best alignment of two pictures, or None where not even three features agree."""
    matched = pairs(a, b)
    if len(matched) < 3:
        return None
    one, two = a.only(matched[:, 0]), b.only(matched[:, 1])
    agreeing = _agreeing(one, two)
    if agreeing is None:
        return None
    return _refined(one, two, agreeing)


def _agreeing(a: Features, b: Features) -> NDArray[np.bool_] | None:
    """Which pairs agree with the proposal that most agree with; None with fewer than three."""
    scale = np.log(b.sizes / a.sizes).astype(np.float64)
    turn = np.radians((b.angles - a.angles).astype(np.float64))
    # Proposal i moves every point j: complex numbers turn and scale by one product.
    source = a.points[:, 0] + 1j * a.points[:, 1].astype(np.float64)
    target = b.points[:, 0] + 1j * b.points[:, 1].astype(np.float64)
    factor = np.exp(scale + 1j * turn)
    moved = factor[:, None] * (source[None, :] - source[:, None]) + target[:, None]
    near = np.abs(moved - target[None, :]) < LOOSE_PLACE * max(b.width, b.height) * np.clip(
        np.exp(scale)[:, None], 0.3, 1
    )
    near &= np.abs(scale[None, :] - scale[:, None]) < LOOSE_SCALE
    difference = (np.degrees(turn[None, :] - turn[:, None]) + 180) % 360 - 180
    near &= np.abs(difference) < LOOSE_ANGLE
    best = int(near.sum(axis=1).argmax())
    return near[best] if near[best].sum() >= 3 else None


def _refined(a: Features, b: Features, agreeing: NDArray[np.bool_]) -> Alignment | None:
    """The simplest model that explains nearly as many places as the best."""
    import cv2

    source = a.points[agreeing].astype(np.float64)
    target = b.points[agreeing].astype(np.float64)
    ratio = float(np.exp(np.median(np.log(b.sizes[agreeing] / a.sizes[agreeing]))))
    place = float(np.clip(PLACE * ratio, 1.5, PLACE))
    found: list[Alignment] = []
    for model, fit in (
        ("similarity", cv2.estimateAffinePartial2D),
        ("affine", cv2.estimateAffine2D),
        ("homography", _homography),
    ):
        if len(source) < {"similarity": 2, "affine": 3, "homography": 4}[model]:
            continue
        matrix, _ = fit(source, target, method=cv2.RANSAC, ransacReprojThreshold=place)
        if matrix is None:
            continue
        square = np.vstack((matrix, (0, 0, 1))) if len(matrix) == 2 else matrix
        if _plausible(square, a, b):
            found.append(_counted(square, source, target, model=model, place=place, ratio=ratio))
    if not found:
        return None
    most = max(one.inliers for one in found)
    return next(one for one in found if one.inliers >= 0.85 * most)


def _homography(
    source: Matrix, target: Matrix, method: int, ransacReprojThreshold: float
) -> tuple[Matrix | None, object]:
    import cv2

    matrix, mask = cv2.findHomography(source, target, method, ransacReprojThreshold)
    return matrix, mask


def _counted(
    matrix: Matrix, source: Matrix, target: Matrix, *, model: str, place: float, ratio: float
) -> Alignment:
    """Count the pairs that the map brings together, each place once in either picture.

    Repeated texture otherwise counts one place many times.
    """
    near = np.linalg.norm(moved(matrix, source) - target, axis=1) < place
    kept = np.flatnonzero(near)
    for points, side in ((source, 1 / max(ratio, 1e-6)), (target, ratio)):
        cells = np.floor(points[kept] / (4 * np.clip(side, 0.25, 1)))
        _, first = np.unique(cells, axis=0, return_index=True)
        kept = kept[np.sort(first)]
    return Alignment(matrix, model, len(kept), len(source), source[kept], target[kept])


def moved(matrix: Matrix, points: Matrix) -> Matrix:
    """Points (n, 2) under a 3 × 3 map."""
    higher = np.column_stack((points, np.ones(len(points)))) @ matrix.T
    result: Matrix = higher[:, :2] / np.where(np.abs(higher[:, 2:]) < 1e-9, 1e-9, higher[:, 2:])
    return result


def corners(width: int, height: int) -> Matrix:
    """The four corners of a picture, clockwise from the top left."""
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)


def _plausible(matrix: Matrix, a: Features, b: Features) -> bool:
    """Whether a picture could have been moved like this: no fold, no sliver, no speck."""
    if not np.isfinite(matrix).all():
        return False
    box = corners(a.width, a.height)
    depth = np.column_stack((box, np.ones(4))) @ matrix[2]
    if depth.min() <= 0.3 * depth.max():
        return False  # part of it would lie at or behind the horizon
    quad = moved(matrix, box)
    sides = np.roll(quad, -1, axis=0) - quad
    after = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0]
    if turns.min() <= 0:
        return False
    lengths = np.linalg.norm(sides, axis=1) / (a.width, a.height, a.width, a.height)
    in_range = SCALES[0] < lengths.min() and lengths.max() < SCALES[1]
    # A quad of straight angles only: sheared ones are chance.
    sines = turns / (np.linalg.norm(sides, axis=1) * np.linalg.norm(after, axis=1))
    return bool(in_range and lengths.max() / lengths.min() < SQUASH and sines.min() > 0.5)
