"""A CSV file from an office program → its records with line numbers; broken ones set apart."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from optout.errors import MembersError
from optout.members.columns import column

MOST_BYTES = 64 * 2**20  # 5,000 members take one
_MOST_LINES = 50  # of one record; a quotation mark that nobody closed would take all the rest
_DELIMITERS = ";,\t|"
_LONGEST = 100_000  # characters of one cell
_SEVERAL = ("names", "sites", "accounts", "languages")  # may stand in several columns


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that was left out: where it stands and why."""

    line: int  # 1 is the first line of the file
    column: str  # as the file calls it, or "" where the whole row is meant
    reason: str
    number: str = ""  # the member it is about, where that could be read


@dataclass(frozen=True, slots=True)
class Record:
    """One row: cells by our column names."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A members file, read."""

    records: tuple[Record, ...]
    broken: tuple[Broken, ...]
    headers: dict[str, str]  # our column → as the file calls it
    ignored: tuple[str, ...]  # headers that are no column of ours
    encoding: str
    delimiter: str


def read_table(path: Path) -> Table:
    """Read a members file: UTF-8 (with or without a mark), UTF-16 or Windows-1252; `;`, `,`, tab.

    Raises MembersError when it is no such table: unreadable, too large, or without a header line
    that names a member number.
    """
    text, encoding = _decoded(_content(path))
    # Not splitlines(): that would also end a line at form feeds and the like inside a cell.
    lines = re.findall(r"[^\n]*\n|[^\n]+", text.replace("\r\n", "\n").replace("\r", "\n"))
    first, delimiter, names = _header(path, lines)
    ours = [column(name) for name in names]
    _refuse_twice(path, names, ours)
    records: list[Record] = []
    broken: list[Broken] = []
    for found in _rows(lines, first, delimiter, names, ours):
        if isinstance(found, Broken):
            broken.append(found)
        else:
            records.append(found)
    headers = {name: written.strip() for name, written in zip(ours, names, strict=True) if name}
    ignored = tuple(n for n, name in zip(names, ours, strict=True) if n.strip() and not name)
    return Table(tuple(records), tuple(broken), headers, ignored, encoding, delimiter)


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise MembersError(
                f"{path} is larger than {MOST_BYTES // 2**20} MB, more than a list of members is",
                "name the CSV file with one row per member",
            )
        content = path.read_bytes()
    except OSError as error:
        raise MembersError(
            f"cannot read {path}: {error.strerror or error}", "check the name and who may read it"
        ) from error
    if content[:4] == b"PK\x03\x04":
        raise MembersError(
            f"{path} is a workbook, not CSV", "in the spreadsheet: save as, CSV UTF-8"
        )
    return content


def _decoded(content: bytes) -> tuple[str, str]:
    """Text and the name of its encoding. What no encoding explains becomes U+FFFD."""
    if content.startswith(codecs.BOM_UTF8):
        return content.decode("utf-8-sig", "replace"), "UTF-8"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace"), "UTF-16"
    if content[:200].count(0) > len(content[:200]) // 4:
        little = content[1:200:2].count(0) >= content[0:200:2].count(0)
        return content.decode("utf-16-le" if little else "utf-16-be", "replace"), "UTF-16"
    if _is_utf8(content):
        return content.decode("utf-8", "replace"), "UTF-8"
    return content.decode("cp1252", "replace"), "Windows-1252"


def _is_utf8(content: bytes) -> bool:
    """By the majority of its lines: one torn letter does not make a file Windows-1252."""
    good = bad = 0
    for line in content.splitlines():
        if not line.isascii():
            try:
                line.decode("utf-8")
                good += 1
            except UnicodeDecodeError:
                bad += 1
    return good > bad or not bad


def _header(path: Path, lines: list[str]) -> tuple[int, str, list[str]]:
    """Index of the header line, the delimiter under which most of it is known, its names."""
    start = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    # A first line of spreadsheets that only says what separates the cells.
    if start < len(lines) and lines[start].strip().lower().startswith("sep="):
        start += 1
    tried = []
    for delimiter in _DELIMITERS:
        names = next(csv.reader(lines[start : start + 1], delimiter=delimiter), [])
        tried.append((sum(bool(column(name)) for name in names), delimiter, names))
    known, delimiter, names = max(tried, key=lambda one: one[0])
    if not known or "number" not in map(column, names):
        shown = ", ".join(name.strip()[:40] for name in names[:8] if name.strip()) or "nothing"
        raise MembersError(
            f"{path} has no column with member numbers in its first line ({shown})",
            'give the columns names such as "member number", "names", "sites"',
        )
    return start, delimiter, names


def _refuse_twice(path: Path, names: list[str], ours: list[str | None]) -> None:
    for place, name in enumerate(ours):
        if name and name in ours[:place] and name not in _SEVERAL:
            other = names[ours.index(name)]
            raise MembersError(
                f"{path}: the columns {other!r} and {names[place]!r} both mean {name}",
                "rename or remove one of them",
            )


def _rows(
    lines: list[str], header: int, delimiter: str, names: list[str], ours: list[str | None]
) -> Iterator[Record | Broken]:
    at = header + 1
    while at < len(lines):
        cells, taken = _record(lines, at, delimiter)
        if taken > 1 and len(cells) != len(names):
            # Most likely a quotation mark that is not closed: only its own line is lost.
            yield Broken(at + 1, "", "a quotation mark is not closed")
            at += 1
            continue
        if any(cell.strip() for cell in cells):
            last = at + taken >= len(lines)
            yield _checked(at + 1, cells, names, ours, torn=last and not lines[-1].endswith("\n"))
        at += taken


def _record(lines: list[str], at: int, delimiter: str) -> tuple[list[str], int]:
    """The cells of the record that begins at a line, and how many lines it takes."""
    csv.field_size_limit(_LONGEST)
    reader = csv.reader(islice(lines, at, at + _MOST_LINES), delimiter=delimiter)
    try:
        cells = next(reader, [])
    except csv.Error:
        return [], _MOST_LINES
    return (cells, max(reader.line_num, 1)) if reader.line_num < _MOST_LINES else ([], _MOST_LINES)


def _checked(
    line: int, cells: list[str], names: list[str], ours: list[str | None], *, torn: bool
) -> Record | Broken:
    found = {name: "" for name in ours if name}
    for name, cell in zip(ours, cells, strict=False):
        if name:
            found[name] = f"{found[name]};{cell.strip()}".strip(";")
    number = found["number"]
    if any(cell.strip() for cell in cells[len(names) :]):
        reason = f"{len(cells)} cells where the first line has {len(names)}"
        return Broken(line, "", reason, number)
    if torn and len(cells) < len(names):
        return Broken(line, "", "the file ends in the middle of this row", number)
    for written, cell in zip(names, cells, strict=False):
        if "\ufffd" in cell:
            return Broken(line, written.strip(), "holds bytes that are no text", number)
        if any(ord(c) < 32 and c not in "\t\n" for c in cell):
            return Broken(line, written.strip(), "holds control characters", number)
    return Record(line, found)
