"""Captions in one buffer → those that may name an artist or carry a wanted text.

Each is brought into one plain form: without case and accents, single spaces between words. For
plain ASCII whole buffers are rewritten; what has other signs or entities is rewritten as text, a
batch at a time. The form is a sieve for `texts.folded` and `texts.normal`, which decide.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

from optout.matching.starts import SHORTEST, Starts, Text
from optout.matching.texts import Name, folded, normal, spaceless
from optout.matching.wanted import Wanted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Places = npt.NDArray[np.int64]

_SEPARATOR = "\x1e"  # no entity stands for it
_BETWEEN = re.compile(rf"(?:[^\w{_SEPARATOR}]|_)+")
_ENOUGH = 24  # characters of a name that are looked for
# ASCII in plain form, and which bytes that is not enough for: beyond ASCII, or vanishing in texts.
_PLAIN = bytes(ord(chr(b).lower()) if b < 0x80 and chr(b).isalnum() else 0x20 for b in range(256))


class Captions:
    """The table of what captions are sieved by."""

    def __init__(self, wanted: Wanted) -> None:
        self._texts = wanted.texts
        plain = {_plain(text).strip() for text in wanted.texts if text.isascii()}
        starts = {start for name in wanted.names for start in _starts(name)}
        found = [text.encode() for text in plain | starts]
        self._every = any(len(one) < SHORTEST for one in found)
        self._table = Starts(one for one in found if len(one) >= SHORTEST)

    def rows(self, captions: pa.StringArray) -> Places:
        """The numbers of the captions that may tie; null and empty ones never do."""
        import numpy as np
        import pyarrow as pa

        if self._every:
            return np.arange(len(captions))
        text = Text.of(captions)
        special = _special(text)
        found = [_ascii(self._table, text)]
        if len(special):
            written = captions.take(pa.array(special)).to_pylist()
            found.append(special[list(self._among(written))])
        return np.unique(np.concatenate(found))

    def _among(self, written: list[str]) -> Iterator[int]:
        import numpy as np

        one = _SEPARATOR.join(text.replace(_SEPARATOR, " ") for text in written)
        data = _plain(one).encode()
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord(_SEPARATOR)) + 1
        offsets = np.concatenate([[0], ends, [len(data)]])
        found = set(self._table.texts(Text(np.frombuffer(data, np.uint8), offsets)).tolist())
        if self._texts:
            found.update(n for n, text in enumerate(written) if normal(text) in self._texts)
        yield from sorted(found)


def _starts(name: Name) -> Iterator[str]:
    """How captions in plain form go on where the name stands: signs may have a space between."""
    gaps = [
        ("", " ") if spaceless(a[-1]) and spaceless(b[0]) else (" ",)
        for a, b in pairwise(name.words)
    ]
    for between in product(*gaps):
        spaces = (*between, "")
        yield _plain("".join(w + s for w, s in zip(name.words, spaces, strict=True))).strip()[
            :_ENOUGH
        ]


def _plain(text: str) -> str:
    """Folded, with one space for whatever stands between words; separators are left."""
    text = folded(html.unescape(text) if "&" in text else text)
    return _BETWEEN.sub(" ", text)


def _special(text: Text) -> Places:
    """Captions with signs beyond ASCII, with entities, or with signs that texts lose."""
    import numpy as np

    signed = text.bytes.view(np.int8)
    vanishing = (signed < 0x09) | (signed == 0x7F) | ((signed >= 0x0E) & (signed <= 0x1B))
    ampersands = np.flatnonzero(text.bytes == ord("&"))
    after = text.bytes_at(ampersands + 1)
    entity = (after == ord("#")) | ((after | 0x20) - ord("a") < 26)
    return text.numbers(np.concatenate([np.flatnonzero(vanishing), ampersands[entity]]))


def _ascii(table: Starts, text: Text) -> Places:
    """As if all were ASCII; others are looked at besides."""
    import numpy as np

    plain = np.frombuffer(text.bytes.tobytes().translate(_PLAIN), np.uint8)
    space = plain == ord(" ")
    second = np.flatnonzero(space[1:] & space[:-1]) + 1
    kept: Any = np.delete(plain, second)
    offsets = text.offsets - np.searchsorted(second, text.offsets)
    return table.texts(Text(kept, offsets))
