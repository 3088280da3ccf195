"""Addresses in one buffer → those that must be looked at, whatever is wanted: the oddly written.

The table of wanted beginnings (starts.py) compares what stands there. So an address goes on to the
close look when it is no web address, when a sign stands in it that readers take away or change, or
when something is encoded that need not be.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from optout.matching.starts import Text
from optout.matching.wanted import Wanted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Places = npt.NDArray[np.int64]
    Bits = npt.NDArray[np.bool_]

# Letters, digits and what else is never encoded; a percent sign; how signs begin that equal letters
# of ASCII without case: the long s, Kelvin, ligatures (Unicode, CaseFolding); the sharp s.
ODD_ESCAPES = (
    *(b"%02x" % byte for byte in range(128) if chr(byte).isalnum() or chr(byte) in "-._~%"),
    *(b"c5", b"e1", b"e2", b"ef", b"c3%9f"),
)
_AMPERSANDS = (b"&amp;", b"&#38;", b"&#038;")


def odd(text: Text, wanted: Wanted) -> Places:
    """The numbers of the addresses that cannot be judged by what stands in them."""
    import numpy as np

    places = text.marks()
    signs = text.bytes[places]
    percent, semicolon = signs == ord("%"), signs == ord(";")
    strange = [
        places[~(percent | semicolon)],
        _escapes(text, places[percent], wanted.escaped),
        entities(text, places[semicolon]),
    ]
    if wanted.paths:
        # Folders that take others away: /a/../b
        strange.append(np.flatnonzero((text.bytes[:-1] == ord("/")) & (text.bytes[1:] == ord("."))))
    found = [text.numbers(np.concatenate(strange)), no_web_address(text)]
    return np.unique(np.concatenate(found))


def _escapes(text: Text, places: Places, beyond_ascii: bool) -> Places:
    """Of the percent signs those that encode what need not be, or (if wanted) beyond ASCII."""
    import numpy as np

    words = text.words_at(places)
    odd = np.take(_odd_pairs(), (words >> np.uint64(8) & np.uint64(0xFFFF)).view(np.int64))
    for sequence in (one for one in ODD_ESCAPES if len(one) > 2):
        odd |= _begin(words, b"%" + sequence)
    if beyond_ascii:
        odd |= (words >> np.uint64(8) & np.uint64(0xFF)).astype(np.uint8) >= ord("8")
    found: Places = places[odd]
    return found


@cache
def _odd_pairs() -> Bits:
    """Two hex digits, as a number without case → whether nobody need encode what they stand for."""
    import numpy as np

    pairs = [one for one in ODD_ESCAPES if len(one) == 2]
    table = np.zeros(1 << 16, np.bool_)
    table[[int.from_bytes(bytes(sign | 0x20 for sign in pair), "little") for pair in pairs]] = True
    return table


def entities(text: Text, places: Places) -> Places:
    """Of the semicolons those that end something other than an ampersand."""
    import numpy as np

    known = np.zeros(len(places), np.bool_)
    for entity in _AMPERSANDS:
        starts = np.maximum(places - (len(entity) - 1), 0)
        known |= _begin(text.words_at(starts), entity)
    found: Places = places[~known]
    return found


def no_web_address(text: Text) -> Places:
    import numpy as np

    firsts = text.words_at(text.offsets[:-1])
    web = _begin(firsts, b"http://") | _begin(firsts, b"https://")
    web &= np.diff(text.offsets) > len("https://")
    return np.flatnonzero(~web)


def _begin(words: Any, start: bytes) -> Any:
    import numpy as np

    mask = (1 << 8 * len(start)) - 1
    case = int.from_bytes(b"\x20" * len(start), "little")
    return (words & np.uint64(mask)) == np.uint64(int.from_bytes(start, "little") | case)
