"""Captions in one buffer → those that may name an artist or carry a wanted text.

Each is brought into one plain form: without case and accents, single spaces between words. For
plain ASCII whole buffers are rewritten; what has other signs or entities is rewritten as text, a
batch at a time. The form is a sieve for `texts.folded` and `texts.normal`, which decide: captions
that are equal there are equal in plain form, but for those with signs of `_uneven`.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

from optout.matching.starts import SHORTEST, Starts, Text
from optout.matching.texts import Name, folded, normal, one_of, spaceless
from optout.matching.wanted import Wanted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Places = npt.NDArray[np.int64]

_SEPARATOR = "\x1e"  # between texts; no entity stands for it, and it is part of no word
_SPACE = ord(" ")
_SPECIAL = 1
_IOTA = "\u0345"  # the one accent that is a letter without case


def _plain_byte(byte: int) -> int:
    if byte >= 0x7F or byte == ord("&") or (byte < 0x20 and not chr(byte).isspace()):
        return _SPECIAL
    return ord(chr(byte).lower()) if chr(byte).isalnum() else _SPACE


# ASCII in plain form; what ASCII is not enough for is marked.
_PLAIN = bytes(map(_plain_byte, range(256)))


class Captions:
    """The table of what captions are sieved by."""

    def __init__(self, wanted: Wanted) -> None:
        self._texts = wanted.texts
        starts = {_plain(text).strip() for text in wanted.texts}
        starts |= {start for name in wanted.names for start in _starts(name)}
        self._every = any(len(start) < SHORTEST for start in starts)
        self._table = Starts(start for start in starts if len(start) >= SHORTEST)

    def rows(self, captions: pa.StringArray) -> Places:
        """The numbers of the captions that may tie; null and empty ones never do."""
        import numpy as np
        import pyarrow as pa

        if self._every:
            return np.arange(len(captions))
        text = Text.of(captions)
        plain = np.frombuffer(bytearray(text.bytes).translate(_PLAIN), np.uint8)
        marked = np.flatnonzero(plain == _SPECIAL)
        plain[marked] = _SPACE
        special = _special(text, marked)
        found = [self._table.texts(_single_spaced(plain, text.offsets, ascii_only=True))]
        if len(special):
            written = captions.take(pa.array(special))
            found.append(special[list(self._among(written))])
        return np.unique(np.concatenate(found))

    def _among(self, written: pa.StringArray) -> Iterator[int]:
        """Places of the captions that may tie, all looked at as one text."""
        import numpy as np

        one = html.unescape(_one(written))
        data = np.frombuffer(_spaced(folded(one)), np.uint8)
        ends = np.flatnonzero(data == ord(_SEPARATOR)) + 1
        offsets = np.concatenate([[0], ends, [len(data)]])
        found = set(self._table.texts(_single_spaced(data, offsets)).tolist())
        uneven = _uneven(one) if self._texts else None
        if uneven:
            texts = enumerate(one.split(_SEPARATOR))
            near = (n for n, text in texts if uneven.search(text))
            found.update(n for n in near if normal(written[n].as_py()) in self._texts)
        yield from sorted(found)


def _starts(name: Name) -> Iterator[bytes]:
    """How captions in plain form go on where the name stands: signs may have a space between."""
    gaps = [
        ("", " ") if spaceless(a[-1]) and spaceless(b[0]) else (" ",)
        for a, b in pairwise(name.words)
    ]
    for between in product(*gaps):
        words = zip(name.words, (*between, ""), strict=True)
        yield _plain("".join(word + space for word, space in words)).strip()


def _one(written: pa.StringArray) -> str:
    """All texts as one, with separators between them and nowhere else."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = pa.ListArray.from_arrays(pa.array([0, len(written)], pa.int32()), written)
    one: str = pc.binary_join(array, _SEPARATOR)[0].as_py()
    if one.count(_SEPARATOR) == len(written) - 1:
        return one
    return _SEPARATOR.join(text.replace(_SEPARATOR, " ") for text in written.to_pylist())


def _plain(text: str) -> bytes:
    return re.sub(b" +", b" ", _spaced(folded(text)))


_ASCII_SPACED = bytes(
    _SPACE if b < 0x80 and not chr(b).isalnum() and chr(b) != _SEPARATOR else b for b in range(256)
)


def _spaced(text: str) -> bytes:
    """With a space for every sign that is part of no word."""
    others = [sign for sign in set(text) if not sign.isalnum() and not sign.isascii()]
    if others:
        text = one_of(others).sub(" ", text)
    return text.encode("utf-8", "replace").translate(_ASCII_SPACED)


def _uneven(text: str) -> re.Pattern[str] | None:
    """Signs of `text` that the normal form loses and the plain form does not, or the reverse."""
    signs = [sign for sign in set(text) if _is_uneven(sign)]
    return one_of(signs) if signs else None


def _is_uneven(sign: str) -> bool:
    vanishes = not sign.isprintable() and not sign.isspace()
    return vanishes or _IOTA in unicodedata.normalize("NFD", sign)


def _special(text: Text, marked: Places) -> Places:
    """Of the captions with marked signs those that must be looked at as text."""

    after = text.bytes_at(marked + 1)
    entity = (after == ord("#")) | ((after | 0x20) - ord("a") < 26)
    return text.numbers(marked[(text.bytes_at(marked) != ord("&")) | entity])


def _single_spaced(data: Any, offsets: Any, ascii_only: bool = False) -> Text:
    """Texts (bytes, and where each begins) without a space after a space."""
    import numpy as np

    space = data == _SPACE
    second = np.flatnonzero(space[1:] & space[:-1]) + 1
    kept = np.delete(data, second)
    places = offsets - np.searchsorted(second, offsets)
    return Text(kept, places, np.flatnonzero(kept == _SPACE) + 1 if ascii_only else None)
