"""Letters, frames and screens around a picture, in two families that share no font and no layout.

Family 0 writes with the outline font that Pillow carries and frames in light colours; family 1
with Pillow's bitmap font, enlarged, and in dark ones.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

WORDS = (
    "when the deadline was yesterday",
    "nobody asked",
    "Monday again",
    "look at this",
    "my plans for the weekend",
    "free shipping",
    "follow for more",
    "sample copy",
    "just one more page",
    "wait for it",
    "it was like this when I came",
    "limited offer",
)
PAPER = (
    ((255, 255, 255), (244, 246, 248), (30, 30, 34)),
    ((24, 26, 32), (40, 44, 52), (230, 230, 226)),
)


def phrase(chance: random.Random, words: int = 1) -> str:
    return " · ".join(chance.sample(WORDS, words))


def written(text: str, height: int, family: int, colour: tuple[int, int, int]) -> Image.Image:
    """The text alone, on nothing, its line `height` pixels high."""
    from PIL import Image, ImageDraw, ImageFont

    height = max(6, height)
    font = ImageFont.load_default(height) if family == 0 else ImageFont.load_default_imagefont()
    left, top, right, bottom = (round(n) for n in font.getbbox(text))
    sheet = Image.new("RGBA", (max(1, right - left) + 4, max(1, bottom - top) + 4), (*colour, 0))
    ImageDraw.Draw(sheet).text((2 - left, 2 - top), text, fill=(*colour, 255), font=font)
    if family:
        k = height / sheet.height
        sheet = sheet.resize((max(1, round(sheet.width * k)), height), Image.Resampling.BILINEAR)
    return sheet


def _fitted(
    text: str, width: int, height: int, family: int, colour: tuple[int, int, int]
) -> Image.Image:
    """Written so that it fits into this box; cut where even small letters do not."""
    width = max(1, width)
    sheet = written(text, height, family, colour)
    if sheet.width > width:
        sheet = written(text, max(6, int(height * width / sheet.width)), family, colour)
    return sheet.crop((0, 0, min(width, sheet.width), sheet.height))


def text(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
    """Two lines of large letters with a shadow over the picture."""
    done = p.copy()
    ink = chance.choice(((255, 255, 255), (255, 230, 0), (230, 20, 40)))
    for low, high in ((0.05, 0.3), (0.6, 0.8)):
        height = round(p.height * chance.uniform(0.08, 0.14))
        line = phrase(chance).upper() if family == 0 else phrase(chance)
        sheet = _fitted(line, round(p.width * 0.95), height, family, ink)
        shadow = _fitted(line, round(p.width * 0.95), height, family, (0, 0, 0))
        x = (p.width - sheet.width) // 2
        y = round(p.height * chance.uniform(low, high))
        edge = max(1, height // 16)
        for dx, dy in ((-edge, 0), (edge, 0), (0, -edge), (0, edge)):
            done.paste(shadow, (x + dx, y + dy), shadow)
        done.paste(sheet, (x, y), sheet)
    return done


def watermark(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
    """A word at a slant, half transparent, over the whole picture."""
    from PIL import Image

    height = round(max(p.size) * chance.uniform(0.03, 0.05))
    word = written(phrase(chance), height, family, (255, 255, 255) if family == 0 else (20, 20, 20))
    word.putalpha(word.getchannel("A").point(lambda value: value * 45 // 100))
    diagonal = round((p.width**2 + p.height**2) ** 0.5)
    layer = Image.new("RGBA", (diagonal, diagonal), (0, 0, 0, 0))
    for row, y in enumerate(range(0, diagonal, height * 3)):
        start = -(row % 2) * word.width // 2
        for x in range(start, diagonal, word.width + height * 2):
            layer.paste(word, (x, y))
    layer = layer.rotate(30 if family == 0 else -45, Image.Resampling.BILINEAR)
    left, top = (diagonal - p.width) // 2, (diagonal - p.height) // 2
    cut = layer.crop((left, top, left + p.width, top + p.height))
    done = p.copy()
    done.paste(cut, (0, 0), cut)
    return done


def border(share: float) -> Callable[[Image.Image, random.Random, int], Image.Image]:
    """A plain border, this share of the sides wide on each side."""

    def change(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
        from PIL import Image

        x, y = round(p.width * share), round(p.height * share)
        colours = ((255, 255, 255), (250, 245, 230)) if family == 0 else ((0, 0, 0), (40, 60, 90))
        sheet = Image.new("RGB", (p.width + 2 * x, p.height + 2 * y), chance.choice(colours))
        sheet.paste(p, (x, y))
        return sheet

    return change


def meme(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
    """Bands with large letters above and below; family 1 has one band and a thick line."""
    from PIL import Image

    ground, _, ink = PAPER[family]
    top = round(p.height * chance.uniform(0.18, 0.32))
    bottom = round(p.height * chance.uniform(0.18, 0.32)) if family == 0 else round(p.height * 0.04)
    side = round(p.width * 0.04) if family else 0
    sheet = Image.new("RGB", (p.width + 2 * side, p.height + top + bottom), ground)
    sheet.paste(p, (side, top))
    for start, height in ((0, top), (top + p.height, bottom)):
        if height > top / 2:
            for line in range(2):
                words = _fitted(phrase(chance), sheet.width - 20, round(height * 0.36), family, ink)
                x = (sheet.width - words.width) // 2 if family == 0 else 8
                sheet.paste(words, (x, start + round(height * (0.08 + 0.46 * line))), words)
    return sheet


def screenshot(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
    """The picture in a web page in a browser (0) or in a post on a telephone (1)."""
    from PIL import Image

    ground, panel, ink = PAPER[family]
    width, height = ((1366, 768), (780, 1560))[family]
    screen = Image.new("RGB", (width, height), ground)
    bar = round(height * (0.11 if family == 0 else 0.07))
    screen.paste(Image.new("RGB", (width, bar), panel), (0, 0))
    _lines(screen, chance, family, ink=ink, box=(12, 8, width - 24, bar - 16), count=2)
    room = chance.uniform(0.38, 0.58) * width if family == 0 else width * 0.94
    k = min(room / p.width, (height - bar) * (0.85 if family == 0 else 0.55) / p.height)
    shown = p.resize((max(32, round(p.width * k)), max(32, round(p.height * k))))
    left = round(width * chance.uniform(0.05, 0.3)) if family == 0 else (width - shown.width) // 2
    top = bar + round((height - bar - shown.height) * chance.uniform(0.1, 0.6))
    beside = (left + shown.width + 20, bar + 10, width - left - shown.width - 30, height - bar - 20)
    below = (20, top + shown.height + 16, width - 40, height - top - shown.height - 24)
    _lines(screen, chance, family, ink=ink, box=beside if family == 0 else below, count=14)
    screen.paste(shown, (left, top))
    return screen


def _lines(
    sheet: Image.Image,
    chance: random.Random,
    family: int,
    *,
    ink: tuple[int, int, int],
    box: tuple[int, int, int, int],
    count: int,
) -> None:
    """Lines of small text in a box (left, top, width, height), and a few plain buttons."""
    from PIL import Image

    left, top, width, height = box
    if width < 40 or height < 20:
        return
    step = max(14, height // count)
    for row in range(max(1, height // step)):
        y = top + row * step
        if chance.random() < 0.2:
            colour = tuple(chance.randint(30, 220) for _ in range(3))
            sheet.paste(Image.new("RGB", (min(width, 60), step // 2), colour), (left, y))
            continue
        words = _fitted(phrase(chance, 2), width, min(20, step - 4), family, ink)
        sheet.paste(words, (left, y), words)


def collage(p: Image.Image, chance: random.Random, family: int) -> Image.Image:
    """Half of the picture beside three invented ones."""
    from PIL import Image

    half = (p.width // 2, p.height) if family == 0 else (p.width, p.height // 2)
    left = chance.randint(0, p.width - half[0])
    top = chance.randint(0, p.height - half[1])
    part = p.crop((left, top, left + half[0], top + half[1]))
    k = 512 / max(part.size)
    part = part.resize((max(32, round(part.width * k)), max(32, round(part.height * k))))
    sheet = Image.new("RGB", (part.width * 2, part.height * 2), PAPER[family][0])
    places = [(x, y) for y in (0, part.height) for x in (0, part.width)]
    mine = chance.randrange(4)
    for number, place in enumerate(places):
        other = part if number == mine else _invented(part.size, chance)
        sheet.paste(other, place)
    return sheet


def _invented(size: tuple[int, int], chance: random.Random) -> Image.Image:
    """A picture of coloured shapes on a gradient, busy enough to have features."""
    from PIL import Image, ImageDraw

    colour = [tuple(chance.randint(0, 255) for _ in range(3)) for _ in range(40)]
    sheet = Image.new("RGB", size, colour[0])
    draw = ImageDraw.Draw(sheet)
    for ink in colour[1:]:
        x, y = chance.randint(0, size[0]), chance.randint(0, size[1])
        w, h = chance.randint(5, size[0] // 3 + 6), chance.randint(5, size[1] // 3 + 6)
        shape = chance.choice((draw.ellipse, draw.rectangle))
        shape((x, y, x + w, y + h), fill=ink)
    return sheet
