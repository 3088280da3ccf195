"""Addresses in one buffer → those that must be looked at, by Hyperscan where it is installed.

The same sieve as addresses.py and starts.py together, many times quicker as long as the beginnings
are not too many (measured on two million addresses: 0.1 s for 700, 0.15 s for 7,000, 1.7 s for
100,000, against 0.6 s for any number). It has no wheels for Windows, so everything works without.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from optout.matching.addresses import ODD_ESCAPES, entities, no_web_address
from optout.matching.starts import Text
from optout.matching.wanted import Wanted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Places = npt.NDArray[np.int64]

MOST = 10_000  # beginnings; with more, starts.py is quicker

# Numbered from 0; the first is looked at again.
_SEMICOLON = b";"
_STRANGE = rb"[\x00-\x20\x7f-\xff\\\[]"


def fast(wanted: Wanted) -> Fast | None:
    """The quicker sieve, or None where Hyperscan is not installed."""
    try:
        import hyperscan  # noqa: F401
    except ImportError:
        return None
    return Fast(wanted)


class Fast:
    """Patterns compiled for each thread that uses them."""

    def __init__(self, wanted: Wanted) -> None:
        self.knows_beginnings = len(wanted.addresses) <= MOST
        self._patterns = list(_patterns(wanted, self.knows_beginnings))
        self._own = threading.local()

    def rows(self, text: Text) -> Places:
        """Numbers of the addresses that are odd or (if so few) have a wanted beginning."""
        import numpy as np

        hits: tuple[list[int], list[int]] = ([], [])
        found, semicolons = hits[1].append, hits[0].append

        def hit(pattern: int, start: int, end: int, flags: int, context: Any) -> None:
            (found if pattern else semicolons)(end - 1)

        self._database().scan(text.bytes.data, match_event_handler=hit)
        places = np.array(hits[1], np.int64)
        odd = entities(text, np.array(hits[0], np.int64))
        numbers = text.numbers(np.concatenate([places, odd]))
        return np.unique(np.concatenate([numbers, no_web_address(text)]))

    def _database(self) -> Any:
        import hyperscan

        if not hasattr(self._own, "database"):
            database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
            number = len(self._patterns)
            database.compile(
                expressions=self._patterns,
                ids=list(range(number)),
                flags=[hyperscan.HS_FLAG_CASELESS] * number,
                elements=number,
            )
            self._own.database = database
        return self._own.database


def _patterns(wanted: Wanted, beginnings: bool) -> Iterable[bytes]:
    yield _SEMICOLON
    yield _STRANGE
    yield from (b"%" + b"".join(map(_exactly, pair)) for pair in ODD_ESCAPES)
    if wanted.escaped:
        yield b"%[89a-f]"
    if wanted.paths:
        yield rb"/\."
    if beginnings:
        yield from (b"".join(map(_exactly, one)) for one in sorted(wanted.addresses))


def _exactly(byte: int) -> bytes:
    return b"\\x%02x" % byte
