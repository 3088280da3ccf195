"""techniques.toml → the techniques that IPTC recommends, each with what reads it here."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from optout.readers.agents import tupled


@dataclass(frozen=True, slots=True)
class Technique:
    """One way to state a reservation; techniques.toml explains each field."""

    name: str
    parser: tuple[str, ...]
    readers: tuple[str, ...]
    confirmed: bool
    because: str = ""


@cache
def techniques() -> tuple[Technique, ...]:
    """All of them, in the order of the table.

    >>> len(techniques())
    13
    """
    text = (resources.files(__package__) / "techniques.toml").read_text("utf-8")
    return tuple(Technique(**tupled(one)) for one in tomllib.loads(text)["technique"])


def as_markdown() -> str:
    """The table of docs/guides/signals.md."""
    lines = ["| technique | read by our parser | acted on by | |", "|---|---|---|---|"]
    for one in techniques():
        check = "" if one.confirmed else "please check"
        parsers = ", ".join(f"`{name}`" for name in one.parser)
        told = "; ".join(part for part in (one.because, check) if part)
        lines.append(
            f"| {one.name} | {parsers or '–'} | {', '.join(one.readers) or '–'} | {told} |"
        )
    return "\n".join(lines) + "\n"
