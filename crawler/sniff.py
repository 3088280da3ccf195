"""First bytes of a file → what it is and how large the picture is. Nothing is decoded."""

from __future__ import annotations

import io
import warnings

from PIL import Image

# Only formats of the web: each further decoder is further attack surface.
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "ICO")
_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\0\0\1\0", "image/x-icon"),
    (b"%PDF", "application/pdf"),
)


def sniff(body: bytes) -> str | None:
    """Media type by magic bytes, whatever was declared; None when it is none we know.

    >>> sniff(b"\\xff\\xd8\\xff\\xe0"), sniff(b" <svg xmlns=''>"), sniff(b"hello")
    ('image/jpeg', 'image/svg+xml', None)
    """
    head = body[:512]
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return _box_type(head[8:12])
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<svg") or (text.startswith(b"<?xml") and b"<svg" in text):
        return "image/svg+xml"
    if text.startswith((b"<!doctype html", b"<html")):
        return "text/html"
    return None


def _box_type(brand: bytes) -> str:
    """Media type by the major brand of an ISO base media file (ISO/IEC 14496-12, 4.3)."""
    if brand in (b"avif", b"avis"):
        return "image/avif"
    return "image/heic" if brand[:3] in (b"hei", b"hev", b"mif") else "video/mp4"


def pixel_size(body: bytes) -> tuple[int | None, int | None]:
    """(width, height) from the file's header; (None, None) when it cannot be read.

    No pixel is decoded. A claim so large that Pillow calls it a bomb gives (None, None).
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large claims; here they are facts
            with Image.open(io.BytesIO(body), formats=_FORMATS) as image:
                return image.size
    except Exception:  # Pillow's decoders raise many kinds on hostile headers
        return None, None
