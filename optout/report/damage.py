"""Database errors while the case's files are read → one CaseError with the next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from optout.case import Case
from optout.errors import CaseError


@contextmanager
def damage_told(case: Case) -> Iterator[None]:
    """Turn what the database says about a damaged file of `case` into a CaseError.

    A Parquet file may open (its footer is whole) and yet break when its pages are read. The
    error reaches Python from DuckDB itself or through Arrow; neither is imported for its name.
    """
    try:
        yield
    except Exception as error:
        if type(error).__module__.split(".")[0] not in {"duckdb", "_duckdb", "pyarrow"} and not (
            type(error) is OSError and error.errno is None  # Arrow's name for a DuckDB error
        ):
            raise
        said = next(iter(str(error).splitlines()), type(error).__name__)
        raise CaseError(
            f"a file of {case.folder} is damaged: {said}",
            "restore it from a copy; what is in matches/ can be made again: optout match",
        ) from error
