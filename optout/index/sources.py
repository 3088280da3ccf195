"""Data files → Source records that tell whether a file is still the same, and one view of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from optout.datasets import DataFile
from optout.datasets.columns import ROW, Columns
from optout.datasets.text import batches
from optout.datasets.view import view_sql
from optout.errors import DatasetError, OptoutError
from optout.index.layout import Source, digest

if TYPE_CHECKING:
    import duckdb


def source(file: DataFile) -> Source:
    """How a data file is known again: place, size, time, and hash of its footer."""
    if not isinstance(file.path, Path):
        raise DatasetError(
            f"{file.path} is not on this machine", "load the file, and build the index of that"
        )
    stat = file.path.stat()
    return Source(
        file.dataset,
        file.edition,
        file.name,
        str(file.path.absolute()),
        stat.st_size,
        stat.st_mtime_ns,
        source_digest(file.path),
        rows=file.columns.rows or 0,
    )


def source_digest(path: Path) -> str:
    """sha256 of a Parquet file's footer, which names the place, size and bounds of every column
    piece; of any other file whole."""
    if path.suffix.lower() != ".parquet":
        return digest(path)
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - 8, 0))
        length = int.from_bytes(file.read(4), "little")
        file.seek(max(size - 8 - length, 0))
        return sha256(file.read()).hexdigest()


def unchanged(known: Source) -> bool:
    """Whether the file is there with the size and time it had."""
    try:
        stat = Path(known.path).stat()
    except OSError:
        return False
    return (stat.st_size, stat.st_mtime_ns) == (known.size, known.modified)


def refuse_changed(sources: Sequence[Source]) -> None:
    """Raises DatasetError naming the first source that is not as it was."""
    for one in sources:
        if not unchanged(one):
            raise DatasetError(
                f"{one.path} has changed since the build of the index began",
                "let the file be, then build the index anew in another folder",
            )


def dataset_view(
    connection: duckdb.DuckDBPyConnection, files: Sequence[tuple[int, DataFile]], staged: Path
) -> None:
    """The view `dataset`: all rows of numbered files. Text files are put into `staged` first."""
    from optout.database import quoted

    selects = []
    for number, file in files:
        path = file.path
        if file.columns.format != "parquet":
            path = _as_parquet(file, staged / f"text-{number:05}.parquet")
            names = {name: name for name in file.columns.names}
            file = replace(file, columns=Columns("parquet", names))  # noqa: PLW2901
        row = ROW if path == file.path else "dataset_row"
        numbered = "true" if path == file.path else "false"
        from_file = (
            f"read_parquet([{quoted(_literal(str(path)))}], file_row_number = {numbered}, "
            "hive_partitioning = false, binary_as_string = true)"
        )
        columns = view_sql(file, from_file, row).removeprefix("SELECT ")
        selects.append(f"SELECT {number}::INTEGER AS file, {columns}")
    body = " UNION ALL ".join(selects)
    connection.execute(f"CREATE OR REPLACE TEMP VIEW dataset AS {body}")


def _literal(path: str) -> str:
    # Square brackets and stars in a file's own name are no pattern.
    return "".join(f"[{char}]" if char in "*?[" else char for char in path)


def _as_parquet(file: DataFile, to: Path) -> Path:
    import pyarrow.parquet as pq

    writer = None
    try:
        for table in batches(file.path, file.columns):
            writer = writer or pq.ParquetWriter(to, table.schema, compression="zstd")
            writer.write_table(table)
    finally:
        if writer:
            writer.close()
    if writer is None:
        raise DatasetError(f"{file.path} has no rows", "load the file again")
    return to


def damaged(
    connection: duckdb.DuckDBPyConnection, files: Sequence[tuple[int, DataFile]], staged: Path
) -> DatasetError | None:
    """Which of `files` cannot be read to its end, as an error to raise; None if all can."""
    for numbered in files:
        try:
            dataset_view(connection, [numbered], staged)
            connection.execute("SELECT max(strlen(url)), max(strlen(caption)) FROM dataset")
        except OptoutError:
            raise
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            return DatasetError(
                f"{numbered[1].path} cannot be read: {reason}", "load the file again"
            )
    return None
