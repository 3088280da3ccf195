"""TIFF bytes → the same with another XMP field (tag 700, XMP part 3, 1.1.4).

The packet and a new first directory are put behind what is there, so no offset changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optout.protect.tagging.jpeg import CREDENTIALS
from optout.protect.tagging.values import FileProblem

_XMP, _C2PA = 700, 52545
_BYTE = 1
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}


@dataclass(frozen=True, slots=True)
class _Form:
    """TIFF or BigTIFF: how wide its numbers are, and in which order."""

    order: str
    word: int  # bytes of an offset
    count: int  # bytes of a directory's number of entries
    first: int  # where the offset of the first directory stands

    @property
    def entry(self) -> int:
        return 4 + 2 * self.word

    def number(self, data: bytes, place: int, size: int) -> int:
        if place + size > len(data):
            raise FileProblem("it is cut short")
        return int.from_bytes(data[place : place + size], self.order)  # type: ignore[arg-type]

    def octets(self, number: int, size: int) -> bytes:
        try:
            return number.to_bytes(size, self.order)  # type: ignore[arg-type]
        except OverflowError:
            raise FileProblem("it is too large for its form of TIFF") from None


def rewrite(data: bytes, change: Callable[[bytes | None], bytes]) -> bytes:
    """Give the first picture's directory a field 700 with `change(present packet)`."""
    form = _form(data)
    start = form.number(data, form.first, form.word)
    count = form.number(data, start, form.count)
    begin = start + form.count
    end = begin + count * form.entry
    following = form.number(data, end, form.word)
    entries = [data[at : at + form.entry] for at in range(begin, end, form.entry)]
    tags = [form.number(entry, 0, 2) for entry in entries]
    if _C2PA in tags:
        raise FileProblem(CREDENTIALS)
    old = entries[tags.index(_XMP)] if _XMP in tags else None
    packet = change(_value(data, old, form) if old else None)
    if old:
        data = _cleared(data, old, form)
    kept = [entry for entry, tag in zip(entries, tags, strict=True) if tag != _XMP]
    body = data + b"\0" * (len(data) % 2)
    place = len(body)
    body += packet + b"\0" * (len(packet) % 2)
    field = form.octets(_XMP, 2) + form.octets(_BYTE, 2)
    field += form.octets(len(packet), form.word) + form.octets(place, form.word)
    fields = sorted([*kept, field], key=lambda entry: form.number(entry, 0, 2))
    directory = form.octets(len(fields), form.count) + b"".join(fields)
    directory += form.octets(following, form.word)
    head = data[: form.first] + form.octets(len(body), form.word)
    return head + body[len(head) :] + directory


def _form(data: bytes) -> _Form:
    order = "little" if data[:2] == b"II" else "big"
    big = data[2:4] in (b"+\0", b"\0+")
    return _Form(order, 8, 8, 8) if big else _Form(order, 4, 2, 4)


def _value(data: bytes, entry: bytes, form: _Form) -> bytes:
    place, size = _extent(data, entry, form)
    return data[place : place + size] if place else entry[4 + form.word :][:size]


def _extent(data: bytes, entry: bytes, form: _Form) -> tuple[int, int]:
    """Where a field's value lies and how long it is; at 0 where the entry itself holds it."""
    kind, count = form.number(entry, 2, 2), form.number(entry, 4, form.word)
    size = _SIZES.get(kind, 1) * count
    place = form.number(entry, 4 + form.word, form.word) if size > form.word else 0
    if place + size > len(data):
        raise FileProblem("it is cut short")
    return place, size


def _cleared(data: bytes, entry: bytes, form: _Form) -> bytes:
    """Without the old packet, so that no program that searches the bytes finds what it said."""
    place, size = _extent(data, entry, form)
    return data[:place] + b"\0" * size + data[place + size :] if place else data
