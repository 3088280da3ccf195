"""Two searches of a case (or of two) → matches gone, new, and found on other grounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from optout.errors import CaseError

_FILE = "matches.parquet"


def matches_of(folder: Path) -> Path | None:
    """The file of matches in a matches/ or case folder; None where it is neither."""
    for place in (folder / _FILE, folder / "matches" / _FILE):
        if place.is_file():
            return place
    return None


def compare_searches(before: Path, after: Path) -> list[dict[str, Any]]:
    """Every difference of two files of matches: change (new, gone, changed), match_id, dataset,
    edition, dataset_file, dataset_row, url, url_host, strength_before, strength_after.

    Raises CaseError when a file cannot be read.
    """
    from optout.database import connect, dictionaries, relation

    with connect() as connection:
        for name, path in (("matches_before", before), ("matches_after", after)):
            _load(connection, name, path)
        return dictionaries(relation(connection, "diff_matches"))


def _load(connection: Any, name: str, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from optout.tables import MATCHES

    columns = ("match_id", "dataset", "edition", "dataset_file", "dataset_row", "url", "url_host")
    wanted = [*columns, "strength"]
    try:
        table = pq.read_table(path, columns=wanted)
        schema = pa.schema([MATCHES.field(column) for column in wanted])
        connection.register(name, table.select(wanted).cast(schema))
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise CaseError(
            f"{path} cannot be read: {str(error).splitlines()[0]}", "search again: optout match"
        ) from error
