"""Pictures or texts × shards → candidate rows, each with the similarity that made it one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from optout.embeddings.arithmetic import arithmetic
from optout.embeddings.asked import Asked
from optout.embeddings.faiss_index import approximate, ask_index
from optout.embeddings.identity import ModelIdentity
from optout.embeddings.metadata import edition_of, file_name, rows_of
from optout.embeddings.named import ByIndex, Folder, open_folders
from optout.embeddings.scan import Question
from optout.embeddings.search import Hit, Progress, Result, search
from optout.embeddings.shards import NotSearched, Shard
from optout.embeddings.split_product import split_search
from optout.errors import EmbeddingError
from optout.tables import SIMILAR, match_id

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Similar:
    """What a search of shards gave, ready to be printed and kept."""

    rows: list[Row]  # in the columns of optout.tables.SIMILAR
    summary: Row


def find_similar(
    specs: Sequence[str],
    asked: Asked,
    model: ModelIdentity,
    *,
    threshold: float,
    most: int = 1000,
    case_id: str = "",
    chunks: int | None = None,
    by_index: ByIndex = "never",
    kept_in: Path | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Similar:
    """Every row of the shards at least `threshold` similar to what is asked, at most `most` each.

    With `chunks` the similarity is the split product of so many chunks, else the cosine. Of several
    views of a picture the most similar counts. `by_index` as in open_folders. Shards of another
    model are left out with their reason; those that do not say their model are taken to be of
    `model`, and counted.
    Raises EmbeddingError when no shard is left to search.
    """
    folders, left_out = open_folders(specs, model, by_index=by_index)
    indexes = [folder.index for folder in folders if folder.index]
    shards = [shard for folder in folders for shard in folder.shards]
    if not shards:
        reason = left_out[0].reason if left_out else "nothing there"
        raise EmbeddingError(f"no shard can be searched: {reason}", "see docs/guides/similar.md")
    question = Question(asked.vectors, threshold, most)
    if chunks:
        result = split_search(shards, question, chunks)
    else:
        result = search(
            [shard for folder in folders if not folder.index for shard in folder.shards],
            question,
            kept_in=kept_in,
            how=arithmetic(device),
            progress=progress,
            besides=[one for index in indexes for one in ask_index(index, question)],
        )
    told = _Told(folders, asked, model, threshold, case_id)
    rows = told.rows(_of_subjects(result, asked, shards, most))
    summary = {
        "model": model.label(),
        "threshold": threshold,
        "most": most,
        "datasets": _datasets(folders),
        "rows_searched": result.rows,
        "shards_searched": len(shards) - len(result.not_searched),
        "shards_without_model": sum(shard.identity is None for shard in shards),
        "not_searched": [_not_searched(one) for one in (*left_out, *result.not_searched)],
        "approximate": approximate(indexes),
        "damaged_rows": result.damaged_rows,
        "damaged": [
            {"file": one.shard, "row": one.row, "reason": one.reason} for one in result.damaged
        ],
        "metadata_problems": told.problems,
        "subjects": _counts(asked, result, rows),
        "unreadable": [{"name": name, "reason": reason} for name, reason in asked.unreadable],
    }
    return Similar(rows, summary)


def _datasets(folders: Sequence[Folder]) -> list[Row]:
    """Editions searched, each with its rows."""
    rows: Counter[tuple[str, str]] = Counter()
    for folder in folders:
        for shard in folder.shards:
            rows[edition_of(shard, folder.path, folder.label)] += shard.vectors.rows
    return [
        {"dataset": dataset, "edition": edition, "rows": number}
        for (dataset, edition), number in sorted(rows.items())
    ]


def _not_searched(one: NotSearched) -> Row:
    return {"file": one.name, "reason": one.reason}


def _of_subjects(
    result: Result, asked: Asked, shards: Sequence[Shard], most: int
) -> list[tuple[Hit, int, str]]:
    """Of each subject and row the most similar view, in order: hit, subject, view."""
    place = {id(shard): number for number, shard in enumerate(shards)}
    best: dict[tuple[int, int, int], tuple[Hit, int, str]] = {}
    for hit in result.hits:
        subject = asked.of[hit.query]
        key = (subject, place[id(hit.shard)], hit.row)
        if key not in best or hit.score > best[key][0].score:
            best[key] = (hit, subject, asked.view[hit.query])
    order = sorted(best, key=lambda key: (key[0], -best[key][0].score, key[1:]))
    listed: Counter[int] = Counter()
    kept = []
    for key in order:
        listed[key[0]] += 1
        if listed[key[0]] <= most:
            kept.append(best[key])
    return kept


def _counts(asked: Asked, result: Result, rows: Iterable[Row]) -> list[Row]:
    """Per subject how many rows were found, and whether there were more than are listed."""
    listed = Counter(row["query"] for row in rows)
    more = {of for of, more in zip(asked.of, result.at_least, strict=True) if more}
    return [
        {"query": subject.name, "rows": listed[subject.name], "more": place in more}
        for place, subject in enumerate(asked.subjects)
    ]


class _Told:
    """Hits as rows of the table, with what the metadata says of them."""

    def __init__(
        self,
        folders: Sequence[Folder],
        asked: Asked,
        model: ModelIdentity,
        threshold: float,
        case_id: str,
    ) -> None:
        self.problems: list[Row] = []
        self._folder = {id(shard): folder for folder in folders for shard in folder.shards}
        self._asked, self._model = asked, model
        self._threshold, self._case_id = threshold, case_id

    def rows(self, hits: Sequence[tuple[Hit, int, str]]) -> list[Row]:
        by_shard: dict[int, tuple[Shard, list[int]]] = {}
        for hit, *_ in hits:
            by_shard.setdefault(id(hit.shard), (hit.shard, []))[1].append(hit.row)
        known = {key: self._metadata(shard, rows) for key, (shard, rows) in by_shard.items()}
        return [
            self._row(hit, subject, view, known[id(hit.shard)].get(hit.row, {}))
            for hit, subject, view in hits
        ]

    def _metadata(self, shard: Shard, rows: list[int]) -> dict[int, Row]:
        if shard.metadata is None:
            self.problems.append(
                {"file": shard.name, "reason": "no metadata beside it: its rows have no address"}
            )
            return {}
        try:
            return rows_of(shard.metadata, rows)
        except EmbeddingError as error:
            self.problems.append({"file": shard.name, "reason": error.message})
            return {}

    def _row(self, hit: Hit, subject: int, view: str, known: Row) -> Row:
        folder, of = self._folder[id(hit.shard)], self._asked.subjects[subject]
        dataset, edition = edition_of(hit.shard, folder.path, folder.label)
        file = file_name(hit.shard, folder.path)
        row = dict.fromkeys(SIMILAR.names) | {
            "case_id": self._case_id,
            "match_id": match_id(dataset, edition, file, hit.row),
            "dataset": dataset,
            "edition": edition,
            "dataset_file": file,
            "dataset_row": hit.row,
            "kind": None if view == "text" else "embedding",
            "strength": None if view == "text" else "similar_image",
            "query": of.name,
            "image_url": of.image_url,
            "work_id": of.work_id,
            "view": view,
            "model_similarity": hit.score,
            "threshold": self._threshold,
            "model": self._model.name,
            "weights_sha256": self._model.weights_sha256,
            "model_said_by": "file" if hit.shard.identity else "user",
            "vectors_file": hit.shard.name,
        }
        return row | {name: value for name, value in known.items() if name in row} | _host(known)


def _host(known: Row) -> Row:
    try:
        return {"url_host": urlsplit(known.get("url") or "").hostname}
    except ValueError:
        return {"url_host": None}
