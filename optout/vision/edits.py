"""A picture and a seed → what people make of pictures: crops, memes, screenshots, filters.

For measuring: `optout evaluate` makes queries of any pictures with it. Fonts and frames come in
two families (`drawing.py`), so that thresholds chosen with one are tried with the other.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optout.vision import drawing

if TYPE_CHECKING:
    from PIL import Image

LEAST_SIDE = 24  # no edit makes a picture smaller than this


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit: its name, what it does, the JPEG quality it is saved with."""

    name: str
    change: Callable[[Image.Image, random.Random, int], Image.Image]
    quality: int = 85


def edited(edit: Edit, picture: Image.Image, seed: int, family: int = 0) -> bytes:
    """The edited picture as a JPEG file; the same arguments give the same bytes."""
    chance = random.Random(f"{seed} {edit.name}")  # noqa: S311 – repeatable on purpose
    out = io.BytesIO()
    edit.change(picture.convert("RGB"), chance, family).save(out, "JPEG", quality=edit.quality)
    return out.getvalue()


def _resized(picture: Image.Image, width: float, height: float) -> Image.Image:
    from PIL import Image

    size = (max(LEAST_SIDE, round(width)), max(LEAST_SIDE, round(height)))
    return picture.resize(size, Image.Resampling.LANCZOS)


Change = Callable[["Image.Image", random.Random, int], "Image.Image"]


def same(picture: Image.Image, chance: random.Random, family: int) -> Image.Image:
    return picture


def times(x: float, y: float) -> Change:
    return lambda p, chance, family: _resized(p, p.width * x, p.height * y)


def longest(side: int) -> Change:
    def change(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
        k = side / max(p.size)
        return _resized(p, p.width * k, p.height * k)

    return change


def crop(area: float) -> Change:
    """Keep this share of the area, anywhere in the picture."""

    def change(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
        wide = min(1.0, max(area, area**0.5 * chance.uniform(0.9, 1.1)))
        width = max(min(LEAST_SIDE, p.width), round(p.width * wide))
        height = max(min(LEAST_SIDE, p.height), round(p.height * area / wide))
        left = chance.randint(0, p.width - width)
        top = chance.randint(0, p.height - height)
        return p.crop((left, top, left + width, top + height))

    return change


def blur(sigma: float) -> Change:
    from_size = 640  # sigma is that of a picture whose longer side is this

    def change(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
        from PIL import ImageFilter

        return p.filter(ImageFilter.GaussianBlur(sigma * max(p.size) / from_size))

    return change


def noise(sigma: float) -> Change:
    def change(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
        import numpy as np
        from PIL import Image

        draw = np.random.default_rng(chance.getrandbits(32))
        values = np.asarray(p, dtype=np.float32)
        noisy = values + draw.normal(0, sigma, values.shape)
        return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))

    return change


def rotate(degrees: float) -> Change:
    """Turn; what becomes free is white or black."""

    def change(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
        from PIL import Image

        way = degrees if degrees % 90 == 0 else degrees * chance.choice((-1, 1))
        ground = chance.choice(((255, 255, 255), (0, 0, 0)))
        return p.rotate(way, Image.Resampling.BICUBIC, expand=True, fillcolor=ground)

    return change


def mirror(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
    from PIL import ImageOps

    return ImageOps.mirror(p)


def inverted(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
    from PIL import ImageOps

    return ImageOps.invert(p)


def grey(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
    return p.convert("L").convert("RGB")


def enhanced(kind: str, factor: float) -> Change:
    """Pillow's enhancement of this name: Brightness, Contrast, Color, Sharpness."""

    def change(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
        from PIL import ImageEnhance

        return getattr(ImageEnhance, kind)(p).enhance(factor)  # type: ignore[no-any-return]

    return change


def hue(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
    """All colours turned by a third of the circle or less."""
    from PIL import Image

    bands = list(p.convert("HSV").split())
    shift = chance.randint(30, 85)
    bands[0] = bands[0].point(lambda value: (value + shift) % 256)
    return Image.merge("HSV", bands).convert("RGB")


def sepia(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
    from PIL import ImageOps

    return ImageOps.colorize(p.convert("L"), (40, 20, 5), (255, 240, 205))


def few_colours(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
    return p.quantize(16).convert("RGB")


def perspective(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
    """As photographed from the side: every corner moved by up to 12 % of the sides."""
    import cv2
    import numpy as np
    from PIL import Image

    box = np.array([(0, 0), (p.width, 0), (p.width, p.height), (0, p.height)], np.float32)
    inward = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)], np.float32)
    share = np.array([(chance.uniform(0, 0.12), chance.uniform(0, 0.12)) for _ in range(4)])
    moved = box + inward * share * p.size
    matrix = cv2.getPerspectiveTransform(box, moved.astype(np.float32))
    ground = chance.choice(((255, 255, 255), (60, 60, 60)))
    done = cv2.warpPerspective(np.asarray(p), matrix, p.size, borderValue=ground)
    return Image.fromarray(done)


def chain(*changes: Change) -> Change:
    """One change after the other."""

    def change(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
        for one in changes:
            p = one(p, chance, family)
        return p

    return change


EDITS = (
    Edit("jpeg 75", same, 75),
    Edit("jpeg 30", same, 30),
    Edit("jpeg 10", same, 10),
    Edit("half size", times(0.5, 0.5)),
    Edit("256 pixels", longest(256)),
    Edit("128 pixels", longest(128)),
    Edit("double size", times(2, 2)),
    Edit("squash 75 %", times(1, 0.75)),
    Edit("crop 90 %", crop(0.9)),
    Edit("crop 75 %", crop(0.75)),
    Edit("crop 50 %", crop(0.5)),
    Edit("crop 25 %", crop(0.25)),
    Edit("blur 2", blur(2)),
    Edit("blur 5", blur(5)),
    Edit("noise 25", noise(25)),
    Edit("text", drawing.text),
    Edit("tiled watermark", drawing.watermark),
    Edit("border 10 %", drawing.border(0.10)),
    Edit("border 25 %", drawing.border(0.25)),
    Edit("meme frame", drawing.meme),
    Edit("screenshot", drawing.screenshot),
    Edit("mirror", mirror),
    Edit("rotate 90", rotate(90)),
    Edit("rotate 180", rotate(180)),
    Edit("rotate 3", rotate(3)),
    Edit("rotate 15", rotate(15)),
    Edit("grey", grey),
    Edit("bright +50 %", enhanced("Brightness", 1.5)),
    Edit("dark -50 %", enhanced("Brightness", 0.5)),
    Edit("contrast +80 %", enhanced("Contrast", 1.8)),
    Edit("hue", hue),
    Edit("sepia", sepia),
    Edit("16 colours", few_colours),
    Edit("inverted", inverted),
    Edit("perspective", perspective),
    Edit("collage", drawing.collage),
    Edit(
        "crop 75 % + mirror + text + 512 px",
        chain(crop(0.75), mirror, drawing.text, longest(512)),
        40,
    ),
    Edit("inverted + crop 75 %", chain(inverted, crop(0.75))),
    Edit("grey + border + rotate 3", chain(grey, drawing.border(0.1), rotate(3))),
    Edit("screenshot + jpeg 30", drawing.screenshot, 30),
    Edit("meme + watermark + 480 px", chain(drawing.meme, drawing.watermark, longest(480)), 60),
)
