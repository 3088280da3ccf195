"""Texts in one buffer + wanted beginnings → the texts with a word that begins so.

A sieve for any number of beginnings at once: it may name a text too many, never one too few. Of
every place where a word begins eight bytes are looked up in a table of bits, and only where those
fit the bytes that follow. What it costs grows with the texts, hardly with the beginnings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Bytes = npt.NDArray[np.uint8]
    Places = npt.NDArray[np.int64]
    Words = npt.NDArray[np.uint64]
    Bits = npt.NDArray[np.bool_]

# A beginning is cut to the largest of these lengths that it has; one shorter than a word of eight
# bytes costs a look-up more in every place.
_SHORT = (4, 5, 6, 7)
_LONG = (8, 10, 12, 16, 20, 24)
SHORTEST = _SHORT[0]
_PAD = b"\0" * 24

# What a byte is: a sign that may be odd in an address, none of a word, a letter or digit, the first
# byte of a sign beyond ASCII. Words begin where the number grows (so one too many at times).
_MARK, _NONE, _LETTER, _FIRST = range(4)


def _kind(byte: int) -> int:
    if byte >= 0xC0:
        return _FIRST
    if byte <= 0x20 or byte >= 0x7F or chr(byte) in "%;\\[":
        return _MARK
    return _LETTER if chr(byte).isalnum() else _NONE


_KINDS = bytes(map(_kind, range(256)))

_CASE = 0x2020202020202020  # letters that differ in case differ in this bit
_MIX = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)


class Starts:
    """A table of wanted beginnings, compared in ASCII without case."""

    def __init__(self, beginnings: Iterable[bytes]) -> None:
        """Each of SHORTEST bytes at least. Raises ValueError for a shorter one."""
        by_length: dict[int, set[bytes]] = {}
        for beginning in beginnings:
            if len(beginning) < SHORTEST:
                raise ValueError(f"{beginning!r} has fewer than {SHORTEST} bytes")
            length = max(n for n in (*_SHORT, *_LONG) if n <= len(beginning))
            by_length.setdefault(length, set()).add(beginning[:length])
        self._short = {n: _bits(_numbers(found, n)[0]) for n, found in by_length.items() if n < 8}
        longer = {n: found for n, found in by_length.items() if n >= 8}
        self._first = _bits(_numbers({one[:8] for found in longer.values() for one in found}, 8)[0])
        self._whole = {n: _exact(found, n) for n, found in longer.items()}

    def __bool__(self) -> bool:
        return bool(self._short or self._whole)

    def texts(self, text: Text) -> Places:
        """Numbers of the texts in which one of the beginnings stands, each once, in order."""
        import numpy as np

        if not self:
            return np.empty(0, np.int64)
        places = text.word_starts()
        words = text.words_at(places)
        found = [
            np.flatnonzero(_in(bits, words & np.uint64((1 << 8 * n) - 1)))
            for n, bits in self._short.items()
        ]
        if self._whole:
            first = np.flatnonzero(_in(self._first, words))
            found += [first[fits] for fits in self._fitting(text, places[first], words[first])]
        return text.numbers(places[np.concatenate(found)])

    def _fitting(self, text: Text, places: Places, words: Words) -> Iterable[Places]:
        import numpy as np

        second, third = text.words_at(places + 8), text.words_at(places + 16)
        for length, (bits, hashes) in self._whole.items():
            two, three = _mask(length - 8), _mask(length - 16)
            mixed = _mixed(words, second & two, third & three)
            near = np.flatnonzero(_in(bits, mixed))
            yield near[_among(hashes, mixed[near])]


class Text:
    """Many texts one behind the other: an Arrow array of strings, no null among them."""

    def __init__(self, data: Any, offsets: Any, words: Any = None) -> None:
        """`data`: bytes of all (uint8); `offsets`: where each begins, and where the last ends.

        `words`: where words begin, but for the first of each text, when that is known.
        """
        import numpy as np

        self.offsets = offsets - offsets[0]
        self._bytes = np.empty(int(self.offsets[-1]) + len(_PAD), np.uint8)
        self.bytes = self._bytes[: -len(_PAD)]
        self.bytes[:] = data[offsets[0] : offsets[-1]]
        self._bytes[-len(_PAD) :] = 0
        self._of_bytes: Bytes | None = None
        self._words = words

    @classmethod
    def of(cls, array: pa.StringArray) -> Text:
        """An Arrow array of strings; a null is a text of no length."""
        import numpy as np
        import pyarrow as pa

        if array.null_count:
            array = array.fill_null("")
        width = np.int64 if pa.types.is_large_string(array.type) else np.int32
        _, ends, data = array.buffers()
        offsets = np.frombuffer(ends, width)[array.offset : array.offset + len(array) + 1]
        return cls(np.frombuffer(data or b"", np.uint8), offsets.astype(np.int64))

    def bytes_at(self, places: Places) -> Bytes:
        """The byte at each place; 0 behind the end."""
        found: Bytes = self._bytes[places]
        return found

    def marks(self) -> Places:
        """Where signs stand that may be odd in an address: escapes, spaces, beyond ASCII …"""
        import numpy as np

        kinds = self._kinds()
        found: Places = np.flatnonzero((kinds == _MARK) | (kinds == _FIRST))
        return found

    def _kinds(self) -> Bytes:
        import numpy as np

        if self._of_bytes is None:
            self._of_bytes = np.frombuffer(self.bytes.tobytes().translate(_KINDS), np.uint8)
        return self._of_bytes

    def word_starts(self) -> Places:
        """Where a letter or digit follows none, a sign beyond ASCII begins, an escape has ended."""
        import numpy as np

        size, firsts = len(self.bytes), self.offsets[:-1]
        if self._words is not None:
            places = np.concatenate([self._words, firsts])
            return places[places < size]
        kinds = self._kinds()
        begins = np.empty(size, np.bool_)
        np.greater(kinds[1:], kinds[:-1], out=begins[1:])
        begins[firsts[firsts < size]] = True
        after = np.flatnonzero(self.bytes == ord("%")) + 3
        begins[after[after < size]] = True
        found: Places = np.flatnonzero(begins)
        return found

    def words_at(self, places: Places) -> Words:
        """Eight bytes from each place on, as numbers without case."""
        import numpy as np

        every = np.ndarray((len(self._bytes) - 7,), "<u8", self._bytes, 0, (1,))
        words: Words = every[places]
        words |= np.uint64(_CASE)
        return words

    def numbers(self, places: Places) -> Places:
        """The numbers of the texts in which `places` lie, each once."""
        import numpy as np

        found: Places = np.searchsorted(self.offsets, places, "right") - 1
        return np.unique(found)


def _mask(length: int) -> np.uint64:
    import numpy as np

    return np.uint64((1 << 8 * min(max(length, 0), 8)) - 1)


def _mixed(*words: Words) -> Words:
    import numpy as np

    mixed = words[0] * np.uint64(_MIX[0])
    for word, mix in zip(words[1:], _MIX[1:], strict=False):
        mixed ^= word * np.uint64(mix)
        mixed *= np.uint64(_MIX[0])
    return mixed


def _numbers(beginnings: set[bytes], length: int) -> list[Words]:
    """Beginnings of so many bytes as rows of three numbers without case, one list for each."""
    import numpy as np

    padded = b"".join(one.ljust(24, b"\0") for one in beginnings)
    table = np.frombuffer(padded, "<u8").reshape(-1, 3) | np.uint64(_CASE)
    return [table[:, word] & _mask(length - 8 * word) for word in range(3)]


def _bits(words: Words) -> Bits:
    """A table of bits by hash; at most one in sixteen is set."""
    import numpy as np

    bits = np.zeros(1 << max(16, (16 * len(words)).bit_length()), np.bool_)
    bits[_slots(words, len(bits))] = True
    return bits


def _exact(beginnings: set[bytes], length: int) -> tuple[Bits, Words]:
    import numpy as np

    hashes = np.unique(_mixed(*_numbers(beginnings, length)))
    return _bits(hashes), hashes


def _slots(words: Words, size: int) -> Places:
    import numpy as np

    mixed = words * np.uint64(_MIX[0])
    mixed >>= np.uint64(64 - (size.bit_length() - 1))
    return mixed.view(np.int64)


def _in(bits: Bits, words: Words) -> Bits:
    import numpy as np

    found: Bits = np.take(bits, _slots(words, len(bits)))
    return found


def _among(hashes: Words, words: Words) -> Bits:
    import numpy as np

    places = np.searchsorted(hashes, words)
    found: Bits = np.take(hashes, places, mode="clip") == words
    return found
