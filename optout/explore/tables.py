"""Counts by column and value → tables with labels, in the order they are shown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from optout.datasets import DataFile
from optout.explore.gather import Bar, Table, split_names

_TITLES = {
    "domains": "Domains with most rows",
    "hosts": "Hosts with most rows",
    "width": "Width of the image, pixels",
    "height": "Height of the image, pixels",
    "similarity": "Similarity of image and caption",
    "pwatermark": "Probability of a watermark",
    "punsafe": "Probability that the image is unsafe",
    "aesthetic": "Aesthetic score",
    "language": "Language of the caption",
    "names": "Names most mentioned in captions",
}
# column → (values of one bin, digits of its bounds)
_BINS = {
    "similarity": (0.02, 2),
    "pwatermark": (0.05, 2),
    "punsafe": (0.05, 2),
    "aesthetic": (0.5, 1),
}
_SIZES = ("width", "height")
_SMALLEST, _LARGEST = 5, 12  # powers of two; see queries/explore_file.sql


def tables(
    files: Sequence[DataFile],
    rows: Sequence[int],
    *,
    found: Mapping[str, Sequence[dict[str, Any]]],
    counts: Mapping[str, int],
    values: Sequence[dict[str, Any]],
    most: int,
) -> Iterator[Table]:
    """Every table whose column at least one file has; names only where some were looked for."""
    by_column: dict[str, dict[str, int]] = defaultdict(dict)
    for row in values:
        by_column[row["what"]][row["value"]] = row["rows"]
    servers = by_column["server"]
    for name in ("domains", "hosts"):
        bars = tuple(Bar(row["value"], row["rows"]) for row in found[name])
        yield Table(
            name,
            _TITLES[name],
            "list",
            bars,
            nulls=servers.get("/null", 0),
            odd=servers.get("/odd", 0) + counts["unreadable"],
            more=counts[name] - len(bars),
        )
    for name in (*_SIZES, *_BINS, "language"):
        yield _column(name, by_column[name], files, rows, most)
    if any(by_column["names"]):
        yield _names(by_column["names"], most)


def _column(
    name: str, values: Mapping[str, int], files: Sequence[DataFile], rows: Sequence[int], most: int
) -> Table:
    lacking = [place for place, file in enumerate(files) if not _has(file, name)]
    without = sum(rows[place] for place in lacking)
    listed = name == "language"
    odd = 0 if listed else values.get("odd", 0)
    plain = {value: n for value, n in values.items() if value and (listed or value != "odd")}
    bars = _listed(plain, most) if listed else _binned(name, plain)
    return Table(
        name,
        _TITLES[name],
        "list" if listed else "bins",
        bars,
        nulls=values.get("", 0) - without,
        odd=odd,
        without_column=without,
        files_without=len(lacking),
        more=max(len(plain) - most, 0) if listed else 0,
    )


def _has(file: DataFile, name: str) -> bool:
    return name in file.columns.names


def _listed(values: Mapping[str, int], most: int) -> tuple[Bar, ...]:
    ordered = sorted(values.items(), key=lambda one: (-one[1], one[0]))
    return tuple(Bar(value, number) for value, number in ordered[:most])


def _binned(name: str, values: Mapping[str, int]) -> tuple[Bar, ...]:
    """The bins from the first that is filled to the last, empty ones between them included."""
    numbers = {int(value): rows for value, rows in values.items()}
    if not numbers:
        return ()
    return tuple(
        Bar(_bin_label(name, place), numbers.get(place, 0))
        for place in range(min(numbers), max(numbers) + 1)
    )


def _bin_label(name: str, place: int) -> str:
    """
    >>> _bin_label("width", 8), _bin_label("width", 5), _bin_label("similarity", 15)
    ('256–511', 'under 64', '0.30–0.32')
    """
    if name in _SIZES:
        if place == _SMALLEST:
            return "under 64"
        return "4096 and more" if place == _LARGEST else f"{2**place}–{2 ** (place + 1) - 1}"
    step, digits = _BINS[name]
    return f"{place * step:.{digits}f}–{(place + 1) * step:.{digits}f}"


def _names(values: Mapping[str, int], most: int) -> Table:
    counted: Counter[str] = Counter()
    for value, rows in values.items():
        if value:
            counted.update(dict.fromkeys(split_names(value), rows))
    bars = _listed(counted, most)
    more = len(counted) - len(bars)
    return Table("names", _TITLES["names"], "list", bars, nulls=values.get("", 0), more=more)
