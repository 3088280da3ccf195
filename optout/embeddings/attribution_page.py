"""An Attribution → one HTML page that works offline and loads nothing. Pure: no file, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from optout.embeddings.attribution import GALLERY, Attribution
from optout.embeddings.statistics import BIN, Distribution

if TYPE_CHECKING:
    from jinja2 import Environment

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 800, 240, 30, 24


def page(found: Attribution, thumbnails: Mapping[str, str] | None = None) -> str:
    """The whole page; `thumbnails` are data: addresses of the pictures asked for, by name.

    The items themselves are named and never loaded.
    """
    template = _environment().get_template("attribution.html.j2")
    chart = ""
    if found.queries and found.data:
        chart = histogram(found.queries, found.data)
    drawn = Markup(chart)  # noqa: S704 (numbers of ours alone)
    return template.render(a=found, chart=drawn, thumbnails=thumbnails or {}, gallery=GALLERY)


def histogram(solid: Distribution, dashed: Distribution) -> str:
    """Two densities over [0, 1] in one drawing (SVG)."""
    top = max(*solid.densities, *dashed.densities)
    floor = _HEIGHT - _BOTTOM
    ticks = "".join(
        f'<text x="{_x(tenth / 10):g}" y="{_HEIGHT - 6}" text-anchor="middle">{tenth / 10:g}</text>'
        for tenth in range(0, 11, 2)
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" font-size="12" '
        'aria-label="Densities of the highest similarities: of the pictures, and within the set">'
        f'<line x1="{_LEFT}" y1="{floor}" x2="{_WIDTH}" y2="{floor}" stroke="#888"/>{ticks}'
        f'<path d="{_steps(dashed, top)}" fill="none" stroke="#555" stroke-dasharray="4 3"/>'
        f'<path d="{_steps(solid, top)}" fill="none" stroke="#06c" stroke-width="1.5"/></svg>'
    )


def _x(similarity: float) -> float:
    return _LEFT + similarity * (_WIDTH - _LEFT - 12)


def _steps(of: Distribution, top: float) -> str:
    floor = _HEIGHT - _BOTTOM
    points = [f"M{_x(0):.1f} {floor}"]
    for place, density in enumerate(of.densities):
        height = floor - density / top * (floor - 8)
        points.append(f"V{height:.1f}H{_x((place + 1) * BIN):.1f}")
    return "".join(points) + f"V{floor}"


@cache
def _environment() -> Environment:
    from jinja2 import PackageLoader

    from optout.report.render import environment

    return environment(PackageLoader("optout.embeddings"))
