"""Bytes of a robots.txt → its lines, in blocks that are each addressed to the same crawlers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crawler.signals.robots_dialect import STRICT, Dialect

LIMIT = 500 * 2**10  # bytes that are read (RFC 9309, 2.5)
RULES = ("allow", "disallow")
_BOM = b"\xef\xbb\xbf"
_TOKEN = re.compile(rb"[A-Za-z_-]*")
_TWO_WORDS = re.compile(rb"([^ \t]+)[ \t]+([^ \t]+)")

# Number from 1, line as served, key, value. The key is "" for a comment or a line without a
# colon, lower-case otherwise. A tuple, since a scan reads millions of lines.
Record = tuple[int, bytes, str, bytes]


@dataclass(frozen=True, slots=True)
class Block:
    """Lines from one run of user-agent lines to the next; the first may have no such line."""

    agents: tuple[bytes, ...]  # values of its user-agent lines
    records: list[Record]  # all of its lines that are not blank


def blocks(body: bytes, dialect: Dialect = STRICT) -> Iterator[Block]:
    """Split at each user-agent line that follows a rule.

    Only allow and disallow end a run of user-agent lines (RFC 9309, 2.2).

    >>> body = b"User-agent: a\\nContent-Signal: x\\nUser-agent: b\\nDisallow: /\\nUser-agent: c"
    >>> [block.agents for block in blocks(body)]
    [(b'a', b'b'), (b'c',)]
    """
    agents: list[bytes] = []
    records: list[Record] = []
    has_rules = False
    for record in _records(body, dialect):
        key = record[2]
        if key == "user-agent":
            if records and (has_rules or not agents):
                yield Block(tuple(agents), records)
                agents, records, has_rules = [], [], False
            agents.append(record[3])
        elif key in RULES:
            has_rules = True
        records.append(record)
    yield Block(tuple(agents), records)


def names(agents: Iterable[bytes], dialect: Dialect = STRICT) -> dict[str, str]:
    """Product token, lower-case → value as written. A value without any token names nobody.

    >>> names([b"GPTBot/1.0", b"*", b"9bot"])
    {'gptbot': 'GPTBot/1.0', '*': '*'}
    """
    found: dict[str, str] = {}
    for value in agents:
        name = "*" if _means_everybody(value, dialect) else _token(value)
        if name:
            found.setdefault(name, value.decode("utf-8", "replace"))
    return found


def _means_everybody(value: bytes, dialect: Dialect) -> bool:
    return value == b"*" or (dialect.star_takes_text and value[:1] == b"*" and value[1:2].isspace())


def _token(value: bytes) -> str:
    found = _TOKEN.match(value)
    return found.group().decode().lower() if found else ""


def _records(body: bytes, dialect: Dialect) -> Iterator[Record]:
    keys: dict[bytes, str] = {}  # the same few stand on every line
    strict = dialect == STRICT
    for number, raw in enumerate(_without_bom(_cut(body)).splitlines(), 1):
        line = raw if strict else _part_read(raw, dialect)
        if b"#" in line:
            line = line[: line.index(b"#")]
        written, colon, value = line.partition(b":")
        if not colon:
            written, value = _two_words(line) if dialect.colon_optional else (b"", b"")
            if not written:
                if raw.strip():
                    yield number, raw, "", b""
                continue
        key = keys.get(written)
        if key is None:
            key = keys[written] = _key(written, dialect)
        yield number, raw, key, value.strip()


def _part_read(line: bytes, dialect: Dialect) -> bytes:
    if dialect.line_octets:
        line = line[: dialect.line_octets]
    return line.partition(b"\0")[0] if dialect.ends_line_at_nul else line


def _two_words(line: bytes) -> tuple[bytes, bytes]:
    found = _TWO_WORDS.fullmatch(line.strip())
    return (found[1], found[2]) if found else (b"", b"")


def _key(written: bytes, dialect: Dialect) -> str:
    key = written.strip().decode("utf-8", "replace").lower()
    return next((meaning for start, meaning in dialect.keys if key.startswith(start)), key)


def _cut(body: bytes) -> bytes:
    """At most LIMIT bytes, without a cut line: half a "Disallow: /private" is "Disallow: /"."""
    if len(body) <= LIMIT or body[LIMIT : LIMIT + 1] in (b"\r", b"\n"):
        return body[:LIMIT]
    kept = body[:LIMIT]
    return kept[: max(kept.rfind(b"\n"), kept.rfind(b"\r")) + 1]


def _without_bom(body: bytes) -> bytes:
    """Not in the RFC: editors write a byte order mark, some proxies lose a part of it."""
    for length in (3, 2, 1):
        if body.startswith(_BOM[:length]):
            return body[length:]
    return body
