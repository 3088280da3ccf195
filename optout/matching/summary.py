"""What was searched and found → matches/summary.json, for people and for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.case import Case
from optout.tables import STRENGTHS

if TYPE_CHECKING:
    import pyarrow as pa

    from optout.matching.artist import Artist
    from optout.matching.source import FileCount

PLACES = ("own_site", "declared", "own_account", "seen_host", "elsewhere")
_EXAMPLES = 10  # skipped rows shown for each data set
_SHOWN = 200  # characters of a text


@dataclass(frozen=True, slots=True)
class MatchSummary:
    """Where the matches are, what summary.json says, and how the set of matches changed."""

    folder: Path
    data: dict[str, Any]
    new: int  # matches that the search before did not have
    gone: int  # matches of the search before that this one does not have

    @property
    def changed(self) -> bool:
        """Whether the matches are other ones than before."""
        return bool(self.new or self.gone)


@dataclass(frozen=True, slots=True)
class Beside:
    """What is to be said of a search beside what it found."""

    captions: bool = True  # whether they were looked at
    not_read: tuple[str, ...] = ()  # files with damage, each in a sentence
    twins: tuple[tuple[str, str], ...] = ()  # files with the same content as another, named second
    phashes: str = "near"  # which picture hashes of rows were found: near, equal or none


# Kinds of evidence that rest on captions.
_OF_CAPTIONS = ("alt_or_title", "artist_name")
_OF_LOOKS = ("perceptual_hash",)


def summarise(
    case: Case,
    artist: Artist,
    counts: Sequence[FileCount],
    tables: dict[str, pa.Table],
    beside: Beside,
) -> dict[str, Any]:
    """The content of summary.json.

    `not_covered` names the kinds of evidence that were not looked for, `not_read` the files that
    could not be searched, `same_content` files left out since another one holds the same.

    `picture_hashes` says which of those that rows carry were found: `near` ones, those `equal` to
    one of the artist's (an index was asked) or `none`.

    `not_searched` names hosts and names that cannot be searched for, with advice; `too_common`
    texts and file names in too many rows (with how many), then those too general to look for.
    Icons and the like count neither among `images` nor among `works`; addresses that only captures
    of an archive name are counted apart, as `images_archived`.
    """
    matches = tables["matches"]
    unlisted = set(tables["not_listed"]["image_url"].to_pylist())
    pictures = artist.pictures - artist.archived
    works = _works(tables["works"], pictures, unlisted)
    return {
        "date": case.as_of().isoformat(),
        "matches": matches.num_rows,
        "by_strength": _counted(matches["strength"].to_pylist(), STRENGTHS),
        "by_place": _counted(matches["place"].to_pylist(), PLACES),
        "contradictions": matches.num_rows - matches["contradiction"].null_count,
        "files": len(counts),
        "rows": sum(count.rows for count in counts),
        "bytes": sum(count.file.size for count in counts),
        "null_urls": sum(count.null_urls for count in counts),
        "skipped": sum(count.skipped for count in counts),
        "datasets": _datasets(counts),
        "images": len(pictures),
        "images_archived": len(artist.archived),
        "images_not_listed": len(unlisted),
        "works": len(works),
        "works_not_listed": sum(not listed for listed in works.values()),
        "not_searched": [asdict(one) for one in artist.not_searched],
        "too_common": _too_common(artist),
        "not_covered": [
            *(_OF_LOOKS if beside.phashes == "none" else ()),
            *(() if beside.captions else _OF_CAPTIONS),
        ],
        "picture_hashes": beside.phashes,
        "not_read": list(beside.not_read),
        "same_content": [{"file": file, "same_as": other} for file, other in beside.twins],
    }


def _counted(values: Iterable[str], names: Sequence[str]) -> dict[str, int]:
    counts = Counter(values)
    return {name: counts[name] for name in names}


def _works(works: pa.Table, pictures: frozenset[str], unlisted: set[str]) -> dict[str, bool]:
    """Each work, and whether a searched row names one of its images."""
    found: dict[str, bool] = {}
    for work in works.select(["work_id", "image_url"]).to_pylist():
        if work["image_url"] in pictures:
            listed = work["image_url"] not in unlisted
            found[work["work_id"]] = found.get(work["work_id"], False) or listed
    return found


def _datasets(counts: Sequence[FileCount]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str], list[FileCount]] = {}
    for count in counts:
        groups.setdefault((count.file.dataset, count.file.edition), []).append(count)
    return [_dataset(*name, group) for name, group in groups.items()]


def _dataset(name: str, edition: str, counts: Sequence[FileCount]) -> dict[str, Any]:
    examples = [
        {"file": count.file.name, "row": row, "value": value}
        for count in counts
        for row, value in count.examples
    ]
    return {
        "dataset": name,
        "edition": edition,
        "rows": sum(count.rows for count in counts),
        "bytes": sum(count.file.size for count in counts),
        "null_urls": sum(count.null_urls for count in counts),
        "skipped": sum(count.skipped for count in counts),
        "skipped_examples": examples[:_EXAMPLES],
        "files": [
            {
                "file": count.file.name,
                "rows": count.rows,
                "bytes": count.file.size,
                "null_urls": count.null_urls,
                "skipped": count.skipped,
            }
            for count in counts
        ],
    }


def _too_common(artist: Artist) -> list[dict[str, Any]]:
    """Texts and file names in too many rows, most first; then texts too general to look for."""
    from optout.matching.texts import generic

    most = generic().most_rows
    counted = [(t.rows, t.alt, "text") for t in artist.texts.values() if t.rows > most]
    counted += [
        (stem.rows_elsewhere, name, "file name")
        for name, stem in artist.stems.items()
        if stem.rows_elsewhere > most
    ]
    counted.sort(key=lambda one: (-one[0], one[1], one[2]))
    found = [{"text": text[:_SHOWN], "rows": rows, "what": what} for rows, text, what in counted]
    general = [{"text": t[:_SHOWN], "rows": None, "what": "text"} for t in artist.common_texts]
    return found + general
