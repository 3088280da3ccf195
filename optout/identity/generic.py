"""An address → the same without what says only size or format, by rules that hold on any host."""

from __future__ import annotations

import re

from optout.identity.concerns import (
    APPENDED,
    NAME,
    REWRITE,
    SIZE,
    appending,
    concerns,
    of_name,
    rewrites,
    size_of,
)
from optout.identity.kinds import Parameters
from optout.identity.lossless import Address
from optout.identity.names import PICTURES, without_marks
from optout.identity.rules import rules
from optout.identity.stems import tells

_SCRIPT = re.compile(
    r"\.(?:php\d?|aspx?|ashx|axd|jsp|cgi|pl|fcgi|do|cfm|html?|ms|cms)(?:/|$)", re.I
)
_NAMELESS = re.compile(r"/(?:\.\w+)?$")
_ROUNDS = 4  # what one rule leaves may be for another; more rounds are not seen


def without_sizes(address: Address, kinds: int) -> tuple[Address, int, list[str]]:
    """`address` as any size or format of its picture would be written, what concerns its path, and
    the names of the rules.

    `kinds` is what concerns the path as it is.
    """
    host, port, path, query = address
    names: list[str] = []
    if not kinds & NAME:
        picture, script = True, False
        if kinds & (REWRITE | APPENDED | SIZE):
            path, kinds = _of_picture(path, kinds, names)
    elif kinds & APPENDED or path.rpartition(".")[2].lower() in PICTURES:
        picture, script = True, False
        path, kinds = _of_picture(path, kinds, names)
    else:
        picture, script = False, bool(_SCRIPT.search(path))
        if kinds & SIZE and not script:
            path = _of_other(path, names)
    if query:
        kept = _kept_query(query, path, picture, script)
        if kept != query:
            query = kept
            names.append("parameters")
    if not names:
        return address, kinds, names
    if len(names) > 1:
        names = list(dict.fromkeys(names))
    return Address(host, port, path, query), kinds, names


def _of_picture(path: str, kinds: int, names: list[str]) -> tuple[str, int]:
    """A path that ends in the name of a picture, maybe with something appended to it."""
    # What only now looks appended was not.
    never = 0 if kinds & APPENDED else appending()
    fresh = True
    for _ in range(_ROUNDS):
        before = path
        if kinds & REWRITE:
            path = _rewritten(path, kinds, fresh, names)
            if path is not before:
                kinds = concerns(path) & ~never
        head, slash, name = path.rpartition("/")
        shorter = name
        if kinds & NAME:
            shorter = without_marks(name, names)
            if shorter != name:
                kinds = kinds & ~NAME | of_name(shorter) & ~never
        if kinds & SIZE:
            head = _folders(head, shorter.rpartition(".")[0], names, sure=True)
        path = f"{head}{slash}{shorter}"
        # Of the folders, all that say only size are gone now.
        if path == before or not kinds & (NAME | REWRITE):
            break
        fresh = False
    return path, kinds


def _of_other(path: str, names: list[str]) -> str:
    for _ in range(_ROUNDS):
        head, slash, name = path.rpartition("/")
        shorter = f"{_folders(head, name, names, sure=False)}{slash}{name}"
        if shorter == path:
            break
        path = shorter
    return path


def _rewritten(path: str, kinds: int, fresh: bool, names: list[str]) -> str:
    """`path` after all rewrites that are asked for it; `fresh`: `kinds` is of just this path."""
    table = rules().rewrites
    lower, marked = path.lower(), kinds & NAME
    for number in rewrites(kinds):
        rewrite = table[number]
        if rewrite.marks and not marked:
            continue
        if not (rewrite.exact and fresh) and not rewrite.needed(lower):
            continue
        shorter = rewrite.pattern.sub(rewrite.to, path)
        if shorter == path or (rewrite.when and not rewrite.when.search(path)):
            continue
        # A name that is nothing but a size is the picture's name.
        if not _NAMELESS.search(shorter):
            path, marked = shorter, NAME
            names.append(rewrite.name)
    return path


def _folders(head: str, stem: str, names: list[str], sure: bool) -> str:
    """`head` without the folders that say only size; of unsure paths, beside telling names only."""
    folders = head.split("/")
    sizes = [size_of(folder) for folder in folders]
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
