"""A Mastodon account → its pictures, by the public API of its server.

/api/v1/accounts/lookup and /api/v1/accounts/:id/statuses (docs.joinmastodon.org). Boosts are left
out: they show other people's pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from crawler.policy import MAX_URL_LENGTH
from crawler.urls import clean
from optout.accounts.api import Api
from optout.accounts.reading import Address, Picture, Reading
from optout.case import Account
from optout.errors import FetchError

_PER_PAGE = 40  # the most that a server gives at once
_ID = re.compile(r"[0-9A-Za-z]{1,64}")
_SIZES = ("url", "preview_url", "remote_url")


def read(api: Api, account: Account, most_pages: int) -> Reading:
    """The pictures in the account's own posts, newest first. Raises FetchError."""
    reading = Reading(account.id or _looked_up(api, account.name))
    oldest = ""
    while True:
        if reading.pages >= most_pages:
            reading.more = True
            return reading
        oldest, before = _page(api, reading, oldest), oldest
        # A server that repeats its last post would be read forever.
        if not oldest or oldest == before:
            return reading


def _looked_up(api: Api, name: str) -> str:
    data = api.ask("/api/v1/accounts/lookup", acct=name).data
    found = _identifier(data)
    if not found:
        raise FetchError(
            f"{api.host} does not say which account {name} is",
            "write the account's number as id into optout.toml",
        )
    return found


def _identifier(entry: Any) -> str:
    value = entry.get("id") if isinstance(entry, dict) else None
    text = str(value) if isinstance(value, (str, int)) else ""
    return text if _ID.fullmatch(text) else ""


def _page(api: Api, reading: Reading, oldest: str) -> str:
    """One page of posts goes into `reading`; the id of its oldest post, "" at the end."""
    asked: dict[str, str | int] = {
        "limit": _PER_PAGE,
        "only_media": "true",
        "exclude_reblogs": "true",
    }
    if oldest:
        asked["max_id"] = oldest
    answer = api.ask(f"/api/v1/accounts/{reading.id}/statuses", **asked)
    if not isinstance(answer.data, list):
        raise FetchError(
            f"{api.host} answered without a list of posts", "try again later, or add a list"
        )
    reading.pages += 1
    for status in answer.data:
        reading.posts += 1
        _take(reading, status, answer.at)
    identifiers = [found for found in map(_identifier, answer.data) if found]
    return identifiers[-1] if identifiers else ""


def _take(reading: Reading, status: Any, at: datetime) -> None:
    attached = status.get("media_attachments") if isinstance(status, dict) else None
    if not isinstance(attached, list):
        reading.odd += 1
        return
    if status.get("reblog"):
        return  # a server that does not know exclude_reblogs
    page = _readable(status.get("url"))
    for media in attached:
        if not isinstance(media, dict):
            reading.odd += 1
        elif media.get("type") == "image":
            _picture(reading, media, page, at)


def _picture(reading: Reading, media: dict[str, Any], page: str | None, at: datetime) -> None:
    addresses = tuple(_addresses(media))
    if not addresses:
        reading.odd += 1
        return
    alt = media.get("description")
    alt = alt if isinstance(alt, str) else None
    reading.pictures.append(Picture(page, alt, addresses, at))


def _addresses(media: dict[str, Any]) -> Iterator[Address]:
    for size in _SIZES:
        url = _readable(media.get(size))
        if url:
            yield Address(url, url, size)


def _readable(value: Any) -> str | None:
    """An address as written, if it is one that could be asked for."""
    if not isinstance(value, str) or len(value) > MAX_URL_LENGTH:
        return None
    return value if clean(value) else None
