"""A picture → the views of it that are searched for.

A model sees the middle square of a picture alone: of a wide one up to 43 % never reaches it. A copy
made from its border, or a row that shows only a part, is found by another view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optout.embeddings.decoding import Pixels

_ELONGATED = 1.2  # sides from which on the middle square leaves out something worth a look
_INNER, _CORNER = 0.7, 0.75  # sides of the crops, of the shorter side
_SMALLEST = 32  # pixels; a crop below this shows nothing


def views(picture: Pixels) -> list[tuple[str, Pixels]]:
    """Name and pixels of each view of `picture` (height, width, 3); the whole picture first.

    >>> import numpy as np
    >>> [name for name, _ in views(np.zeros((100, 300, 3), np.uint8))]
    ['whole', 'squashed', 'first end', 'last end', 'middle']
    >>> [name for name, _ in views(np.zeros((20, 20, 3), np.uint8))]
    ['whole']
    """
    height, width = picture.shape[:2]
    short = min(height, width)
    found = [("whole", picture)]
    if max(height, width) >= _ELONGATED * short:
        found += [("squashed", _squashed(picture, short))]
        found += [("first end", picture[:short, :short]), ("last end", picture[-short:, -short:])]
        found += [("middle", _middle(picture, round(_INNER * short)))]
    else:
        side = round(_CORNER * short)
        found += [
            ("upper left", picture[:side, :side]),
            ("upper right", picture[:side, -side:]),
            ("lower left", picture[-side:, :side]),
            ("lower right", picture[-side:, -side:]),
            ("middle", _middle(picture, round(_INNER * short))),
        ]
    return found[:1] + [view for view in found[1:] if min(view[1].shape[:2]) >= _SMALLEST]


def _middle(picture: Pixels, side: int) -> Pixels:
    top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
    return picture[top : top + side, left : left + side]


def _squashed(picture: Pixels, side: int) -> Pixels:
    import numpy as np
    from PIL import Image

    image = Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(image)
