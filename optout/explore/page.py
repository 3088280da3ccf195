"""An Exploration → one self-contained HTML page: a chart and its table for every question.

Pure: no file, no clock, no network. Hosts and languages are strangers' text: each value passes
`visible` and Jinja's escaping.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from optout.report.render import cut, number, plural, visible

if TYPE_CHECKING:
    from optout.explore.gather import Exploration

_LONG = 120  # characters of a label
# Shares below this are drawn as a line all the same: a bar that cannot be seen is no bar.
_THINNEST = 0.4


def render(found: Exploration) -> str:
    """The whole page. The same exploration gives the same text."""
    style = resources.files(__package__).joinpath("templates/explore.css").read_text("utf-8")
    template = _environment().get_template("explore.html.j2")
    return template.render(found=found, style=Markup(style))  # noqa: S704 (our own file)


def share(part: int, whole: int) -> str:
    """A part in per cent.

    >>> share(1, 3), share(1, 100_000), share(0, 5), share(0, 0)
    ('33.3 %', 'under 0.1 %', '0 %', '')
    """
    if not whole:
        return ""
    percent = 100 * part / whole
    if part and percent < 0.1:
        return "under 0.1 %"
    return f"{percent:.1f} %" if part else "0 %"


def length(part: int, most: int) -> float:
    """Length of a bar in per cent of the longest.

    >>> length(1, 4), length(0, 4), length(1, 100_000)
    (25.0, 0.0, 0.4)
    """
    return round(max(100 * part / most, _THINNEST), 2) if part and most else 0.0


@cache
def _environment() -> Environment:
    def shown(value: Any) -> Any:
        return visible(value) if type(value) is str else value

    environment = Environment(
        loader=PackageLoader("optout.explore"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )
    environment.filters["number"] = number
    environment.globals.update(
        share=share, length=length, plural=plural, label=lambda text: cut(text, _LONG) or "(empty)"
    )
    return environment
