"""An image file → its pixels: the one place where this package decodes."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from optout.errors import EmbeddingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".tif", ".tiff", ".bmp")
MAX_BYTES = 100_000_000
MAX_PIXELS = 100_000_000
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP", "MPO")


def pixels(path: Path) -> Pixels:
    """(height, width, 3), upright, on white. Raises EmbeddingError naming what is wrong."""
    import numpy as np
    from PIL import Image, ImageOps

    try:
        if path.stat().st_size > MAX_BYTES:
            raise EmbeddingError(f"{path} is larger than {MAX_BYTES:,} bytes")
        with warnings.catch_warnings():
            # Too many pixels and damaged metadata are warnings in Pillow; the size is checked here.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=_FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise EmbeddingError(f"{path} has {image.width}×{image.height} pixels")
                upright = ImageOps.exif_transpose(image).convert("RGBA")
                paper = Image.new("RGB", upright.size, "white")
                paper.paste(upright, mask=upright.getchannel("A"))
    except EmbeddingError:
        raise
    except Exception as error:
        # Files come from strangers, and decoders answer broken ones with every kind of error.
        raise EmbeddingError(
            f"{path} cannot be read as a picture: {type(error).__name__}", "check the file"
        ) from error
    return np.asarray(paper)
