"""Bytes of a picture → RGB pixels, always by the same rules; or the reason why not.

Pinned, because a fingerprint is only worth something when two readers of one file see the same:
EXIF orientation applied, colour profile converted to sRGB, transparency laid on white, the first
frame of an animation, 16 bits scaled to 8.
"""

from __future__ import annotations

import io
import tomllib
import warnings
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

Pixels = NDArray[np.uint8]

MAX_BYTES = 100_000_000
MAX_PIXELS = 100_000_000  # 300 MB as RGB; a print at 600 dpi on A3 has 70 million
MIN_SIDE = 16  # below this PDQ and geometry have nothing to look at
MAX_PROFILE = 4_000_000  # bytes of a colour profile; press profiles have about 2 million
ORIENTATION = 0x0112  # of EXIF: how a picture has to be turned; 1 is not at all
TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
BACKGROUND = (255, 255, 255)  # under transparent parts: the page behind most pictures is white
# What Pillow may open. Others reach programs of the system (EPS) or are no pictures of the web.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP", "JPEG2000", "ICO")


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture: `pixels` is (height, width, 3), sRGB, 0–255."""

    pixels: Pixels
    format: str
    notes: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why there is no picture: `reason` is a key of reasons.toml."""

    reason: str
    detail: str = ""

    @property
    def text(self) -> str:
        return reasons()[self.reason] + (f" ({self.detail})" if self.detail else "")


@cache
def reasons() -> dict[str, str]:
    """Every reason and its words, from reasons.toml."""
    text = files("optout.vision").joinpath("reasons.toml").read_text("utf-8")
    return dict(tomllib.loads(text)["reasons"])


def decode(data: bytes) -> Picture | Unreadable:
    """Decode a picture by the rules of this module; never raises.

    >>> decode(b"").reason
    'empty'
    >>> decode(b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>').reason
    'vector'
    """
    refused = _refused_unread(data)
    if refused:
        return refused
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of what is refused or noted here
        try:
            return _decoded(data)
        except _Refusal as refusal:
            return refusal.why
        # Decoders of hostile bytes raise nearly anything, MemoryError included.
        except Exception as error:
            return Unreadable(_reason(error), type(error).__name__)


class _Refusal(Exception):
    def __init__(self, reason: str, detail: str = "") -> None:
        self.why = Unreadable(reason, detail)


def _refused_unread(data: bytes) -> Unreadable | None:
    if not data:
        return Unreadable("empty")
    if len(data) > MAX_BYTES:
        return Unreadable("too_large", f"{len(data):,} bytes, at most {MAX_BYTES:,}")
    start = data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<svg", b"<?xml", b"<!doctype svg", b"<!--")) and b"<svg" in start:
        return Unreadable("vector")
    return None


def _reason(error: Exception) -> str:
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "not_an_image"
    if isinstance(error, Image.DecompressionBombError | MemoryError):
        return "too_many_pixels"
    return "truncated" if "truncated" in str(error).lower() else "broken"


def _decoded(data: bytes) -> Picture:
    from PIL import Image

    notes: list[str] = []
    with Image.open(io.BytesIO(data), formats=_formats()) as image:
        _check_size(image)
        form = image.format or ""
        if getattr(image, "n_frames", 1) > 1:
            notes.append("first frame of several")
            image.seek(0)
        image.load()
        rgb = _in_srgb(image, notes)
        turn = TURNS.get(_orientation(image, notes))
        turned = rgb.transpose(Image.Transpose[turn]) if turn else rgb
        return Picture(np.asarray(turned, dtype=np.uint8).copy(), form, tuple(notes))


@cache
def _formats() -> tuple[str, ...]:
    """Those of FORMATS that this build of Pillow reads."""
    from PIL import Image

    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _check_size(image: Image.Image) -> None:
    """Refuse by what the header says, before a pixel is decoded."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _Refusal("too_many_pixels", f"{width}×{height}, at most {MAX_PIXELS:,}")
    if min(width, height) < MIN_SIDE:
        raise _Refusal("too_small", f"{width}×{height}, at least {MIN_SIDE} a side")


def _in_srgb(image: Image.Image, notes: list[str]) -> Image.Image:
    """RGB pixels of sRGB, nothing transparent."""
    from PIL import Image

    flat = _eight_bits(image, notes)
    if "transparency" in flat.info or flat.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        notes.append("transparent parts laid on white")
        flat = flat.convert("RGBA")
        alpha = flat.getchannel("A")
        colours = _profiled(flat.convert("RGB"), image, notes)
        ground = Image.new("RGB", flat.size, BACKGROUND)
        ground.paste(colours, mask=alpha)
        return ground
    return _profiled(flat, image, notes)


def _orientation(image: Image.Image, notes: list[str]) -> int:
    """What the EXIF says of it; 1 where it cannot be read."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # an EXIF of strangers raises nearly anything, and the pixels are fine
        notes.append("orientation not readable")
        return 1


def _eight_bits(image: Image.Image, notes: list[str]) -> Image.Image:
    """Grey pictures of 16 or 32 bits as 8 bits; everything else as it is."""
    from PIL import Image

    if not (image.mode in ("I", "F") or image.mode.startswith("I;")):
        return image
    notes.append("more than 8 bits a channel")
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=0, neginf=0)
    top = 1.0 if image.mode == "F" and values.max() <= 1 else 65535.0
    top = 255.0 if image.mode == "I" and values.max() <= 255 else top
    return Image.fromarray(np.clip(values / top * 255, 0, 255).astype(np.uint8))


def _profiled(colours: Image.Image, source: Image.Image, notes: list[str]) -> Image.Image:
    """The colours in sRGB by the picture's own profile; without a usable one as they are."""
    from PIL import ImageCms

    profile: Any = source.info.get("icc_profile")
    if not profile or len(profile) > MAX_PROFILE or colours.mode not in ("RGB", "L", "CMYK"):
        return colours.convert("RGB")
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        done = ImageCms.profileToProfile(
            colours, own, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        notes.append("colour profile not usable")
        return colours.convert("RGB")
    if done is None:
        return colours.convert("RGB")
    notes.append("colour profile converted")
    return done
