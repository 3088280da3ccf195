"""Image files kept by a run → small pictures as data: addresses, for those who ask for them."""

from __future__ import annotations

import base64
import io
import warnings
from pathlib import Path

EDGE = 160  # pixels of the longer side: recognisable, about 5 kB each
MAX_FILE = 64 * 2**20  # bytes; the crawl keeps no larger ones
MAX_PIXELS = 80_000_000  # a larger picture would need more than 300 MB of memory

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


def thumbnail(run: Path, stored_as: str) -> str | None:
    """A data: address of the picture made small, or None where the file gives none.

    `stored_as` is relative to the run's folder and must stay in it.
    """
    path = (run / stored_as).resolve()
    small = small_picture(path, EDGE) if path.is_relative_to(run.resolve()) else None
    if small is None:
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(small).decode('ascii')}"


def small_picture(source: Path | io.BytesIO, edge: int) -> bytes | None:
    """A JPEG of at most `edge` pixels, or None where the file (or its bytes) gives none.

    Nothing of the file but its pixels goes on: the picture is decoded and written anew.
    """
    try:
        if isinstance(source, Path) and source.stat().st_size > MAX_FILE:
            return None
        return _small(source, edge)
    except Exception:
        # Files come from strangers, and decoders answer broken ones with every kind of error
        # (OSError, ValueError, SyntaxError, struct.error …); none of them may cost the report.
        return None


def _small(source: Path | io.BytesIO, edge: int) -> bytes:
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        # Too many pixels and damaged metadata are warnings in Pillow; the size is checked here.
        warnings.simplefilter("ignore")
        with Image.open(source, formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError("too many pixels")
            image.draft("RGB", (edge * 2, edge * 2))  # JPEG: decode at a fraction of the size
            upright = ImageOps.exif_transpose(image).convert("RGBA")
            upright.thumbnail((edge, edge))
            paper = Image.new("RGB", upright.size, "white")
            paper.paste(upright, mask=upright.getchannel("A"))
    out = io.BytesIO()
    paper.save(out, "JPEG", quality=80)
    return out.getvalue()
