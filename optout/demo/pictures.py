"""A list of names → the abstract pictures of the demo site, made once and shipped.

`python -m optout.demo.pictures FOLDER` makes them again, to look at. The shipped files stay:
another version of Pillow writes other bytes, and the data set names their md5.
"""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

# file below site/ → width, height. At least 5 kB each: smaller files were not taken into LAION.
PICTURES = {
    "www/wp-content/uploads/2019/10/lighthouse-in-october.jpg": (640, 480),
    "www/gallery/pictures/harbour-at-low-tide.jpg": (480, 360),
    "www/art/paper-boats.png": (120, 90),
    "www/art/seven-foxes.jpg": (640, 480),
    "www/art/seven-foxes-320x240.jpg": (320, 240),
    "www/art/night-tram-in-the-rain.jpg": (480, 320),
    "www/art/night-tram-in-the-rain.webp": (480, 320),
    "www/art/copper-kettle.jpg": (400, 400),
    "www/art/portrait-of-a-heron.jpg": (360, 480),
    "www/art/winter-timetable.jpg": (480, 360),
    "www/art/atlas-cover.jpg": (400, 520),
    "www/art/studio-window.jpg": (480, 360),
    "www/private/sketchbook.jpg": (320, 240),
    "cdn/works/the-glass-orchard.jpg": (640, 480),
    "cdn/works/salt-marsh-triptych.jpg": (640, 320),
    "cdn/works/beekeepers-sunday.jpg": (480, 480),
    "cdn/works/snow-geese-leaving.jpg": (560, 360),
    "cdn/works/old-mill-at-dusk.jpg": (480, 360),
    "cdn/works/thirteen-moons.jpg": (420, 420),
    "cdn/works/untitled.jpg": (400, 300),
}
# Sizes of one picture share its drawing: the name without its size is the seed.
_SAME = {"www/art/seven-foxes-320x240.jpg": "www/art/seven-foxes.jpg"}
_LARGE = 640  # pixels; drawings are laid out for this width


def picture(name: str, width: int, height: int) -> Image.Image:
    """An abstract picture: a slanted gradient, leaves and arcs, a little grain."""
    from PIL import Image, ImageDraw

    dice = random.Random(Path(_SAME.get(name, name)).stem)  # noqa: S311 – a drawing, not a secret
    scale = width / _LARGE
    image = Image.new("RGB", (width, height))
    _paint_ground(image, dice)
    canvas = ImageDraw.Draw(image, "RGBA")
    for _ in range(26):
        _leaf(canvas, dice, width, height, scale)
    for _ in range(9):
        x, y, r = dice.random() * width, dice.random() * height, (20 + 90 * dice.random()) * scale
        canvas.arc((x - r, y - r, x + r, y + r), 0, 360 * dice.random(), _colour(dice, 220), 3)
    return image


def make(folder: Path) -> None:
    """Write all pictures below `folder`."""
    for name, (width, height) in PICTURES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(name, width, height).save(path, quality=82)


def _paint_ground(image: Image.Image, dice: random.Random) -> None:
    top, bottom = _colour(dice), _colour(dice)
    slant = dice.random() - 0.5
    width, height = image.size
    pixels = []
    for y in range(height):
        for x in range(width):
            share = min(1.0, max(0.0, y / height + slant * x / width))
            grain = dice.random() * 10 - 5
            mixed = (a + (b - a) * share + grain for a, b in zip(top, bottom, strict=True))
            pixels.append(tuple(int(min(255, max(0, value))) for value in mixed))
    image.putdata(pixels)


def _leaf(canvas: object, dice: random.Random, width: int, height: int, scale: float) -> None:
    x, y, turn = dice.random() * width, dice.random() * height, dice.random() * math.tau
    long, thin = (30 + 120 * dice.random()) * scale, 0.2 + 0.5 * dice.random()
    points = []
    for step in range(12):
        angle = math.tau * step / 12
        u, v = long * math.cos(angle), long * thin * math.sin(angle)
        points.append(
            (
                x + u * math.cos(turn) - v * math.sin(turn),
                y + u * math.sin(turn) + v * math.cos(turn),
            )
        )
    canvas.polygon(points, fill=_colour(dice, 130))  # type: ignore[attr-defined]


def _colour(dice: random.Random, *alpha: int) -> tuple[int, ...]:
    return (*(int(30 + 210 * dice.random()) for _ in range(3)), *alpha)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
