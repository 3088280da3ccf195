"""The accounts of a case → one run of observations, read through the platforms' public APIs."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from optout.accounts.places import Place, account_places, written
from optout.accounts.platforms import platforms
from optout.accounts.reading import Picture, Reading
from optout.case import Account, Case
from optout.errors import CaseError, FetchError

MOST_PAGES = 200  # of posts, for each account
PAUSE = 1.0  # seconds between two questions to a server


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """How accounts are read. `base_url` replaces the platform's server ("" keeps it)."""

    base_url: str = ""
    most_pages: int = MOST_PAGES
    pause: float = PAUSE
    tell: Callable[[str], None] = lambda text: None
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class FetchResult:
    """What was read, and which accounts could not be."""

    run: Path | None = None
    read: list[tuple[Account, Reading]] = field(default_factory=list)
    failed: list[tuple[Account, FetchError]] = field(default_factory=list)


def fetch_accounts(
    case: Case, platform: str = "", options: FetchOptions | None = None
) -> FetchResult:
    """Read the case's accounts (of `platform`, or all that have a public API) into a new run.

    An account is recorded whole, or up to the limit of pages, or not at all: one that fails is
    named in the result and does not touch the others. Earlier runs stay as they are. Raises
    CaseError where there is no account to read.
    """
    options = options or FetchOptions()
    chosen = _chosen(case, platform.lower())
    started = datetime.now(UTC)
    result = FetchResult()
    for place in chosen:
        try:
            result.read.append((place.account, _read(place, options)))
        except FetchError as error:
            result.failed.append((place.account, error))
    if result.read:
        result.run = _write(case, result, started)
    return result


def _chosen(case: Case, platform: str) -> list[Place]:
    known = platforms().get(platform)
    if platform and (known is None or not known.api):
        able = ", ".join(p.key for p in platforms().values() if p.api)
        instead = known.bring if known else "bring a list instead: optout add FILE"
        raise CaseError(
            f"{known.label if known else platform[:60]} is not read from here (only {able})",
            instead,
        )
    places = [place for place in account_places(case) if place.platform and place.platform.api]
    places = [place for place in places if platform in ("", place.account.platform)]
    if not places:
        name = platform or "bluesky"
        raise CaseError(
            f"{case.folder / 'optout.toml'} names no account that can be read from here",
            f'under [where] write accounts = [{{ platform = "{name}", name = "your-name" }}]',
        )
    return places


def _read(place: Place, options: FetchOptions) -> Reading:
    from optout.accounts import bluesky, mastodon
    from optout.accounts.api import Api

    account, platform = place.account, place.platform
    assert platform is not None
    readers = {"atproto": bluesky.read, "mastodon": mastodon.read}
    base = options.base_url or (f"https://{account.host}" if account.host else platform.base_url)
    if not base:
        raise FetchError(f"{written(account)} has no server", f"give {platform.host_is}")
    for part, pattern in (("name", platform.name), ("id", platform.id)):
        value = getattr(account, part)
        if value and pattern and not pattern.fullmatch(value):
            raise FetchError(
                f"{value[:60]!r} is not a {part} on {platform.label}",
                f"give {platform.name_is if part == 'name' else platform.id_is}",
            )
    options.tell(f"reading {written(account)}")
    api = Api(base, pause=options.pause, tell=options.tell, sleep=options.sleep)
    return readers[platform.api](api, account, options.most_pages)


def _write(case: Case, result: FetchResult, started: datetime) -> Path:
    from crawler.writer import write_run
    from optout.crawling import new_run_id

    summary = {
        "started_at": started.isoformat(timespec="seconds"),
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "accounts": [_entry(account, reading) for account, reading in result.read],
        "cut_short": [
            {
                "reason": f"the limit of {reading.pages} pages of posts of {written(account)}",
                "count": reading.pages,
                "examples": [],
            }
            for account, reading in result.read
            if reading.more
        ],
    }
    return write_run(
        _rows(result.read),
        case.observations,
        summary,
        case_id=case.case_id,
        run_id=new_run_id(case),
        source="API",
    )


def _entry(account: Account, reading: Reading) -> dict[str, Any]:
    return {
        "platform": account.platform,
        "name": account.name,
        "host": account.host,
        "id": reading.id,
        "posts": reading.posts,
        "pictures": len(reading.pictures),
        "not_understood": reading.odd,
    }


def _rows(
    read: Iterable[tuple[Account, Reading]],
) -> Iterator[tuple[str, dict[str, Any]]]:
    seen: set[str] = set()
    for account, reading in read:
        for position, picture in enumerate(reading.pictures):
            group = _group(account, reading, picture)
            for address in picture.addresses:
                moment = picture.seen.isoformat()
                common = {"observed_at": moment, "image_url": address.url}
                yield (
                    "image_refs",
                    {
                        **common,
                        "page_url": picture.page_url,
                        "position": position,
                        "tag": "api",
                        "attribute": account.platform,
                        "raw": address.raw,
                        "descriptor": address.size,
                        "image_group": group,
                        "alt": picture.alt,
                        "alt_state": _alt_state(picture.alt),
                        "captions": [],
                        "absolute": "://" in address.raw,
                        "in_laion_shape": None,
                        "not_in_shape_because": None,
                        "furniture": False,
                    },
                )
                if address.url not in seen:
                    seen.add(address.url)
                    yield "images", {**common, "outcome": "listed"}


def _group(account: Account, reading: Reading, picture: Picture) -> str:
    """The same for all addresses of one picture, and for that picture in the next run."""
    name = "\0".join((account.platform, reading.id, picture.addresses[0].url))
    return f"{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:12]}-0"


def _alt_state(alt: str | None) -> str:
    return "missing" if alt is None else "text" if alt.strip() else "empty"
