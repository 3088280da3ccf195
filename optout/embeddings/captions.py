"""Words × the metadata of shards → the rows whose text holds them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optout.datasets.columns import check
from optout.datasets.files import DataFile
from optout.datasets.view import view_sql
from optout.embeddings.metadata import edition_of, file_name
from optout.embeddings.named import Folder
from optout.embeddings.shards import NotSearched
from optout.errors import DatasetError


def find_captions(
    folders: Sequence[Folder], words: str, most: int = 1000
) -> tuple[list[dict[str, Any]], list[NotSearched]]:
    """At most `most` rows of each metadata file, and the files that could not be read.

    A row: dataset, edition, dataset_file, dataset_row, url, caption.
    """
    from optout.database import connect

    found: list[dict[str, Any]] = []
    left_out: list[NotSearched] = []
    with connect() as connection:
        for folder in folders:
            for shard in folder.shards:
                if shard.metadata is None:
                    left_out.append(NotSearched(shard.name, "no metadata beside it"))
                    continue
                name = file_name(shard, folder.path)
                dataset, edition = edition_of(shard, folder.path, folder.label)
                try:
                    columns = check(shard.metadata)
                    file = DataFile(shard.metadata, dataset, edition, name, 0, columns)
                    rows = _rows(connection, file, words, most)
                except DatasetError as error:
                    left_out.append(NotSearched(name, error.message))
                    continue
                named = {"dataset": dataset, "edition": edition, "dataset_file": name}
                found += [named | row for row in rows]
    return found, left_out


def _rows(connection: Any, file: DataFile, words: str, most: int) -> list[dict[str, Any]]:
    from optout.database import dictionaries, quoted, relation

    # Square brackets and stars in a file's own name are no pattern.
    literal = "".join(f"[{char}]" if char in "*?[" else char for char in str(file.path))
    options = "file_row_number = true, hive_partitioning = false, binary_as_string = true"
    source = f"read_parquet([{quoted(literal)}], {options})"
    try:
        view = view_sql(file, source, "file_row_number")
        connection.execute(f"CREATE OR REPLACE TEMP VIEW metadata_rows AS {view}")
        asked = words.lower().split()
        return dictionaries(relation(connection, "caption_rows", words=asked, most=most))
    except Exception as error:
        # The database and Arrow each have a tree of errors of their own for a damaged file.
        raise DatasetError(f"{file.path} cannot be read", "load the file again") from error
