"""An image file → its pixels, decoded by the rules of optout/vision/decode.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from optout.errors import EmbeddingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".tif", ".tiff", ".bmp")


def pixels(path: Path) -> Pixels:
    """(height, width, 3), upright, sRGB, on white. Raises EmbeddingError naming what is wrong."""
    from optout.vision.decode import MAX_BYTES, Unreadable, decode

    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise EmbeddingError(
            f"{path} cannot be read: {error.strerror or error}", "check the file"
        ) from error
    found = decode(data)
    if isinstance(found, Unreadable):
        raise EmbeddingError(f"{path} cannot be read as a picture: {found.text}", "check the file")
    return found.pixels
