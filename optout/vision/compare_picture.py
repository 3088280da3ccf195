"""Two pictures and what the comparison found → one PNG that shows it.

Above the two pictures, what they have in common outlined; below the common part of the first, the
second laid on it, and how they differ. The same input gives the same bytes.
"""

from __future__ import annotations

import io

import numpy as np

from optout.vision.decode import Pixels
from optout.vision.features import SIDE
from optout.vision.fingerprint import FORMS, HashMatch, scaled
from optout.vision.geometry import Matrix, corners, moved
from optout.vision.verify import Comparison

CELL = 400  # pixels of each part
GAP = 12
GROUND = (255, 255, 255)
LINE = (214, 40, 90)
# Where the corners of the first picture (clockwise from the top left) lie in each form.
_TURNED = {
    FORMS[0]: (0, 1, 2, 3),
    FORMS[1]: (3, 0, 1, 2),
    FORMS[2]: (2, 3, 0, 1),
    FORMS[3]: (1, 2, 3, 0),
    FORMS[4]: (3, 2, 1, 0),
    FORMS[5]: (1, 0, 3, 2),
    FORMS[6]: (0, 3, 2, 1),
    FORMS[7]: (2, 1, 0, 3),
}


def compare_picture(a: Pixels, b: Pixels, found: Comparison) -> bytes:
    """A PNG of `a` and `b` (RGB), aligned where the comparison aligned them."""
    one, two = scaled(a, SIDE), scaled(b, SIDE)
    matrix = _matrix(one, two, found)
    if matrix is None:
        return _png([[_fitted(one), _fitted(two)]])
    inverse: Matrix = np.linalg.inv(matrix).astype(np.float64)
    box = _box(one, two, inverse)
    above = [_outlined(one, _corners_of(box)), _outlined(two, moved(matrix, _corners_of(box)))]
    return _png([above, _aligned(one, two, inverse, box, _is_inverted(found))])


def _matrix(a: Pixels, b: Pixels, found: Comparison) -> Matrix | None:
    """The map from one scaled copy to the other: by geometry, or as PDQ found the form."""
    if found.movement is not None:
        return found.movement.matrix if found.is_copy else None
    if found.verdict == "same file":
        return form_matrix(HashMatch(0, FORMS[0], False), a, b)
    return form_matrix(found.hash, a, b) if found.hash and found.is_copy else None


def form_matrix(match: HashMatch, a: Pixels, b: Pixels) -> Matrix:
    """The whole of `a` laid on the whole of `b` in one of the eight forms."""
    import cv2

    source = corners(a.shape[1], a.shape[0])
    target = corners(b.shape[1], b.shape[0])[list(_TURNED[match.form])]
    matrix: Matrix = cv2.getPerspectiveTransform(
        source.astype(np.float32), target.astype(np.float32)
    )
    return matrix


def _is_inverted(found: Comparison) -> bool:
    by_hash = found.movement is None and found.hash is not None and found.hash.inverted
    return by_hash or (found.movement is not None and found.movement.inverted)


def _box(a: Pixels, b: Pixels, inverse: Matrix) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of what of `a` the other picture shows, in pixels."""
    quad = moved(inverse, corners(b.shape[1], b.shape[0]))
    left, top = np.maximum(quad.min(axis=0), 0)
    right, bottom = np.minimum(quad.max(axis=0), (a.shape[1], a.shape[0]))
    return float(left), float(top), float(max(right, left + 1)), float(max(bottom, top + 1))


def _corners_of(box: tuple[float, float, float, float]) -> Matrix:
    left, top, right, bottom = box
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)


def _outlined(picture: Pixels, quad: Matrix) -> Pixels:
    import cv2

    k = CELL / max(picture.shape[:2])
    drawn = _fitted(picture)
    points = np.rint(np.clip(quad * k, -CELL, 2 * CELL)).astype(np.int32)
    cv2.polylines(drawn, [points], isClosed=True, color=LINE, thickness=2)
    return drawn


def _aligned(
    a: Pixels,
    b: Pixels,
    inverse: Matrix,
    box: tuple[float, float, float, float],
    inverted: bool,
) -> list[Pixels]:
    """The common part of `a`, `b` laid on it, and the difference."""
    import cv2

    left, top, right, bottom = box
    k = CELL / max(right - left, bottom - top)
    size = (max(1, round((right - left) * k)), max(1, round((bottom - top) * k)))
    place = np.array([[k, 0, -k * left], [0, k, -k * top], [0, 0, 1]], np.float64)
    part = cv2.warpPerspective(a, place, size, borderValue=GROUND)
    laid = cv2.warpPerspective(b, place @ inverse, size, borderValue=GROUND)
    difference = 255 - cv2.absdiff(part, 255 - laid if inverted else laid)
    return [part, laid, difference]


def _fitted(picture: Pixels) -> Pixels:
    """The picture with its longer side CELL pixels."""
    import cv2

    k = CELL / max(picture.shape[:2])
    size = (max(1, round(picture.shape[1] * k)), max(1, round(picture.shape[0] * k)))
    way = cv2.INTER_AREA if k < 1 else cv2.INTER_LINEAR
    fitted: Pixels = cv2.resize(picture, size, interpolation=way).copy()
    return fitted


def _png(rows: list[list[Pixels]]) -> bytes:
    """Rows of parts on a plain ground; nothing in the file but pixels."""
    from PIL import Image

    width = GAP + max(sum(part.shape[1] + GAP for part in row) for row in rows)
    height = GAP + sum(max(part.shape[0] for part in row) + GAP for row in rows)
    sheet = Image.new("RGB", (width, height), GROUND)
    y = GAP
    for row in rows:
        x = GAP
        for part in row:
            sheet.paste(Image.fromarray(part), (x, y))
            x += part.shape[1] + GAP
        y += max(part.shape[0] for part in row) + GAP
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()
