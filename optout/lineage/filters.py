"""lineage.toml and the rows of a case → which published training filter each row meets."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.errors import CaseError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

COLUMNS = ("width", "height", "aesthetic", "pwatermark", "punsafe")
_COMPARISONS = ("at_least", "above", "below")


@dataclass(frozen=True, slots=True)
class Stage:
    """One published training stage of a model."""

    model: str
    source: str
    checked: date
    name: str
    place: int  # order in the file
    editions: tuple[str, ...]  # rows of which are rows of the stage's data set
    conditions: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Lineage:
    """One row and one stage.

    `outcome` is `meets`, `does_not_meet` or `cannot_be_told`; `because` names each value that
    decided, or each that is missing.
    """

    match_id: str
    dataset: str
    edition: str
    dataset_file: str
    dataset_row: int
    strength: str
    model: str
    stage: str
    outcome: str
    because: tuple[str, ...]

    @property
    def words(self) -> str:
        """The outcome as a sentence; it never says that a picture was used."""
        of = f"the filter published for {self.model} ({self.stage})"
        return {
            "meets": f"meets {of}",
            "does_not_meet": f"does not meet {of}",
            "cannot_be_told": f"cannot be told for {of}",
        }[self.outcome]


@cache
def stages() -> tuple[Stage, ...]:
    """Every published stage, in the order of lineage.toml."""
    table = _table()
    found = [(model, stage) for model in table["model"] for stage in model["stage"]]
    return tuple(
        Stage(
            model=model["name"],
            source=model["source"],
            checked=model["checked"],
            name=stage["name"],
            place=place,
            editions=tuple(table["sets"][stage["of"]]),
            conditions=tuple(stage["conditions"]),
        )
        for place, (model, stage) in enumerate(found)
    )


@cache
def _table() -> dict[str, Any]:
    text = (resources.files(__package__) / "lineage.toml").read_text("utf-8")
    return tomllib.loads(text)


def lineage(case: Case) -> list[Lineage]:
    """Every row that a search of the case tied to it × every stage, in a fixed order.

    Rows come from matches/ and from similar/. Raises CaseError when neither is there.
    """
    from optout.database import open_case
    from optout.embeddings.stored import FOLDER

    files = [
        path
        for path in (case.matches / "matches.parquet", case.folder / FOLDER / "similar.parquet")
        if path.is_file()
    ]
    if not files:
        raise CaseError("nothing has been searched for yet", "first: optout match --dataset FILES")
    with open_case(case) as connection:
        return rows_lineage(connection, _rows(files))


def _rows(files: list[Any]) -> pa.Table:
    """Each row once, from whichever file names it first (matches before similar)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from optout.tables import MATCHES

    names = ("match_id", "dataset", "edition", "dataset_file", "dataset_row", "strength", *COLUMNS)
    schema = pa.schema([MATCHES.field(name) for name in names])
    seen: dict[str, dict[str, Any]] = {}
    try:
        for file in files:
            for row in pq.read_table(file, columns=list(names)).to_pylist():
                seen.setdefault(row["match_id"], row)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise CaseError(
            f"{file} cannot be read", "search again: everything there can be made anew"
        ) from error
    return pa.Table.from_pylist(list(seen.values()), schema)


def rows_lineage(connection: duckdb.DuckDBPyConnection, rows: pa.Table) -> list[Lineage]:
    """The same for any rows with the columns match_id to strength and COLUMNS."""
    from optout.database import dictionaries, relation

    connection.register("lineage_rows", rows)
    for name, table in _lookups().items():
        connection.register(name, table)
    found = dictionaries(relation(connection, "lineage"))
    return [Lineage(**{**row, "because": tuple(row["because"] or ())}) for row in found]


def _lookups() -> dict[str, pa.Table]:
    import pyarrow as pa

    editions = [
        {"stage_place": stage.place, "edition": edition}
        for stage in stages()
        for edition in stage.editions
    ]
    named = [
        {"stage_place": stage.place, "model": stage.model, "stage": stage.name}
        for stage in stages()
    ]
    scores = [
        {"column_name": column, "edition": edition}
        for column, of in _table()["scores"].items()
        for edition in of
    ]
    conditions = [
        _condition(stage.place, number, condition)
        for stage in stages()
        for number, condition in enumerate(stage.conditions)
    ]
    return {
        "lineage_stages": pa.Table.from_pylist(named),
        "lineage_editions": pa.Table.from_pylist(editions),
        "lineage_scores": pa.Table.from_pylist(scores),
        "lineage_conditions": pa.Table.from_pylist(conditions),
    }


def _condition(place: int, number: int, condition: dict[str, Any]) -> dict[str, Any]:
    comparison = next(name for name in _COMPARISONS if name in condition)
    return {
        "stage_place": place,
        "condition_place": number,
        "column_name": condition["column"],
        "comparison": comparison,
        "bound": float(condition[comparison]),
        "edge_unclear": bool(condition.get("edge_unclear", False)),
    }
