"""Text from strangers → one clean line, a cell that is no formula, an address to list."""

from __future__ import annotations

import re
from typing import Any

from optout.cells import is_formula, no_formula
from optout.identity.lossless import parse

# Excel's limit for one cell is 32,767 characters; a longer one spills over the next cells.
_CELL = 32_000
_BREAKS = re.compile(
    r"[\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+"
    r"|[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]"  # these reorder text on the screen
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def plain_url(url: str | None) -> str | None:
    r"""An address as a browser asks for it: percent-encoded, punycode, no user name, no fragment.

    >>> plain_url("HTTP://u:p@bücher.example:80/a b.jpg?x=1&amp;y=ä#top")
    'http://xn--bcher-kva.example/a%20b.jpg?x=1&y=%C3%A4'
    >>> plain_url("javascript:alert(1)") is None, plain_url("http://a.example/\nhttp://b.example")
    (True, 'http://a.example/http://b.example')
    """
    address = parse(url or "")
    if address is None:
        return None
    scheme = "http" if (url or "").strip(" \t\r\n\f\0")[:5].lower() == "http:" else "https"
    return f"{scheme}://{address.text()}"


def cell(value: Any, other: str = ";") -> Any:
    r"""A value as a cell that no spreadsheet takes for a formula.

    `other`: the separator that the file does not use, and a program may split at all the same.

    >>> cell("=HYPERLINK(1)"), cell("  ＝1+1"), cell("a\x00b"), cell(-1)
    ("'=HYPERLINK(1)", "'  ＝1+1", 'ab', -1)
    """
    if value is None:
        return ""
    if not isinstance(value, str) or _harmless(value, other):
        return value
    cut = f" … (cut, {len(value)} characters)" if len(value) > _CELL else ""
    text = clean(value[:_CELL])
    # What was a formula is marked as one, whatever is left of it on one clean line.
    mark = "'" if is_formula(value) and not is_formula(text) else ""
    return mark + no_formula(text, other) + cut


def _harmless(text: str, other: str) -> bool:
    """Whether a text is safe at first sight, as nearly every cell is."""
    return (
        text[:1].isalnum()
        and text.isascii()
        and text.isprintable()
        and other not in text
        and len(text) <= _CELL
    )


def clean(text: str) -> str:
    r"""One line, without control characters and without what reorders text on the screen.

    >>> clean("a\r\nb\u202ec\x1b[1m")
    'a b c[1m'
    """
    if text.isascii() and text.isprintable():
        return text  # nearly every text
    return _CONTROL.sub("", _BREAKS.sub(" ", text))
