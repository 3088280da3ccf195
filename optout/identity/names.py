"""A file name → the same without what says only size at its end or its start."""

from __future__ import annotations

import re

from optout.identity.kinds import Marks
from optout.identity.memory import Memory
from optout.identity.rules import rules
from optout.identity.stems import tells

# Extensions of pictures.
PICTURES = frozenset(
    ("jpg", "jpeg", "jfif", "png", "gif", "webp", "avif", "bmp", "tif", "tiff", "jxl", "heic")
)
_LONGEST = 256  # letters of a name that may be plain


def is_plain(name: str, lower: str) -> bool:
    """Whether `name`, a picture's, has no mark of size, neither for a key nor for a stem.

    `lower` is the name in lower case. Of other names some are plain too: a quick "yes" for most.
    """
    stem, _, extension = lower.rpartition(".")
    if (
        extension not in PICTURES
        or not name.endswith(extension)
        or not stem.replace("-", "").replace("_", "").isalnum()
        or len(stem) > _LONGEST
        or _MAY_BEGIN[stem.partition("-")[0].partition("_")[0]]
    ):
        return False
    end = _MAY_END[stem.rpartition("-")[2].rpartition("_")[2]]
    if end and (end == _SURELY or rules().last.match(stem)):
        return False
    return "x" not in stem or rules().stems.inner.search(stem) is None


def _may_begin(piece: str) -> bool:
    """Whether `piece`, all before the first sign, may be a mark of size or begin one."""
    return not piece or rules().first_piece.fullmatch(piece) is not None


def _may_end(piece: str) -> int:
    """Whether `piece`, all after the last sign, may be a mark of size or end one."""
    if not piece or rules().stems.letter.search(piece):
        return _SURELY
    return _MAYBE if rules().last_piece.fullmatch(piece) else 0


_MAYBE, _SURELY = 1, 2
_MAY_BEGIN = Memory(_may_begin)
_MAY_END = Memory(_may_end)


def without_marks(name: str, names: list[str]) -> str:
    """The file name, its extension in lower case, without marks of size before it."""
    stem, dot, extension = name.rpartition(".")
    lower = extension.lower()
    if lower != extension:
        names.append("extension-case")
        name = f"{stem}{dot}{lower}"
    shorter = _bare(stem, names)
    return name if shorter == stem else f"{shorter}{dot}{lower}"


def _bare(stem: str, names: list[str]) -> str:
    table = rules()
    lower = stem.lower()
    ends, starts = table.last.match(lower), table.any_start.match(lower)
    if ends:
        stem = _cut(stem, table.ends.pattern.search(lower), table.ends, False, names)
    if starts:
        stem = _cut(stem, table.starts.pattern.match(stem.lower()), table.starts, False, names)
    if ends:
        found = table.telling_ends.pattern.search(stem.lower())
        stem = _cut(stem, found, table.telling_ends, True, names)
    if starts:
        found = table.telling_starts.pattern.match(stem.lower())
        stem = _cut(stem, found, table.telling_starts, True, names)
    return stem


def _cut(
    stem: str, found: re.Match[str] | None, marks: Marks, telling: bool, names: list[str]
) -> str:
    """`stem` without the mark `found`, unless too little is left."""
    if not found:
        return stem
    rest = stem[: found.start()] + stem[found.end() :]
    if not rest.strip("-_. ") or (telling and not tells(rest.casefold())):
        return stem
    names.append(marks.name(found))
    return rest
