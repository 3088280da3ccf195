"""One request → what a page function gets; its answer → HTML from a template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from optout.web import shown, words
from optout.web.keys import Keys

if TYPE_CHECKING:
    from optout.case import Case
    from optout.web.memory import Memory

STEPS = ("who", "where", "check", "results")


@dataclass(frozen=True, slots=True)
class Site:
    """What a running server knows; the case itself is read anew for every request."""

    folder: Path
    port: int
    keys: Keys
    memory: Memory
    writable: bool = True


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that was let through. Texts are as sent, so they may hold anything."""

    site: Site
    path: str
    window: str
    names: Mapping[str, str] = field(default_factory=dict)  # parts of the path
    query: Mapping[str, list[str]] = field(default_factory=dict)
    form: Mapping[str, list[str]] = field(default_factory=dict)
    partial: bool = False  # htmx asks for a piece of a page

    def one(self, name: str, default: str = "") -> str:
        """The first value of a form field or, without a form, of the query."""
        return next(iter((self.form or self.query).get(name, [])), default)

    def all(self, name: str) -> list[str]:
        """Every value of a form field or, without a form, of the query."""
        return list((self.form or self.query).get(name, []))

    def case(self) -> Case:
        """The case. Raises CaseError when it is not there yet or cannot be read."""
        from optout.case import load_case

        return load_case(self.site.folder)

    def has_case(self) -> bool:
        """Whether there is an optout.toml, readable or not."""
        from optout.case import FILE

        return (self.site.folder / FILE).is_file()


def page(ask: Ask, name: str, *, step: str = "", status: int = 200, **values: Any) -> Response:
    """templates/<name>.html.j2, filled. `step` is the one of the four that it belongs to."""
    from optout.web.progress import done_steps

    html = (
        environment()
        .get_template(f"{name}.html.j2")
        .render(
            ask=ask,
            step=step,
            steps=STEPS,
            done=done_steps(ask),
            csrf=ask.site.keys.form(ask.window),
            **values,
        )
    )
    return HTMLResponse(html.encode("utf-8", "replace"), status)


def piece(ask: Ask, name: str, **values: Any) -> str:
    """A piece of a page as text."""
    template = environment().get_template(f"{name}.html.j2")
    return template.render(ask=ask, csrf=ask.site.keys.form(ask.window), **values)


def go(path: str) -> Response:
    """After a form: look at `path`, so that going back sends nothing twice."""
    return RedirectResponse(path, 303)


@cache
def environment() -> Environment:
    """Templates with autoescape; an unknown name in one is an error."""
    made = Environment(
        loader=PackageLoader("optout.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["t"] = words.text
    made.filters |= {"visible": shown.visible, "cut": shown.cut}
    return made
