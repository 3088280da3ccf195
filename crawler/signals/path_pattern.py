"""A path pattern as robots.txt writes it → does it cover a target? (RFC 9309, 2.2.2 and 2.2.3.)

TDM reservation files and Content-Usage rules use the same language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# What is compared otherwise than written: escapes, and octets that no address may hold. "*" and
# "$" mean something in a pattern, so as octets of an address they are compared encoded.
_SPECIAL = re.compile(rb"%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~:/?#\[\]@!&'()+,;=%]")
_PLAIN = re.compile(rb"[A-Za-z0-9\-._~:/?#\[\]@!&'()+,;=]*").fullmatch
_ESCAPED = re.compile(rb"%[0-9A-Fa-f]{2}|[\x80-\xff]")
_UNRESERVED = re.compile(rb"[A-Za-z0-9\-._~]")
_WILDCARDS = re.compile(rb"\*+")  # a run of them is one


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A pattern taken apart, ready to match."""

    pieces: tuple[bytes, ...]  # normalised, between the wildcards
    anchored: bool  # ends in "$"
    octets: int  # its length: the longest match is the most specific

    @property
    def is_prefix(self) -> bool:
        """Whether it covers all that begins with its only piece."""
        return len(self.pieces) == 1 and not self.anchored

    @property
    def covered(self) -> tuple[tuple[bytes, ...], bool]:
        """The same for patterns that differ in needless wildcards: "/", "/*", "*" and "/*$".

        >>> path_pattern(b"/a*$").covered == path_pattern(b"/a").covered  # type: ignore[union-attr]
        True
        """
        pieces, anchored = self.pieces, self.anchored
        while len(pieces) > 1 and not pieces[-1]:
            pieces, anchored = pieces[:-1], False
        # Every target begins with a slash.
        return (
            ((b"/",), False)
            if pieces in ((b"",), (b"", b"/")) and not anchored
            else (pieces, anchored)
        )

    def covers(self, target: bytes) -> bool:
        """Whether it matches `target`, a normalised path and query. Takes linear time."""
        first, last = self.pieces[0], self.pieces[-1]
        if not target.startswith(first):
            return False
        if len(self.pieces) == 1:
            return not self.anchored or target == first
        if not self.anchored:
            return _occur(target, self.pieces[1:], len(first), len(target))
        end = len(target) - len(last)
        return target.endswith(last) and _occur(target, self.pieces[1:-1], len(first), end)


def path_pattern(
    octets: bytes, *, decode: bool = True, merge_stars: bool = True
) -> PathPattern | None:
    """Take a pattern apart; None where it can cover nothing (it must begin with "/" or "*").

    `decode`: escapes of unreserved characters are undone, as the RFC wants it. `merge_stars`:
    a run of wildcards counts as one octet.
    """
    if not octets.startswith((b"/", b"*")):
        return None
    anchored = octets.endswith(b"$")
    body = octets[:-1] if anchored else octets
    form = normalised if decode else escaped
    pieces = tuple(form(piece) for piece in _WILDCARDS.split(body))
    stars = len(pieces) - 1 if merge_stars else body.count(b"*")
    return PathPattern(pieces, anchored, sum(map(len, pieces)) + stars + anchored)


def target_octets(target: str, *, decode: bool = True) -> bytes:
    """Path, "?" and query of an address in the form that `PathPattern.covers` takes."""
    octets = target.encode("utf-8", "surrogatepass")
    if not octets.startswith(b"/"):
        octets = b"/" + octets
    return normalised(octets) if decode else octets


def normalised(octets: bytes) -> bytes:
    """Escapes of unreserved characters undone, every other unusual octet escaped.

    >>> normalised("/%62%2f/\u30c4".encode())
    b'/b%2F/%E3%83%84'
    """
    return octets if _PLAIN(octets) else _SPECIAL.sub(_special, octets)


def escaped(octets: bytes) -> bytes:
    """Octets beyond ASCII escaped, escapes in upper case, nothing decoded.

    >>> escaped("/%62%2f/\u30c4".encode())
    b'/%62%2F/%E3%83%84'
    """
    return _ESCAPED.sub(_upper, octets)


def _special(found: re.Match[bytes]) -> bytes:
    octets = found.group()
    if len(octets) == 1:
        return b"%%%02X" % octets[0]
    character = bytes([int(octets[1:], 16)])
    return character if _UNRESERVED.fullmatch(character) else octets.upper()


def _upper(found: re.Match[bytes]) -> bytes:
    octets = found.group()
    return b"%%%02X" % octets[0] if len(octets) == 1 else octets.upper()


def _occur(target: bytes, pieces: tuple[bytes, ...], start: int, end: int) -> bool:
    """Whether the pieces occur in order within target[start:end].

    The leftmost place of each leaves the most room for the next, so nothing is tried twice.
    """
    for piece in pieces:
        start = target.find(piece, start, end)
        if start < 0:
            return False
        start += len(piece)
    return start <= end
