"""Requests or matches → the rows a pack is about, and the addresses to look at, each with why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from crawler.urls import clean
from optout.case import Case
from optout.errors import RequestError
from optout.evidence_pack.refused import not_looked_at
from optout.register.asked import Asked, named

Row = dict[str, Any]

MOST_ROWS = 50  # of one pack: more addresses than these are no single look any more
LISTED, IMAGE, PAGE, SITE = "listed address", "your image", "your page", "your site"


@dataclass(frozen=True, slots=True)
class Subject:
    """One address: what it is in the case, and why it is not looked at, if so."""

    url: str  # in clean form, or as written where it has none
    roles: tuple[str, ...]
    match_ids: tuple[str, ...]
    refused: str = ""

    @property
    def page(self) -> bool:
        return PAGE in self.roles or SITE in self.roles


@dataclass(frozen=True, slots=True)
class About:
    """What a pack is about."""

    name: str  # of the pack's folder, without its time
    requests: tuple[Asked, ...]
    rows: tuple[Row, ...]  # columns of queries/pack_rows.sql
    subjects: tuple[Subject, ...]
    left_out: int = 0  # rows beyond MOST_ROWS


def about(
    case: Case, words: Sequence[str], match_ids: Sequence[str] = (), *, most: int = MOST_ROWS
) -> About:
    """What `words` (requests, see optout.register.named) and `match_ids` name.

    Raises RequestError for an unknown one, CaseError where the case cannot be read.
    """
    requests = named(case, tuple(words))
    chosen = list(dict.fromkeys([*(one.match_id for one in requests if one.match_id), *match_ids]))
    rows = _rows(case, chosen)
    unknown = [i for i in match_ids if i not in {row["match_id"] for row in rows}]
    if unknown:
        raise RequestError(
            f"{case.folder} has no match {unknown[0][:60]}", "see: optout show matches"
        )
    kept = rows[:most]
    ids = {row["match_id"] for row in kept}
    asked = tuple(one for one in requests if not one.match_id or one.match_id in ids)
    return About(
        name=_name(words, match_ids),
        requests=asked,
        rows=tuple(kept),
        subjects=tuple(_subjects(kept, asked)),
        left_out=len(rows) - len(kept),
    )


def _name(words: Sequence[str], match_ids: Sequence[str]) -> str:
    """A plain folder name for what was named: the first of it, and how many more."""
    first = [*words, *match_ids][0].rstrip("/").rpartition("/")[2]
    plain = "".join(c if c.isascii() and (c.isalnum() or c in ".-") else "-" for c in first)
    more = len(words) + len(match_ids) - 1
    return (plain.strip(".-")[:60] or "pack") + (f"-and-{more}-more" if more else "")


def _rows(case: Case, match_ids: list[str]) -> list[Row]:
    from optout.requests.select import rows_of

    if not match_ids:
        return []
    if not (case.matches / "matches.parquet").is_file():
        raise RequestError(
            f"no data set has been searched for {case.folder} yet", "optout match --dataset SPEC"
        )
    return rows_of(case, "pack_rows", match_ids=match_ids)


def _subjects(rows: Iterable[Row], requests: Iterable[Asked]) -> Iterator[Subject]:
    """Each address once; one that a flagged row lists is not looked at, whatever else it is."""
    found: dict[str, list[tuple[str, str]]] = {}
    refused: dict[str, str] = {}
    for role, url, row in _mentions(rows, requests):
        plain = clean(url) or url
        found.setdefault(plain, []).append((role, row.get("match_id") or ""))
        why = not_looked_at(row) if role == LISTED else None
        if why is None and clean(url) is None:
            why = "it is no http(s) address"
        if why:
            refused[plain] = why
    for url, mentions in found.items():
        roles, ids = zip(*mentions, strict=True)
        yield Subject(
            url,
            tuple(dict.fromkeys(roles)),
            tuple(dict.fromkeys(i for i in ids if i)),
            refused.get(url, ""),
        )


def _mentions(rows: Iterable[Row], requests: Iterable[Asked]) -> Iterator[tuple[str, str, Row]]:
    for row in rows:
        for role, column in ((LISTED, "url"), (IMAGE, "image_url"), (PAGE, "page_url")):
            if row[column]:
                yield role, row[column], row
    for one in requests:
        if not one.match_id and one.url:
            yield SITE, one.url if "://" in one.url else f"https://{one.url}/", {}
