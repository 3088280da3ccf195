"""Texts from strangers → cells that are no formula; rows of cells → a file for spreadsheets."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

# What a spreadsheet takes for a formula, also after blanks and in its full-width forms.
_BEGINS = r"[=+\-@\t\r＝＋－＠]"
_FORMULA = re.compile(rf"\s*{_BEGINS}")
# A program that splits at the separator a file does not use begins a cell there.
_AFTER = {other: re.compile(rf"({other}\s*)(?={_BEGINS})") for other in ";,"}


def is_formula(text: str) -> bool:
    """Whether a spreadsheet takes a cell with `text` for a formula."""
    return _FORMULA.match(text) is not None


def no_formula(text: str, other: str = ";") -> str:
    r"""`text` with an apostrophe wherever a spreadsheet would begin a formula.

    `other`: the separator that the file does not use, and a program may split at all the same.

    >>> no_formula("=1+1"), no_formula("a; -2"), no_formula("a-b", ",")
    ("'=1+1", "a; '-2", 'a-b')
    """
    if other in text:
        text = _AFTER[other].sub(r"\1'", text)
    return f"'{text}" if is_formula(text) else text


def csv_file(rows: Iterable[Sequence[Any]], separator: str = ",") -> bytes:
    r"""Rows of safe cells as RFC 4180 has them, in UTF-8 with the mark that spreadsheets go by.

    >>> csv_file([("name", "size"), ("a,b", 2)])
    b'\xef\xbb\xbfname,size\r\n"a,b",2\r\n'
    """
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode("utf-8-sig", "replace")
