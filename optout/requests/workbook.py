"""The records of all request lists → requests.xlsx, a sheet per destination; no cell is active.

Every text is written as a text: no formula, no link, and none begins as a formula, since a
sheet may be saved as CSV later. Two runs give identical bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from optout.requests.formats import CSV_COLUMNS
from optout.requests.plain import cell
from optout.requests.select import Row

if TYPE_CHECKING:
    from xlsxwriter import Workbook

# Excel's limits: rows of a sheet, characters of a sheet's name, a name that it keeps for itself.
ROWS = 1_048_576
_NAME = 31
_TAKEN = "history"
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9._ -]+")  # folders have no other characters
_WIDTHS = {
    **dict.fromkeys(("request_id", "work_id", "kind", "destination_id"), 24),
    **dict.fromkeys(("original_url", "match_url", "page_url", "caption", "notes"), 40),
}
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}


def workbook(sheets: Iterable[tuple[str, list[Row]]], made: datetime) -> bytes:
    """One sheet for each (destination folder, records). `made`: the time the file carries."""
    from xlsxwriter import Workbook

    out = io.BytesIO()
    with Workbook(out, _OPTIONS) as book:
        # The library stamps its files inside the archive with 1980; this is the other clock.
        book.set_properties({"created": made.replace(tzinfo=None), "title": "Request lists"})
        names = {_TAKEN}
        for title, rows in sheets:
            for part in _parts(rows):
                _sheet(book, _free(title, names), part)
    return out.getvalue()


def _sheet(book: Workbook, name: str, rows: list[Row]) -> None:
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(CSV_COLUMNS):
        sheet.set_column(column, column, _WIDTHS.get(title, 16))
        sheet.write_string(0, column, title, bold)
    for number, row in enumerate(rows, 1):
        for column, title in enumerate(CSV_COLUMNS):
            value = cell(row[title])
            if isinstance(value, bool | str):
                if value != "":
                    sheet.write_string(number, column, str(value))
            else:
                sheet.write_number(number, column, value)


def _parts(rows: list[Row]) -> Iterator[list[Row]]:
    """Rows that fit one sheet below its header; one part where there are none."""
    for start in range(0, max(len(rows), 1), ROWS - 1):
        yield rows[start : start + ROWS - 1]


def _free(title: str, names: set[str]) -> str:
    """A sheet's name that Excel takes and that is not in use; it ignores case."""
    plain = _NOT_IN_NAME.sub("-", title).strip() or "list"
    number, name = 1, plain[:_NAME]
    while name.casefold() in names:
        number += 1
        ending = f" {number}"
        name = plain[: _NAME - len(ending)] + ending
    names.add(name.casefold())
    return name
