"""Pictures drawn by a seed: busy enough to have features, different enough to be told apart."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageDraw


def drawn(seed: int, width: int = 420, height: int = 320) -> Image.Image:
    chance = random.Random(seed)
    ink = lambda: tuple(chance.randint(0, 255) for _ in range(3))  # noqa: E731
    picture = Image.new("RGB", (width, height), ink())
    draw = ImageDraw.Draw(picture)
    for _ in range(90):
        x, y = chance.randint(-20, width), chance.randint(-20, height)
        w, h = chance.randint(6, 90), chance.randint(6, 90)
        kind = chance.randrange(3)
        if kind == 0:
            draw.ellipse((x, y, x + w, y + h), fill=ink(), outline=ink())
        elif kind == 1:
            draw.polygon([(x, y), (x + w, y + h // 3), (x + w // 2, y + h)], fill=ink())
        else:
            draw.line((x, y, x + w, y + h), fill=ink(), width=chance.randint(1, 7))
    return picture


def as_file(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()
