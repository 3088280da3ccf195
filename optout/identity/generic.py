"""An address → the same without what says only size or format, by rules that hold on any host."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from optout.identity.kinds import Marks, Parameters
from optout.identity.lossless import Address
from optout.identity.rules import rules
from optout.identity.stems import tells

_EXTENSIONS = frozenset(
    ("jpg", "jpeg", "jfif", "png", "gif", "webp", "avif", "bmp", "tif", "tiff", "jxl", "heic")
)
# A picture's name that something is appended to: fox.jpg!thumb, fox.jpg/300x200
_APPENDED = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)[^A-Za-z0-9]", re.I)
_SCRIPT = re.compile(
    r"\.(?:php\d?|aspx?|ashx|axd|jsp|cgi|pl|fcgi|do|cfm|html?|ms|cms)(?:/|$)", re.I
)
_NAMELESS = re.compile(r"/(?:\.\w+)?$")
_ROUNDS = 4  # what one rule leaves may be for another; more rounds are not seen


def without_sizes(address: Address) -> tuple[Address, list[str]]:
    """`address` as any size or format of its picture would be written; the names of the rules."""
    host, port, path, query = address
    names: list[str] = []
    appended = bool(_APPENDED.search(path))
    picture = appended or path.rpartition(".")[2].lower() in _EXTENSIONS
    script = not picture and bool(_SCRIPT.search(path))
    if not script:
        for _ in range(_ROUNDS):
            shorter = _shorter(path, picture, appended, names)
            if shorter == path:
                break
            path = shorter
    if query:
        kept = _kept_query(query, path, picture, script)
        if kept != query:
            query = kept
            names.append("parameters")
    return Address(host, port, path, query), list(dict.fromkeys(names)) if names else names


def _shorter(path: str, picture: bool, appended: bool, names: list[str]) -> str:
    if not picture:
        head, slash, name = path.rpartition("/")
        return f"{_folders(head, name, names, sure=False)}{slash}{name}"
    path = _rewritten(path, appended, names)
    head, slash, name = path.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    if not extension.islower():
        lower = extension.lower()
        if lower != extension:
            names.append("extension-case")
        extension = lower
    stem = _name(stem, names)
    return f"{_folders(head, stem, names, sure=True)}{slash}{stem}{dot}{extension}"


def _rewritten(path: str, appended: bool, names: list[str]) -> str:
    lower = path.lower()
    table = rules()
    near = {number for word, number in table.rewrite_words if word in lower}
    for folder in lower.split("/"):
        if folder in table.rewrite_folders:
            near |= table.rewrite_folders[folder]
    if appended:
        near |= table.rewrites_appended
    for number in sorted(near) if near else ():
        rewrite = table.rewrites[number]
        if rewrite.when is None or rewrite.when.search(path):
            shorter = rewrite.pattern.sub(rewrite.to, path)
            # A name that is nothing but a size is the picture's name.
            if shorter != path and not _NAMELESS.search(shorter):
                path = shorter
                names.append(rewrite.name)
    return path


def _name(stem: str, names: list[str]) -> str:
    """The file name without marks of size at its end and its start."""
    table = rules()
    lower = stem.lower()
    if not table.any_end.search(lower) and not table.any_start.match(lower):
        return stem
    for marks, telling, start in (
        (table.ends, False, False),
        (table.starts, False, True),
        (table.telling_ends, True, False),
        (table.telling_starts, True, True),
    ):
        found = marks.pattern.match(lower) if start else marks.pattern.search(lower)
        if found:
            stem = _cut(stem, found, marks, telling, names)
            lower = stem.lower()
    return stem


def _cut(stem: str, found: re.Match[str], marks: Marks, telling: bool, names: list[str]) -> str:
    rest = stem[: found.start()] + stem[found.end() :]
    if not rest.strip("-_. ") or (telling and not tells(rest.casefold())):
        return stem
    names.append(marks.name(found))
    return rest


def _folders(head: str, stem: str, names: list[str], sure: bool) -> str:
    """`head` without the folders that say only size; of unsure paths, beside telling names only."""
    folders = head.split("/")
    sizes = [_size_folder(folder) for folder in folders]
    if not any(sizes):
        return head
    telling = tells(stem.casefold())
    kept = []
    for folder, size in zip(folders, sizes, strict=True):
        if size and (telling or (sure and not size.telling)):
            names.append(size.name)
        else:
            kept.append(folder)
    return "/".join(kept)


class _Size(NamedTuple):
    name: str  # of the rule
    telling: bool  # counts beside telling file names only


@lru_cache(maxsize=65536)
def _size_folder(folder: str) -> _Size | None:
    """The rule by which a folder says only size."""
    table = rules()
    for marks, telling in ((table.folders, False), (table.telling_folders, True)):
        found = marks.pattern.match(folder) if folder else None
        if found:
            return _Size(marks.name(found), telling)
    return None


def _kept_query(query: str, path: str, picture: bool, script: bool) -> str:
    table = rules().parameters
    parts = [part for part in query.split("&") if part]
    name = path.rpartition("/")[2]
    if picture or (not script and tells(name.casefold())):
        return "&".join(part for part in parts if not _dropped(part, table))
    kept = [part for part in parts if not _size_only(part, table)]
    return "&".join(kept if kept else parts)


def _dropped(part: str, table: Parameters) -> bool:
    name, equals, _ = part.partition("=")
    name = name.lower()
    if not equals and table.bare.fullmatch(name):
        return True
    return name in table.dropped or name.startswith(table.prefixes)


def _size_only(part: str, table: Parameters) -> bool:
    name, _, value = part.partition("=")
    return name.lower() in table.sizes and bool(table.size.fullmatch(value))
