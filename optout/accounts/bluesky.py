"""A Bluesky account → its pictures, by the public endpoints of the AT Protocol.

com.atproto.identity.resolveHandle, com.atproto.repo.listRecords (app.bsky.feed.post) and the
addresses under which posts show their images (docs.bsky.app). Only the account's own posts are
records of its repository, so nothing that it merely passed on is listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from optout.accounts.api import Api
from optout.accounts.platforms import platforms
from optout.accounts.reading import Address, Picture, Reading
from optout.case import Account
from optout.errors import FetchError

_PER_PAGE = 100  # the most that listRecords gives at once
_CID = re.compile(r"[A-Za-z0-9]{20,120}")
_POST = re.compile(r"at://[^/]+/app\.bsky\.feed\.post/([A-Za-z0-9._:~-]{1,512})")
_SHOWN = "https://cdn.bsky.app/img/{size}/plain/{did}/{cid}@jpeg"
_SIZES = ("feed_fullsize", "feed_thumbnail")


def read(api: Api, account: Account, most_pages: int) -> Reading:
    """The pictures in the account's posts, newest first. Raises FetchError."""
    reading = Reading(account.id or _resolved(api, account.name))
    cursor = ""
    while True:
        if reading.pages >= most_pages:
            reading.more = True
            return reading
        cursor, before = _page(api, reading, cursor), cursor
        # A server that repeats its cursor would be read forever.
        if not cursor or cursor == before:
            return reading


def _resolved(api: Api, handle: str) -> str:
    data = api.ask("/xrpc/com.atproto.identity.resolveHandle", handle=handle).data
    did = data.get("did") if isinstance(data, dict) else None
    pattern = platforms()["bluesky"].id
    if not isinstance(did, str) or not (pattern and pattern.fullmatch(did)):
        raise FetchError(
            f"{api.host} does not say which account {handle} is",
            "write its DID as id into optout.toml",
        )
    return did


def _page(api: Api, reading: Reading, cursor: str) -> str:
    """One page of posts goes into `reading`; the next page's cursor, "" at the end."""
    asked: dict[str, str | int] = {
        "repo": reading.id,
        "collection": "app.bsky.feed.post",
        "limit": _PER_PAGE,
    }
    answer = api.ask("/xrpc/com.atproto.repo.listRecords", **asked, **_if_any("cursor", cursor))
    records = answer.data.get("records") if isinstance(answer.data, dict) else None
    if not isinstance(records, list):
        raise FetchError(
            f"{api.host} answered without a list of posts", "try again later, or add a list"
        )
    reading.pages += 1
    for record in records:
        reading.posts += 1
        _take(api, reading, record, answer.at)
    following = answer.data.get("cursor")
    return following if records and isinstance(following, str) else ""


def _if_any(name: str, value: str) -> dict[str, str]:
    return {name: value} if value else {}


def _take(api: Api, reading: Reading, record: Any, at: datetime) -> None:
    if not isinstance(record, dict) or not isinstance(record.get("value"), dict):
        reading.odd += 1
        return
    found = _POST.fullmatch(str(record.get("uri")))
    page = f"https://bsky.app/profile/{reading.id}/post/{found[1]}" if found else None
    for image in _images(record["value"].get("embed")):
        cid = _cid(image)
        if cid is None:
            reading.odd += 1
            continue
        alt = image.get("alt")
        alt = alt if isinstance(alt, str) else None
        addresses = tuple(_addresses(api, reading.id, cid))
        reading.pictures.append(Picture(page, alt, addresses, at))


def _images(embed: Any) -> Iterator[Any]:
    """The images of a post: its own, or those beside a quotation of another post."""
    if not isinstance(embed, dict):
        return
    if embed.get("$type") == "app.bsky.embed.recordWithMedia":
        embed = embed.get("media")
    if isinstance(embed, dict) and embed.get("$type") == "app.bsky.embed.images":
        images = embed.get("images")
        yield from images if isinstance(images, list) else [None]


def _cid(image: Any) -> str | None:
    """Identifier of the uploaded file, in today's form of a blob or that of 2022 (`cid`)."""
    blob = image.get("image") if isinstance(image, dict) else None
    if not isinstance(blob, dict):
        return None
    ref = blob.get("ref")
    cid = ref.get("$link") if isinstance(ref, dict) else blob.get("cid")
    return cid if isinstance(cid, str) and _CID.fullmatch(cid) else None


def _addresses(api: Api, did: str, cid: str) -> Iterator[Address]:
    for size in _SIZES:
        yield Address(_SHOWN.format(size=size, did=did, cid=cid), cid, size)
    blob = urlencode({"did": did, "cid": cid}, safe=":")
    yield Address(f"{api.base_url}/xrpc/com.atproto.sync.getBlob?{blob}", cid, "getBlob")
