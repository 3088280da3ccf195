"""Values → the text of one file, by the templates beside this module.

Files for machines take addresses from strangers' data: every character that could mean something
in a pattern or a script is written as its number.
"""

from __future__ import annotations

import json
import re
import textwrap
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from optout.protect.own_hosts import claim_command
from optout.report.render import cut, number, plural, visible

_PLAIN = re.compile(r"[A-Za-z0-9/_~-]")
_SLASHES = re.compile(r"/{2,}")


def text(template: str, **values: Any) -> str:
    """The text of a file for machines or of plain text; nothing is escaped as HTML."""
    return _plain().get_template(template).render(**values)


def page(template: str, **values: Any) -> str:
    """An HTML page: every value is made visible and escaped."""
    return _html().get_template(template).render(**values)


def octets(value: bytes | str) -> str:
    r"""A literal for a pattern that is matched byte by byte (nginx, Apache).

    Servers make one of several slashes, so any number of them stands for any other.

    >>> octets("/a//b\u00e9.jpg")
    '/a/+b\\xc3\\xa9\\x2ejpg'
    """
    data = value.encode("utf-8", "replace") if isinstance(value, str) else value
    pattern = "".join(c if _PLAIN.fullmatch(c := chr(b)) else f"\\x{b:02x}" for b in data)
    return _SLASHES.sub("/+", pattern)


def characters(value: bytes | str) -> str:
    r"""A literal for a pattern that is matched character by character (Caddy).

    >>> characters("/a b\u00e9.jpg`")
    '/a\\x{20}b\\x{e9}\\x{2e}jpg\\x{60}'
    """
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    pattern = "".join(c if _PLAIN.fullmatch(c) else f"\\x{{{ord(c):x}}}" for c in text)
    return _SLASHES.sub("/+", pattern)


def wrapped(value: str) -> str:
    """A text of our own, indented and broken for reading in an editor."""
    return textwrap.fill(
        value,
        92,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def script(value: str) -> str:
    """A string literal of JavaScript."""
    return json.dumps(value)


@cache
def _plain() -> Environment:
    environment = Environment(  # noqa: S701 – no HTML is made with it
        loader=PackageLoader("optout.protect"),
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(octets=octets, characters=characters, script=script, wrapped=wrapped)
    environment.filters["claim"] = claim_command
    environment.globals.update(plural=plural)
    return environment


@cache
def _html() -> Environment:
    environment = Environment(
        loader=PackageLoader("optout.protect"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(cut=cut, number=number, claim=claim_command)
    environment.globals.update(plural=plural)
    return environment


def _visible(value: Any) -> Any:
    """Text with characters that hide or reorder others shown as their code points."""
    return visible(value) if type(value) is str else value  # not what is marked as safe
