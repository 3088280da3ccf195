"""A data file's columns → the SELECT that shows every file alike: the only SQL text built here.

File and column names are quoted as SQL asks; values never come this way.
"""

from __future__ import annotations

from optout.datasets.editions import highest
from optout.datasets.files import DataFile

# Our columns and what they are read as; missing ones are NULL.
TEXTS = ("url", "caption", "sample_id", "hash", "nsfw", "license", "language")
HEX = ("md5", "sha256", "phash")
NUMBERS = ("similarity", "punsafe", "pwatermark", "aesthetic")
SIZES = ("width", "height")


def view_sql(file: DataFile, source: str, row: str) -> str:
    """SELECT over `source` (a table or table function) with `row` as the row number."""
    names = file.columns.names
    columns = [f"CAST({row} AS BIGINT) AS dataset_row"]
    columns += [f"{_text(names.get(name))} AS {name}" for name in TEXTS]
    columns += [f"lower(trim({_text(names.get(name))})) AS {name}" for name in HEX]
    columns += [f"{_highest(names, name)} AS {name}" for name in NUMBERS]
    columns += [f"{_whole(names.get(name))} AS {name}" for name in SIZES]
    columns += [f"{_original(names, name)} AS file_{name}" for name in SIZES]
    return f"SELECT {', '.join(columns)} FROM {source}"  # noqa: S608


def identifier(name: str) -> str:
    """`name` as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _text(name: str | None) -> str:
    return f"TRY_CAST({identifier(name)} AS VARCHAR)" if name else "CAST(NULL AS VARCHAR)"


def _number(name: str | None) -> str:
    if name is None:
        return "CAST(NULL AS DOUBLE)"
    value = f"TRY_CAST({identifier(name)} AS DOUBLE)"
    return f"CASE WHEN isfinite({value}) THEN {value} END"  # NaN stands for "not known"


def _highest(names: dict[str, str], name: str) -> str:
    """A number; where a file has it in several columns, the highest of a row."""
    present = [one for one in highest().get(name, (name,)) if one in names]
    if len(present) < 2:
        return _number(names[present[0]] if present else None)
    return f"greatest({', '.join(_number(names[one]) for one in present)})"


def _whole(name: str | None) -> str:
    return f"TRY_CAST({_number(name)} AS BIGINT)"


def _original(names: dict[str, str], side: str) -> str:
    """The size of the file itself: not known where a downloader has resized the pictures."""
    if f"original_{side}" in names:
        return _whole(names[f"original_{side}"])
    return _whole(None if "status" in names else names.get(side))
