"""A Report → the text of one self-contained HTML page. Pure: no file, no clock, no network.

Every value that a template prints passes `visible` and then Jinja's escaping, so text from
strangers can neither become markup nor reorder or hide what stands around it.
"""

from __future__ import annotations

import math
import unicodedata
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from optout.report.findings import MOST

if TYPE_CHECKING:
    from optout.report.page import Report

CUT = 300  # characters of a text from strangers shown in the page; its length is said

# Unassigned, private, surrogate, control and format characters, line and paragraph separators.
# The format characters are those that reorder text (U+202E) or hide it (U+200B).
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Part of ordinary writing: Persian, Indic scripts, emoji, hyphenation; line ends become spaces.
_ORDINARY = frozenset("\t\n\r\u200c\u200d\u00ad")


def render(report: Report) -> str:
    """The whole page. The same report gives the same text."""
    template = _environment().get_template("report.html.j2")
    style = resources.files(__package__).joinpath("templates/report.css").read_text("utf-8")
    return template.render(report=report, style=Markup(style))  # noqa: S704 (our own file)


def visible(text: str) -> str:
    r"""`text` with characters that hide or reorder others shown as their code points.

    >>> visible("red\u202egpj.exe\x00")
    'red⟨U+202E⟩gpj.exe⟨U+0000⟩'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"⟨U+{ord(c):04X}⟩" if unicodedata.category(c) in _HIDDEN and c not in _ORDINARY else c
        for c in text
    )


def cut(text: str | None, limit: int = CUT, length: int | None = None) -> str:
    """At most `limit` characters of `text`, saying how long it is; `length` if cut before.

    >>> cut("a" * 500, 3)
    'aaa… (500 characters in all)'
    """
    text = text or ""
    whole = max(length or 0, len(text))
    return text if whole <= limit else f"{text[:limit]}… ({number(whole)} characters in all)"


def number(value: float | None) -> str:
    """A count or measure for people; empty when there is none.

    >>> number(1234567), number(0.31449), number(None), number(float("nan"))
    ('1,234,567', '0.314', '', '')
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> plural(1, "image"), plural(2000, "image"), plural(2, "copy", "copies")
    ('1 image', '2,000 images', '2 copies')
    """
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def moment(time: datetime) -> str:
    """A date and time in UTC, the same whatever the machine's language.

    >>> moment(datetime(2026, 11, 5, 9, 3, tzinfo=UTC))
    '5 November 2026, 09:03 UTC'
    """
    return f"{day(time)}, {time.astimezone(UTC):%H:%M} UTC"


def day(time: datetime) -> str:
    """The date alone."""
    time = time.astimezone(UTC)
    return f"{time.day} {_MONTHS[time.month - 1]} {time.year}"


def fact(name: str, value: int) -> Markup:
    """A headline number that a test (or a program) can find by its name."""
    return Markup('<strong class="n" data-fact="{}" data-value="{}">{}</strong>').format(
        name, value, number(value)
    )


_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


@cache
def _environment() -> Environment:
    return environment(PackageLoader("optout.report"))


def environment(loader: PackageLoader) -> Environment:
    """How every page is rendered: escaped, strangers' characters shown, our filters at hand."""
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(cut=cut, number=number, moment=moment, day=day)
    environment.globals.update(fact=fact, plural=plural, number=number, cut=cut, MOST=MOST)
    return environment


def _finalize(value: Any) -> Any:
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return visible(value)
    return "" if value is None else value
