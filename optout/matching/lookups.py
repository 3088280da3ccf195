"""What is known of the artist → the tables that the queries join candidate rows with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from optout.matching.kinds import kinds

if TYPE_CHECKING:
    import pyarrow as pa

    from optout.matching.artist import Artist, Known
    from optout.matching.declared import Declared
    from optout.works import Work

# Columns of each table that are not text.
_COLUMNS: dict[str, tuple[str, ...]] = {
    "known_addresses": (
        "image_url", "address", "via", "note", "lossless", "key", "level", "rule", "host", "own"
    ),
    "known_stems": ("stem", "image_url", "domains", "rows_elsewhere"),
    "known_texts": ("text", "alt", "image_url", "rows"),
    "known_phashes": ("phash", "image_url"),
    "known_works": ("image_url", "work_id"),
    "kinds": ("kind", "strength", "place"),
}  # fmt: skip
_NUMBERS = ("via", "level", "rows_elsewhere", "rows", "place")


def lookups(artist: Artist, works: Iterable[Work]) -> dict[str, pa.Table]:
    """Tables by name; `place` of a kind is its rank, 0 the strongest."""
    # artist.py leads back here by way of the accounts.
    from optout.matching.artist import declared_by_host

    declared = declared_by_host(one for one in artist.declared if not one.account)
    rows: dict[str, list[dict[str, Any]]] = {
        "known_addresses": [_address(known, declared) for known in artist.known],
        "known_stems": [
            {"stem": stem, **asdict(value), "domains": sorted(value.domains)}
            for stem, value in artist.stems.items()
        ],
        "known_texts": [{"text": form, **asdict(value)} for form, value in artist.texts.items()],
        "known_phashes": [
            {"phash": phash, "image_url": url} for phash, url in artist.phashes.items()
        ],
        "known_works": [asdict(work) for work in works],
        "kinds": [
            {"kind": kind.kind, "strength": kind.strength, "place": place}
            for place, kind in enumerate(kinds().values())
        ],
    }
    return {name: _table(_COLUMNS[name], found) for name, found in rows.items()}


def _address(known: Known, declared: dict[str, list[Declared]]) -> dict[str, Any]:
    from optout.matching.artist import covering

    identity = known.identity
    return {
        "image_url": known.image_url,
        "address": known.address,
        "via": known.via,
        "note": known.note,
        "lossless": identity.lossless,
        "key": identity.key,
        "level": identity.level,
        "rule": identity.rule,
        "host": identity.host,
        "own": any(covering(declared, identity)),
    }


def _table(columns: Sequence[str], rows: list[dict[str, Any]]) -> pa.Table:
    import pyarrow as pa

    types = {name: pa.int64() for name in _NUMBERS} | {
        "domains": pa.list_(pa.string()),
        "own": pa.bool_(),
    }
    schema = pa.schema([(name, types.get(name, pa.string())) for name in columns])
    return pa.Table.from_pylist(rows, schema=schema)
