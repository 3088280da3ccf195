r"""Rows as dictionaries → lines of JSON or CSV, or a table for the terminal.

The rows hold text from strangers: no form lets it reach the terminal as a command or a
spreadsheet as a formula.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from optout.cells import no_formula

if TYPE_CHECKING:
    from rich.table import Table

    from optout.report.stored import Row

# Not escaped by JSON, yet acted on by terminals: DEL, the C1 controls (U+009B begins a command
# as ESC [ does), the characters that reorder text, line and paragraph separators.
_COMMANDS = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # but tab and line ends
_CAPTURES = 3  # shown of a match
_LONG = 200  # characters of one cell in a table for people


def json_lines(rows: Iterable[Row]) -> Iterator[str]:
    r"""One JSON object per line.

    >>> list(json_lines([{"alt": "\x9b2J café"}]))
    ['{"alt": "\\u009b2J café"}\n']
    """
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, allow_nan=False, default=str)
        yield _COMMANDS.sub(lambda c: f"\\u{ord(c.group()):04x}", text) + "\n"


def csv_lines(rows: Iterable[Row]) -> Iterator[str]:
    """A header and one record per row as in RFC 4180 (lines end with CR LF), formula-safe.

    Lists are joined by "; "; a text that a spreadsheet would take for a formula begins with an
    apostrophe.
    """
    columns: list[str] = []
    for row in rows:
        if not columns:
            columns = list(row)
            yield _record(columns)
        yield _record([_cell(row.get(column)) for column in columns])


def table(name: str, columns: list[str], rows: Iterable[Row]) -> Table:
    """A table of `columns` for the terminal, without control characters, long texts cut."""
    from rich.table import Table
    from rich.text import Text

    result = Table(title=name, title_justify="left", show_lines=False)
    for column in columns:
        result.add_column(column, overflow="fold")
    for row in rows:
        result.add_row(*(Text(_short(row.get(column))) for column in columns))
    return result


def match_block(row: Row, captures: Sequence[Row] = ()) -> str:
    """A match in a few lines: its id (for `optout confirm`), where it is listed, and why; then
    the first `captures` that show a tag with its address."""
    from optout.report.words import evidence_labels, label

    edition = f", edition {row['edition']}" if row["edition"] else ""
    reasons = "; ".join(evidence_labels().get(kind, kind) for kind in row["evidence"] or ())
    lines = [
        f"{row['match_id']}  {row['strength'].replace('_', ' ')}, {label('place', row['place'])}",
        f"  listed in {_short(row['dataset'])}{edition}, file {_short(row['dataset_file'])}, "
        f"row {row['dataset_row']}",
        f"  {_short(row['url'])}",
    ]
    if row["caption"]:
        lines.append(f"  “{_short(row['caption'])}”")
    lines.append(f"  why: {reasons}")
    if row["contradiction"]:
        lines.append(f"  does not fit: {_short(row['contradiction'])}")
    lines += [_capture(capture) for capture in captures[:_CAPTURES]]
    if len(captures) > _CAPTURES:
        lines.append(f"  and {len(captures) - _CAPTURES} more captures (optout show captures)")
    return "\n".join(lines)


def _capture(row: Row) -> str:
    return (
        f"  a capture of {row['captured_at'][:10]} shows this tag: {row['tag']} "
        f"{row['attribute']}={_short(row['raw'])} on {_short(row['page_url'])}; "
        f"{row['robots_reader']} then: {_short(row['robots_words'])}"
    )


def clean(text: str) -> str:
    r"""`text` on one line, without anything that a terminal acts on.

    >>> clean("a\x1b[31mred\u202e\nb")
    'a[31mred b'
    """
    spaced = " ".join(text.split())
    return "".join(c for c in spaced if unicodedata.category(c) not in {"Cc", "Cf", "Cs"})


def _record(cells: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = "; ".join(value)
    elif isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False, default=str)
    if not isinstance(value, str):
        return value
    return no_formula(_CONTROLS.sub("", value))


def _short(value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    text = clean("" if value is None else str(value))
    return text if len(text) <= _LONG else text[:_LONG] + "…"
