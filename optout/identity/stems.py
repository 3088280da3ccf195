"""A path → its stem: what of the file name, if need be of its folders, tells one picture apart."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from optout.identity.kinds import Stems
from optout.identity.memory import Memory
from optout.identity.rules import rules

_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[^\W\d_]{2,}")
_DATE = re.compile(r"(?:19|20)\d\d[-_]?(?:[01]\d)?[-_]?(?:[0-3]\d)?")
# A time or the options of a resizer: digits that say nothing.
_TIME = re.compile(r".*[,:=]|[1-9]0{4,}|\D{0,20}(?:19|20)\d\d[-_. ]?[01]\d[-_. ]?[0-3]\d[-_. t]")
# Beside others of its kind such a name is a number, not a size: 100, t150
_NUMBER = re.compile(r"[^wh\d]?\d+")
_LONGEST = 300  # longer names are no names
_FOLDERS = 6  # so many folders above the file are looked at


def stem_of(path: str) -> str | None:
    """The informative part of the path's file name, case-folded, without sizes; or None.

    >>> stem_of("/art/Red-Fox_2019-300x200.jpg"), stem_of("/DSC_0001.JPG")
    ('red-fox_2019', None)
    """
    stem = _stem(path.rpartition("/")[2])
    return stem if tells(stem) else None


def stem_with_folders(path: str, plain: bool = False) -> str | None:
    """As stem_of; a name that says too little is joined to the folders that say enough.

    Such a stem has a slash in it; it tells on its own domain only. `plain`: the name has no mark
    of size (names.py).

    >>> stem_with_folders("/data/image/486455321/xxl.jpg")
    '486455321/'
    >>> stem_with_folders("/gallery/54a8ab7cb6dfd/thumbs/3.jpg")
    '54a8ab7cb6dfd/3'
    """
    head, _, name = path.rpartition("/")
    stem = name.lower().rpartition(".")[0] if plain else _stem(name)
    return stem if _TELLS[stem] else _joined(head.split("/")[-_FOLDERS:], stem)


def _joined(folders: list[str], stem: str) -> str | None:
    table = rules().stems
    kept = [stem] if _NUMBER.fullmatch(stem) or not _SAYS_NOTHING[stem] else []
    digits = _digits(stem) if kept else 0
    for folder in reversed(folders):
        part = _FOLDER[folder]
        if part.says_nothing:
            continue
        kept.append(part.stem)
        digits += part.digits
        if part.names_a_record or digits >= table.shortest:
            return "/".join(reversed(kept)) if len(kept) > 1 else f"{part.stem}/"
        if len(kept) > table.folders:
            break
    return None


class _Part(NamedTuple):
    """A folder as a part of a stem."""

    stem: str
    says_nothing: bool  # but "picture" or a size
    names_a_record: bool
    digits: int


def _folder(name: str) -> _Part:
    stem = _bare(_plain(name))
    record = tells(stem) or (stem.isdigit() and len(stem) >= _RECORD)
    date = _DATE.fullmatch(stem) is not None
    return _Part(stem, _SAYS_NOTHING[stem], record and not date, _digits(stem))


def _digits(part: str) -> int:
    """How many digits `part` has if it is a number, but no year."""
    return len(part) if part.isdigit() and not _DATE.fullmatch(part) else 0


_FOLDER = Memory(_folder)
_RECORD = 5  # a folder of so many digits is the number of a record


def _stem(name: str) -> str:
    return _bare(_without_extension(_plain(name)))


def _plain(name: str) -> str:
    return (unquote(name) if "%" in name else name).casefold()[:_LONGEST]


def _without_extension(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    if not dot or not (1 < len(extension) < 6 and extension.isalpha()):
        return name
    before, dot, inner = stem.rpartition(".")
    return before if dot and inner in ("jpg", "jpeg", "png", "gif") else stem


def _bare(name: str) -> str:
    """The name without the marks of size at its end and at its start."""
    table = rules().stems
    end = table.ends.search(name) if _may_end(name, table) else None
    if end:
        name = name[: end.start()]
    start = table.starts.match(name)
    if start:
        name = name[start.end() :]
    letter = table.letter.search(name) if name[-1:] in "smlt" else None
    return (name[:-1] if letter else name).strip(" ._-")


def _may_end(name: str, table: Stems) -> bool:
    if "x" in name or "*" in name:
        return bool(table.inner.search(name) or rules().last.match(name))
    return rules().last.match(name) is not None


def _says_nothing(part: str) -> bool:
    found = rules()
    return (
        not part
        or bool(found.folders.pattern.match(part) or found.telling_folders.pattern.match(part))
        or bool(found.stems.content.fullmatch(part))
    )


def tells(stem: str) -> bool:
    """Whether `stem` (case-folded) says enough to know one picture by."""
    return _TELLS[stem]


def _tells(stem: str) -> bool:
    table = rules().stems
    if len(stem) < table.shortest:
        return len(stem) >= table.shortest_number and stem.isdigit() and not _DATE.fullmatch(stem)
    if table.low_information.fullmatch(stem):
        digits = sum(map(str.isdigit, stem))
        return digits >= table.longest_number and not _TIME.match(stem)
    if _DIGIT.search(stem):
        return True
    return len(stem) >= table.shortest_words and len(_WORD.findall(stem)) > 1


_SAYS_NOTHING = Memory(_says_nothing)
_TELLS = Memory(_tells)
