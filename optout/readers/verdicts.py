"""A reader and one address as it was answered → allowed, disallowed or unknown, and why.

Nothing is fetched here. What was not seen gives `unknown`, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from optout.readers.by_header import (
    by_datadiligence,
    by_img2dataset,
    img2dataset_obeys,
)
from optout.readers.by_robots_txt import by_protego, by_robots_txt
from optout.readers.by_rules import by_robots_txt_and_rules
from optout.readers.reservations import by_reservations
from optout.readers.subject import (
    ALLOWED,
    DISALLOWED,
    UNKNOWN,
    Hop,
    SiteFile,
    Subject,
    Verdict,
    site_file,
    way,
)
from optout.readers.table import Reader

__all__ = [
    "ALLOWED",
    "DISALLOWED",
    "METHODS",
    "UNKNOWN",
    "Hop",
    "SiteFile",
    "Subject",
    "Verdict",
    "answers",
    "img2dataset_obeys",
    "site_file",
    "verdict",
    "verdicts",
    "way",
]

# The ways in which readers read; readers.toml names one for each.
METHODS: dict[str, Callable[[Reader, Subject], Verdict | tuple[Verdict, ...]]] = {
    "robots_txt": by_robots_txt,
    "robots_txt_and_rules": by_robots_txt_and_rules,
    "robots_txt_protego": by_protego,
    "x_robots_tag_img2dataset": by_img2dataset,
    "headers_datadiligence": by_datadiligence,
    "reservations": by_reservations,
}


_STRICTEST = (DISALLOWED, UNKNOWN, ALLOWED)


def answers(reader: Reader, subject: Subject) -> tuple[Verdict, ...]:
    """The reader's verdict; one per purpose where they differ, in the order of its purposes."""
    found = METHODS[reader.method](reader, subject)
    if isinstance(found, Verdict):
        return (_in_its_time(reader, found),)
    return tuple(_in_its_time(reader, one) for one in found)


def verdict(reader: Reader, subject: Subject) -> Verdict:
    """Would `reader` take what is at this address? Says which line decided.

    Where its answers differ by purpose, the strictest one.

    >>> from optout.readers.table import readers
    >>> hop = Hop("https://a.example/1.jpg", 200, (("X-Robots-Tag", "googlebot: noindex, noai"),))
    >>> verdict(readers()[0], Subject(hop.url, (hop,))).value   # img2dataset splits once
    'allowed'
    """
    found = answers(reader, subject)
    return found[0] if len(found) == 1 else min(found, key=_strictness)


def verdicts(subject: Subject, of: Sequence[Reader]) -> list[Verdict]:
    """The answers of every reader, in the order given."""
    return [one for reader in of for one in answers(reader, subject)]


def _strictness(found: Verdict) -> int:
    return _STRICTEST.index(found.value)


def _in_its_time(reader: Reader, found: Verdict) -> Verdict:
    """No reader is asked about what was seen before it is known to read as it does."""
    seen = found.observed_at.date() if found.observed_at else None
    if reader.valid_from is None or seen is None or seen >= reader.valid_from:
        return found
    why = f"seen on {seen}; how {reader.name} reads is known since {reader.valid_from} only"
    return replace(found, value=UNKNOWN, signal="none", line=None, raw="", why=why)
