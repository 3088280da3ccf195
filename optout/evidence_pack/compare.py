"""Two pictures' bytes → one PNG that shows them side by side, made small.

Nothing of the files but their pixels goes on.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from optout.report.thumbnails import MAX_PIXELS

if TYPE_CHECKING:
    from PIL import Image

EDGE = 480  # pixels of the longer side of each
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


def side_by_side(left: bytes, right: bytes) -> bytes | None:
    """The first at the left, the second at the right, on white; None where one gives no picture."""
    from PIL import Image

    try:
        pictures = [_small(body) for body in (left, right)]
        paper = Image.new("RGB", (2 * EDGE + 30, EDGE + 20), "white")
        for picture, x in zip(pictures, (10, EDGE + 20), strict=True):
            paper.paste(picture, (x, 10), mask=picture.getchannel("A"))
        out = io.BytesIO()
        paper.save(out, "PNG")
    except Exception:
        # Files come from strangers; decoders answer broken ones with every kind of error.
        return None
    return out.getvalue()


def _small(body: bytes) -> Image.Image:
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(body), formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError("too many pixels")
            image.draft("RGB", (EDGE * 2, EDGE * 2))
            upright = ImageOps.exif_transpose(image).convert("RGBA")
            upright.thumbnail((EDGE, EDGE))
            return upright
