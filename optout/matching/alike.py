"""Picture hashes of rows and of an artist's pictures → which are nearly the same.

A pHash has 64 bits, written as 16 hex digits. Two that differ in few bits are nearly the same
picture, or two plain ones.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Hashes = npt.NDArray[np.uint64]
    Places = npt.NDArray[np.int64]

_DIGITS = 16
_PHASH = re.compile(f"[0-9a-f]{{{_DIGITS}}}")
_SLOTS = range(0, 64, 16)  # bits that are looked up at once
_AT_ONCE = 4096  # rows held to all pictures at a time


@dataclass(frozen=True, slots=True)
class Limits:
    """The values of alike.toml; each is explained there."""

    differ: int
    quality: int


@cache
def limits() -> Limits:
    """alike.toml."""
    text = (resources.files(__package__) / "alike.toml").read_text("utf-8")
    table = tomllib.loads(text)["phash"]
    return Limits(table["differ"], table["quality"])


class Alike:
    """The pHashes of pictures, to which those of rows are held."""

    def __init__(self, phashes: Sequence[str]) -> None:
        """`phashes` are 16 lower-case hex digits each."""
        self._phashes = phashes

    def __bool__(self) -> bool:
        return bool(self._phashes)

    def of(self, text: str | None) -> list[int]:
        """Places among the pictures of those that nearly have the hash `text`.

        >>> Alike(["e9e90c24f1d9c674", "bac58374982e0fc7"]).of("e9e90c24f1d9c600")
        [0]
        """
        import numpy as np

        if not self or text is None or not _PHASH.fullmatch(text):
            return []
        distances = np.bitwise_count(self._known ^ np.uint64(int(text, 16)))
        return [int(place) for place in np.flatnonzero(distances <= limits().differ)]

    def rows(self, texts: pa.Array) -> Places:
        """Places in `texts` of the hashes that one of the pictures nearly has, in order."""
        import numpy as np

        places, values = _numbers(texts)
        may = np.flatnonzero(self._may_be_near(values))
        near = [
            may[first : first + _AT_ONCE][self._near(values[may[first : first + _AT_ONCE]])]
            for first in range(0, len(may), _AT_ONCE)
        ]
        return places[np.concatenate(near)] if near else np.empty(0, np.int64)

    def _near(self, values: Hashes) -> npt.NDArray[np.bool_]:
        import numpy as np

        near = np.zeros(len(values), bool)
        for one in self._known:
            near |= np.bitwise_count(values ^ one) <= limits().differ
        return near

    def _may_be_near(self, values: Hashes) -> npt.NDArray[np.bool_]:
        """Of hashes that differ in so few bits one of the four parts differs in few of them."""
        import numpy as np

        found = np.zeros(len(values), bool)
        for table, slot in zip(self._tables, _SLOTS, strict=True):
            found |= table[(values >> np.uint64(slot)).astype(np.uint16)]
        return found

    @cached_property
    def _known(self) -> Hashes:
        import numpy as np

        return np.array([int(one, 16) for one in self._phashes], np.uint64)

    @cached_property
    def _tables(self) -> list[npt.NDArray[np.bool_]]:
        """For each part of a hash, which of its values are near that of a picture."""
        import numpy as np

        few = np.flatnonzero(
            np.bitwise_count(np.arange(65536, dtype=np.uint16)) <= limits().differ // len(_SLOTS)
        ).astype(np.uint16)
        tables = []
        for slot in _SLOTS:
            table = np.zeros(65536, bool)
            for part in (self._known >> np.uint64(slot)).astype(np.uint16):
                table[few ^ part] = True
            tables.append(table)
        return tables


def _numbers(texts: pa.Array) -> tuple[Places, Hashes]:
    """Places of the texts that are pHashes, and what they are as numbers."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = pc.fill_null(pc.equal(pc.binary_length(texts), _DIGITS), False)
    places = np.flatnonzero(whole.to_numpy(zero_copy_only=False))
    if not len(places):
        return places, np.empty(0, np.uint64)
    kept = texts.filter(whole).cast(pa.binary()).cast(pa.binary(_DIGITS))
    letters = np.frombuffer(kept.buffers()[1], np.uint8)[kept.offset * _DIGITS :]
    digits = _values()[letters[: len(places) * _DIGITS]].reshape(-1, _DIGITS)
    good = (digits < 16).all(axis=1)
    packed = np.ascontiguousarray(digits[good, ::2] << 4 | digits[good, 1::2])
    return places[good], packed.view(">u8").reshape(-1).astype(np.uint64)


@cache
def _values() -> npt.NDArray[np.uint8]:
    """What each letter is worth as a hex digit, by its code; 255 where it is none."""
    import numpy as np

    values = np.full(256, 255, np.uint8)
    for worth, letter in enumerate(b"0123456789abcdef"):
        values[letter] = worth
    return values
