"""What a search of shards gave → similar/ in the case, whole or as it was before."""

from __future__ import annotations

import json
from pathlib import Path

from optout.case import Case
from optout.embeddings.similar import Similar
from optout.errors import CaseError

FOLDER = "similar"


def folder_of(case: Case) -> Path:
    """Where a case keeps what shards gave; apart from matches/, which each match makes anew."""
    return case.folder / FOLDER


def write_similar(case: Case, found: Similar) -> Path:
    """Write similar.parquet and summary.json. Raises CaseError, the last ones intact."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from optout.tables import SIMILAR

    folder = folder_of(case)
    file, summary = folder / "similar.parquet", folder / "summary.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pylist(found.rows, schema=SIMILAR)
        pq.write_table(table, folder / ".similar.partial", compression="zstd")
        text = json.dumps(found.summary, ensure_ascii=False, indent=2) + "\n"
        (folder / ".summary.partial").write_text(text, "utf-8", errors="replace")
        (folder / ".similar.partial").replace(file)
        (folder / ".summary.partial").replace(summary)
    except OSError as error:
        raise CaseError(
            f"cannot write {folder}: {error.strerror or error}", "free some space, then try again"
        ) from error
    return file
