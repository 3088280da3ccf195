"""Accounts: what they turn into, what the public APIs say of them, whose place a match is on."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optout.accounts import FetchOptions, FetchResult, account_places, fetch_accounts, platforms
from optout.accounts.api import Api
from optout.accounts.places import spelled
from optout.case import Account, Case, create_case, load_case
from optout.cli import main
from optout.decisions import known_host, known_hosts, licensed_host, licensed_hosts
from optout.errors import CaseError, FetchError
from optout.identity import identify
from optout.matching import match_case
from optout.matching.kinds import kinds
from optout.report.stored import matches as shown_matches
from optout.report.words import label
from tests.conftest import Answer, Respond
from tests.harness import rows as recorded

DID = "did:plc:abcdefghijklmnopqrstuvwx"
CID = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
Serve = Callable[[Respond], str]
ROOT = Path(__file__).parents[1]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Case]:
    def build(*accounts: dict[str, str], sites: tuple[str, ...] = (), **fields: Any) -> Case:
        folder = tmp_path / "case"
        create_case(folder, list(sites), names=["M"], created=date(2026, 11, 21), **fields)
        file = folder / "optout.toml"
        pairs = [", ".join(f"{k} = {json.dumps(v)}" for k, v in a.items()) for a in accounts]
        text = "accounts = [" + ", ".join(f"{{ {one} }}" for one in pairs) + "]"
        file.write_text(re.sub(r"(?m)^accounts = \[\].*$", lambda _: text, file.read_text()))
        return load_case(folder)

    return build


Make = Callable[..., Case]


def answer(data: Any, status: int = 200, **headers: str) -> Answer:
    lines = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return status, [("Content-Type", "application/json"), *lines], json.dumps(data).encode()


def options(base: str, **fields: Any) -> FetchOptions:
    return FetchOptions(base, pause=0, **fields)


def asked(path: str) -> tuple[str, dict[str, str]]:
    parts = urlsplit(path)
    return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}


# -------------------------------------------------------------------------------- optout.toml
def test_old_and_new_forms_of_an_account_are_read(make: Make) -> None:
    case = make(
        {"platform": "tumblr", "name": "mira"},
        {"platform": "mastodon", "name": "mira", "host": "art.example", "id": "7"},
        {"platform": "wix", "id": "0a1b2c"},
    )
    assert case.accounts == (
        Account("tumblr", "mira"),
        Account("mastodon", "mira", "art.example", "7"),
        Account("wix", "", "", "0a1b2c"),
    )


def test_an_entry_that_is_no_account_is_told(make: Make) -> None:
    with pytest.raises(CaseError, match="not an account"):
        make({"platform": "tumblr"})


def test_spellings_of_an_account() -> None:
    assert spelled(Account("Mastodon", "@Mira@Art.Example")) == Account(
        "mastodon", "mira", "art.example"
    )
    assert spelled(Account("mastodon", "mira", "https://art.example:8443/")).host == (
        "art.example:8443"
    )
    assert spelled(Account("mastodon", "mira", "bücher.example")).host == "xn--bcher-kva.example"


# ---------------------------------------------------------------------------------- platforms
def test_every_platform_says_what_it_is_and_where_that_stands() -> None:
    for key, platform in platforms().items():
        assert re.fullmatch(r"[a-z]+", key)
        assert platform.bring and platform.terms and platform.source.startswith("https://")
        assert platform.confidence in ("confirmed", "secondary", "please check")
        assert bool(platform.look) != bool(platform.none), key
        for part in ("name", "id", "host"):
            if platform.needs(part):
                assert getattr(platform, f"{part}_is"), (key, part)
        assert not platform.needs("name") or platform.name
        assert not platform.needs("id") or platform.id
        assert not platform.api or platform.bring.startswith("optout accounts fetch")
    assert [key for key, p in platforms().items() if p.api] == ["bluesky", "mastodon"]
    assert list(platforms()) == sorted(platforms())


def test_the_guide_names_every_platform() -> None:
    text = (ROOT / "docs" / "guides" / "accounts.md").read_text("utf-8")
    table = re.findall(r"^\| ([^|]+) \| `", text, re.M)
    assert table == [platform.label for platform in platforms().values()]


CASES = [
    # account, addresses that lie in it, addresses that do not
    (
        {"platform": "tumblr", "name": "Mira"},
        ["http://mira.tumblr.com/photo/1", "https://www.mira.tumblr.com/x.jpg"],
        [
            "https://64.media.tumblr.com/tumblr_abc_1280.jpg",
            "https://notmira.tumblr.com/x",
            "https://mira.tumblr.com.evil.example/x",
            "https://a.mira.tumblr.com/x",
        ],
    ),
    (
        {"platform": "deviantart", "name": "Mira-Art"},
        [
            "https://mira-art.deviantart.com/art/Fox-123",
            "https://images-wixmp-ed30a86b8c4ca887773594c2.wixmp.com/f/0-1/dabc123-9.jpg/v1/fill/"
            "w_1024,h_768/fox_by_mira_art_dabc123-fullview.jpg?token=x",
            "http://orig00.deviantart.net/1/f/2014/1/a/fox_by_mira_art-d7abc12.jpg",
            "http://orig00.deviantart.net/1/f/2014/1/a/fox%5Fby%5Fmira%5Fart-d7abc12.jpg",
        ],
        [
            "https://images-wixmp-x.wixmp.com/f/0/fox_by_mira_artist_dabc123-pre.jpg",
            "https://elsewhere.example/fox_by_mira_art_dabc123-pre.jpg",
            "http://orig00.deviantart.net/1/about_by_mira_art.jpg",
        ],
    ),
    (
        {"platform": "wix", "id": "0A1B2C"},
        ["https://static.wixstatic.com/media/0a1b2c_0123456789abcdef~mv2.jpg/v1/fill/w_3/x.jpg"],
        [
            "https://static.wixstatic.com/media/0a1b2cd_0123~mv2.jpg",
            "https://static.wixstatic.com/media/ffffff_0a1b2c_~mv2.jpg",
        ],
    ),
    (
        {"platform": "squarespace", "id": "557eaf23e4b05efa911cca48"},
        [
            "https://static1.squarespace.com/static/557eaf23e4b05efa911cca48/t/1/2/fox.jpg",
            "https://images.squarespace-cdn.com/content/v1/557eaf23e4b05efa911cca48/1-A/fox.jpg",
            "https://images.squarespace-cdn.com/content/557eaf23e4b05efa911cca48/1-A/fox.jpg",
        ],
        ["https://static1.squarespace.com/static/557eaf23e4b05efa911cca49/t/1/2/fox.jpg"],
    ),
    (
        {"platform": "bluesky", "name": "mira.bsky.social", "id": DID},
        [
            f"https://cdn.bsky.app/img/feed_fullsize/plain/{DID}/{CID}@jpeg",
            f"https://cdn.bsky.app/img/avatar/plain/{DID.replace(':', '%3A')}/{CID}@jpeg",
        ],
        [f"https://cdn.bsky.app/img/feed_fullsize/plain/{DID[:-1]}y/{CID}@jpeg"],
    ),
    (
        {"platform": "mastodon", "name": "mira@art.example"},
        [
            "https://art.example/@mira",
            "https://art.example/@Mira/1",
            "https://art.example/users/mira",
        ],
        ["https://art.example/@mirab/1", "https://other.example/@mira/1"],
    ),
    (
        {"platform": "wordpress", "name": "mira"},
        ["https://mira.files.wordpress.com/2014/05/fox.jpg", "https://mira.wordpress.com/x"],
        ["https://wordpress.com/mira", "https://other.files.wordpress.com/mira.jpg"],
    ),
]


@pytest.mark.parametrize(
    ("account", "within", "outside"), CASES, ids=[str(case[0]["platform"]) for case in CASES]
)
def test_which_addresses_lie_in_an_account(
    make: Make, tmp_path: Path, account: dict[str, str], within: list[str], outside: list[str]
) -> None:
    case = make(account)
    (place,) = account_places(case)
    assert place.advice == "" and place.looked_for

    def covered(url: str) -> bool:
        return any(one.covers(identify(url)) for one in place.declared)

    assert [url for url in within if not covered(url)] == []
    assert [url for url in outside if covered(url)] == []
    # The same through the whole search, whose sieve is another piece of code.
    table = pa.table({"url": [*within, *outside]})
    pq.write_table(table, tmp_path / "rows.parquet")
    match_case(case, [str(tmp_path / "rows.parquet")])
    found = pq.read_table(case.matches / "matches.parquet").to_pylist()
    assert sorted(row["url"] for row in found) == sorted(within)
    assert {(row["strength"], row["place"], *row["evidence"]) for row in found} == {
        ("lead", "own_account", "declared_account")
    }


@pytest.mark.parametrize(
    ("account", "advice"),
    [
        ({"platform": "artstation", "name": "mira"}, "not the artist's name"),
        ({"platform": "flickr", "name": "mira", "id": "12345678@N00"}, "the photo's number"),
        ({"platform": "pinterest", "name": "mira"}, "a fingerprint of the file"),
        ({"platform": "bluesky", "name": "mira.bsky.social"}, "optout accounts fetch bluesky"),
        ({"platform": "mastodon", "name": "mira"}, "give your server"),
        ({"platform": "wix", "name": "mira"}, "give id = the six characters"),
        ({"platform": "tumblr", "name": ".*"}, "name is the name before .tumblr.com"),
        ({"platform": "tumblr", "name": ""}, "give name = "),
        ({"platform": "squarespace", "name": "m", "id": "{name}"}, "id is your site's number"),
        ({"platform": "myspace", "name": "mira"}, "not a platform this program knows"),
    ],
    ids=lambda value: value.get("platform") if isinstance(value, dict) else "",
)
def test_accounts_without_addresses_say_what_to_do(
    make: Make, tmp_path: Path, account: dict[str, str], advice: str
) -> None:
    case = make(account)
    (place,) = account_places(case)
    assert place.declared == () and advice in place.advice
    (tmp_path / "rows.csv").write_text("url\nhttps://i.pinimg.com/originals/aa/bb/cc/mira.jpg\n")
    data = match_case(case, [str(tmp_path / "rows.csv")]).data
    assert data["matches"] == 0
    assert [
        advice in one["advice"] for one in data["not_searched"] if "account" in one["host"]
    ] == [True]


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_name_is_a_pattern_and_none_raises(name: str, host: str, identifier: str) -> None:
    from optout.accounts.places import _place

    addresses = [
        "https://x.example/",
        "https://cdn.bsky.app/img/a/plain/b/c",
        "http://a.tumblr.com/",
    ]
    for key in platforms():
        place = _place(spelled(Account(key, name, host, identifier)))
        assert bool(place.declared) != bool(place.advice)
        for one in place.declared:
            for url in addresses:
                if one.covers(identify(url)):
                    assert name.strip().removeprefix("@").lower() in ("a", "@a") or host


# ------------------------------------------------------------------------------------ Bluesky
def post(number: int, *images: Any, kind: str = "images", **more: Any) -> dict[str, Any]:
    embed: dict[str, Any] = {"$type": "app.bsky.embed.images", "images": list(images)}
    if kind == "recordWithMedia":
        embed = {"$type": "app.bsky.embed.recordWithMedia", "record": {}, "media": embed}
    value = {"$type": "app.bsky.feed.post", "text": "hello", "embed": embed, **more}
    return {"uri": f"at://{DID}/app.bsky.feed.post/3k{number:04}", "cid": "x", "value": value}


def blob(cid: str, alt: str | None = "A red fox") -> dict[str, Any]:
    image = {
        "image": {"$type": "blob", "ref": {"$link": cid}, "mimeType": "image/jpeg", "size": 1},
        "aspectRatio": {"width": 4, "height": 3},
    }
    return image if alt is None else {**image, "alt": alt}


class Bluesky:
    """Answers as a personal data server does; keeps what it was asked."""

    def __init__(self, records: list[Any], per_page: int = 2) -> None:
        self.records, self.per_page = records, per_page
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __call__(self, method: str, path: str, headers: dict[str, str]) -> Answer:
        name, query = asked(path)
        self.asked.append((name, query))
        if name == "/xrpc/com.atproto.identity.resolveHandle":
            if query["handle"] != "mira.bsky.social":
                problem = {"error": "InvalidRequest", "message": "Unable to resolve handle"}
                return answer(problem, 400)
            return answer({"did": DID})
        assert name == "/xrpc/com.atproto.repo.listRecords"
        assert query["repo"] == DID and query["collection"] == "app.bsky.feed.post"
        start = int(query.get("cursor", "0"))
        page = self.records[start : start + self.per_page]
        data: dict[str, Any] = {"records": page}
        if page:  # the real server names a cursor even on the last page that holds anything
            data["cursor"] = str(start + len(page))
        return answer(data)


MIRA = {"platform": "bluesky", "name": "mira.bsky.social"}


def test_bluesky_images_of_all_pages(make: Make, serve: Serve) -> None:
    second = CID[:-1] + "a"
    server = Bluesky([
        post(1, blob(CID), blob(second, "")),
        post(2),
        post(3, blob(second[:-1] + "b", None), kind="recordWithMedia"),
    ])  # fmt: skip
    case, base = make(MIRA), serve(server)
    result = fetch_accounts(case, "bluesky", options(base))
    assert result.failed == [] and result.run
    assert [query.get("cursor") for name, query in server.asked if "list" in name] == [
        None, "2", "3",
    ]  # fmt: skip
    refs = recorded(case.folder, "image_refs")
    full = f"https://cdn.bsky.app/img/feed_fullsize/plain/{DID}/{CID}@jpeg"
    assert [ref["image_url"] for ref in refs[:3]] == [
        full,
        f"https://cdn.bsky.app/img/feed_thumbnail/plain/{DID}/{CID}@jpeg",
        f"{base}/xrpc/com.atproto.sync.getBlob?did={DID}&cid={CID}",
    ]
    assert [(ref["alt"], ref["alt_state"]) for ref in refs[::3]] == [
        ("A red fox", "text"), ("", "empty"), (None, "missing"),
    ]  # fmt: skip
    assert len({ref["image_group"] for ref in refs}) == 3 == len(refs) // 3
    assert {(r["tag"], r["attribute"], r["source"], r["furniture"]) for r in refs} == {
        ("api", "bluesky", "API", False)
    }
    assert refs[0]["page_url"] == f"https://bsky.app/profile/{DID}/post/3k0001"
    images = recorded(case.folder, "images")
    assert {image["outcome"] for image in images} == {"listed"} and len(images) == 9
    assert recorded(case.folder, "pages") == [] == recorded(case.folder, "hops")
    summary = json.loads((result.run / "summary.json").read_text())
    assert summary["source"] == "API" and summary["cut_short"] == []
    assert summary["accounts"][0] | {"posts": 3, "pictures": 3, "id": DID} == summary["accounts"][0]


def test_a_fetch_teaches_the_identifier_and_the_place(
    make: Make, serve: Serve, tmp_path: Path
) -> None:
    case = make(MIRA)
    (place,) = account_places(case)
    assert place.declared == ()
    fetch_accounts(case, "", options(serve(Bluesky([post(1, blob(CID))]))))
    (place,) = account_places(case)
    assert place.account.id == DID and place.declared
    urls = [
        f"https://cdn.bsky.app/img/feed_thumbnail/plain/{DID}/{CID}@jpeg",
        f"https://cdn.bsky.app/img/feed_fullsize/plain/{DID}/{CID[:-1]}a@jpeg",
        f"https://cdn.bsky.app/img/feed_fullsize/plain/did:plc:other/{CID[:-1]}b@jpeg",
    ]
    pq.write_table(pa.table({"url": urls}), tmp_path / "rows.parquet")
    match_case(case, [str(tmp_path / "rows.parquet")])
    found = pq.read_table(case.matches / "matches.parquet").to_pylist()
    assert [(m["dataset_row"], m["strength"], m["place"]) for m in found] == [
        (0, "same_address", "own_account"), (1, "lead", "own_account"),
    ]  # fmt: skip
    assert found[0]["evidence"][:2] == ["url_exact", "declared_account"]


def test_bluesky_odd_records_cost_themselves_only(make: Make, serve: Serve) -> None:
    legacy = {"alt": "old", "image": {"cid": CID, "mimeType": "image/jpeg"}}
    odd: list[Any] = [
        None, 7, {"uri": 3, "value": "x"},
        post(1, None, {"image": "x"}, blob("../../etc/passwd"), {"image": {"ref": 7}}),
        {**post(2, legacy), "uri": "at://x/y"},
        post(3, {**blob(CID[:-1] + "c"), "alt": ["no"]}),
        {"uri": "u", "value": {"embed": {"$type": "app.bsky.embed.images", "images": 7}}},
        {"uri": "u", "value": {"embed": {"$type": "app.bsky.embed.external", "external": {}}}},
        {"uri": "u", "value": {"embed": {"$type": "app.bsky.embed.recordWithMedia"}}},
    ]  # fmt: skip
    case = make(MIRA)
    result = fetch_accounts(case, "bluesky", options(serve(Bluesky(odd, per_page=50))))
    ((_, reading),) = result.read
    assert (reading.posts, len(reading.pictures), reading.odd) == (9, 2, 8)
    assert [picture.alt for picture in reading.pictures] == ["old", None]
    assert reading.pictures[0].page_url is None


def test_the_limit_of_pages_is_told_and_kept(make: Make, serve: Serve) -> None:
    records = [post(n, blob(CID[:-4] + f"{n:04}")) for n in range(6)]
    case, base = make(MIRA), serve(Bluesky(records))
    result = fetch_accounts(case, "bluesky", options(base, most_pages=2))
    assert result.run and len(result.read[0][1].pictures) == 4
    summary = json.loads((result.run / "summary.json").read_text())
    assert summary["cut_short"] == [
        {
            "reason": "the limit of 2 pages of posts of bluesky account mira.bsky.social",
            "count": 2,
            "examples": [],
        }
    ]


def test_a_cursor_that_repeats_ends_the_reading(make: Make, serve: Serve) -> None:
    def stuck(method: str, path: str, headers: dict[str, str]) -> Answer:
        if "resolve" in path:
            return answer({"did": DID})
        return answer({"records": [post(1, blob(CID))], "cursor": "same"})

    result = fetch_accounts(make(MIRA), "bluesky", options(serve(stuck)))
    assert result.read[0][1].pages == 2


# ----------------------------------------------------------------------------------- Mastodon
def status(number: int, *media: Any, **more: Any) -> dict[str, Any]:
    url = f"https://art.example/@mira/{number}"
    return {"id": str(number), "url": url, "reblog": None, "media_attachments": list(media), **more}


def attached(number: int, alt: str | None = "A heron", **more: Any) -> dict[str, Any]:
    folder = f"https://files.art.example/media_attachments/files/1/{number}"
    return {
        "id": str(number), "type": "image", "url": f"{folder}/original/a.jpg",
        "preview_url": f"{folder}/small/a.jpg", "remote_url": None, "description": alt, **more,
    }  # fmt: skip


class Mastodon:
    """Answers as /api/v1/accounts does: newest first, `max_id` for what is older."""

    def __init__(self, statuses: list[Any], per_page: int = 2) -> None:
        self.statuses, self.per_page = statuses, per_page
        self.asked: list[dict[str, str]] = []

    def __call__(self, method: str, path: str, headers: dict[str, str]) -> Answer:
        name, query = asked(path)
        if name == "/api/v1/accounts/lookup":
            if query["acct"] != "mira":
                return answer({"error": "Record not found"}, 404)
            return answer({"id": "42", "username": "mira", "acct": "mira"})
        assert name == "/api/v1/accounts/42/statuses"
        self.asked.append(query)
        older = [
            s for s in self.statuses if "max_id" not in query or int(s["id"]) < int(query["max_id"])
        ]
        return answer(older[: self.per_page])


TOOT = {"platform": "mastodon", "name": "@mira@art.example"}


def test_mastodon_images_of_all_pages(make: Make, serve: Serve, tmp_path: Path) -> None:
    server = Mastodon([
        status(9, attached(9), attached(8, None)),
        status(7, attached(7, ""), attached(6, type="video")),
        status(5, attached(5, remote_url="https://far.example/a.jpg")),
        status(4, attached(4), reblog={"id": "1"}),
    ])  # fmt: skip
    case, base = make(TOOT), serve(server)
    result = fetch_accounts(case, "mastodon", options(base))
    assert result.failed == []
    assert [query.get("max_id") for query in server.asked] == [None, "7", "4"]
    assert {(q["limit"], q["only_media"], q["exclude_reblogs"]) for q in server.asked} == {
        ("40", "true", "true")
    }
    refs = recorded(case.folder, "image_refs")
    assert [(r["alt_state"], r["descriptor"]) for r in refs] == [
        ("text", "url"), ("text", "preview_url"), ("missing", "url"), ("missing", "preview_url"),
        ("empty", "url"), ("empty", "preview_url"),
        ("text", "url"), ("text", "preview_url"), ("text", "remote_url"),
    ]  # fmt: skip
    assert refs[0]["page_url"] == "https://art.example/@mira/9"
    url = refs[0]["image_url"]
    pq.write_table(pa.table({"url": [url]}), tmp_path / "rows.parquet")
    match_case(case, [str(tmp_path / "rows.parquet")])
    (match,) = pq.read_table(case.matches / "matches.parquet").to_pylist()
    assert (match["strength"], match["place"]) == ("same_address", "own_account")
    (work,) = {
        row["work_id"]
        for row in pq.read_table(case.matches / "works.parquet").to_pylist()
        if "/9/" in row["image_url"]
    }
    assert match["work_id"] == work


def test_mastodon_odd_answers(make: Make, serve: Serve) -> None:
    odd: list[Any] = [
        None, 3, {"id": "9", "media_attachments": None},
        status(8, None, {"type": "image"}, attached(1, url="javascript:alert(1)")),
        status(7, attached(2, url=7, preview_url="data:image/png;base64,x"), url="file:///etc"),
        status(6, attached(3, alt=None, url="https://x.example/" + "a" * 9000)),
    ]  # fmt: skip

    def server(method: str, path: str, headers: dict[str, str]) -> Answer:
        if "lookup" in path:
            return answer({"id": 42})
        return answer([] if "max_id" in path else odd)

    result = fetch_accounts(make(TOOT), "mastodon", options(serve(server)))
    ((_, reading),) = result.read
    assert reading.id == "42" and reading.odd == 6
    assert [len(picture.addresses) for picture in reading.pictures] == [1, 1]


# --------------------------------------------------------------------- politeness and failures
def test_a_rate_limit_is_waited_out(serve: Serve) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    answers = [
        answer({"error": "Too many requests"}, 429, Retry_After="7"),
        answer({}, 429, Retry_After=moment),
        answer({}, 503),
        answer({"fine": True}),
    ]
    waits: list[float] = []
    told: list[str] = []
    api = Api(serve(lambda *request: answers.pop(0)), pause=0, sleep=waits.append, tell=told.append)
    assert api.ask("/x", a=1).data == {"fine": True}
    assert waits[0] == 7 and 30 < waits[1] <= 40 and waits[2] == 20
    assert len(told) == 3 and "asks for a pause: 7 seconds" in told[0]


def test_patience_ends(serve: Serve) -> None:
    waits: list[float] = []
    api = Api(serve(lambda *request: answer({}, 429)), pause=0, sleep=waits.append)
    with pytest.raises(FetchError, match="answered 429"):
        api.ask("/x")
    assert waits == [5, 10, 20, 40]
    hours = Api(
        serve(lambda *request: answer({}, 429, Retry_After="7200")), pause=0, sleep=waits.append
    )
    with pytest.raises(FetchError, match="left alone for 120 minutes"):
        hours.ask("/x")
    assert len(waits) == 4


def test_at_most_one_question_a_second(serve: Serve) -> None:
    api = Api(serve(lambda *request: answer([])), pause=0.3)
    begun = time.monotonic()
    for _ in range(3):
        api.ask("/x")
    assert time.monotonic() - begun >= 0.6


@pytest.mark.parametrize(
    ("given_answer", "words"),
    [
        (answer({"error": "no\x1b[2J such\nthing"}, 404), r"answered 404: no \[2J such thing"),
        (answer([1], 401), "answered 401$"),
        ((200, [], b"<html>"), "not JSON"),
        ((200, [], b"[" * 100_000), "not JSON"),
        ((200, [], b"\xff\xfe"), "not JSON"),
        ((302, [("Location", "http://10.0.0.1/")], b""), "10.0.0.1 is a private address"),
    ],
)
def test_answers_that_are_none(serve: Serve, given_answer: Answer, words: str) -> None:
    api = Api(serve(lambda *request: given_answer), pause=0, sleep=lambda seconds: None)
    with pytest.raises(FetchError, match=words):
        api.ask("/x")


@pytest.mark.parametrize("base", ["", "ftp://x.example", "x.example", "http://[", "http://h?q"])
def test_a_base_address_that_is_none(base: str) -> None:
    with pytest.raises(FetchError, match="not the address of a server"):
        Api(base, pause=0)


def test_a_failed_account_leaves_the_others_and_earlier_runs(make: Make, serve: Serve) -> None:
    case = make(MIRA, {"platform": "bluesky", "name": "nobody.bsky.social"})
    base = serve(Bluesky([post(1, blob(CID))]))
    result = fetch_accounts(case, "bluesky", options(base))
    assert result.run and [a.name for a, _ in result.failed] == ["nobody.bsky.social"]
    assert "Unable to resolve handle" in result.failed[0][1].message
    before = {p: p.read_bytes() for p in case.observations.rglob("*") if p.is_file()}
    again = fetch_accounts(case, "bluesky", options(serve(lambda *r: answer({}, 500)),
                                                    sleep=lambda seconds: None))  # fmt: skip
    assert again.run is None and len(again.failed) == 2
    assert before == {p: p.read_bytes() for p in case.observations.rglob("*") if p.is_file()}


def test_a_break_halfway_records_nothing_of_the_account(make: Make, serve: Serve) -> None:
    whole = Bluesky([post(n, blob(CID[:-4] + f"{n:04}")) for n in range(6)])

    def breaking(method: str, path: str, headers: dict[str, str]) -> Answer:
        return answer({"error": "x"}, 400) if "cursor=4" in path else whole(method, path, headers)

    case = make(MIRA)
    result = fetch_accounts(case, "bluesky", options(serve(breaking)))
    assert result.run is None and case.runs() == [] and len(result.failed) == 1


@pytest.mark.parametrize("did", [None, 7, "x", "did:plc:../../x", DID + "\n"])
def test_a_server_that_does_not_know_the_account(make: Make, serve: Serve, did: Any) -> None:
    result = fetch_accounts(make(MIRA), "", options(serve(lambda *request: answer({"did": did}))))
    assert "does not say which account" in result.failed[0][1].message


def test_two_fetches_of_the_same_give_the_same_rows(make: Make, serve: Serve) -> None:
    case, base = make(MIRA), serve(Bluesky([post(1, blob(CID)), post(2, blob(CID))]))
    found = []
    for _ in range(2):
        run = fetch_accounts(case, "bluesky", options(base)).run
        assert run
        table = pq.read_table(run / "image_refs.parquet").drop(["run_id", "observed_at"])
        found.append(table.to_pylist())
    assert found[0] == found[1]
    assert len(case.runs()) == 2


@pytest.mark.parametrize(
    ("platform", "words"),
    [
        ("tumblr", "Tumblr is not read from here"),
        ("artstation", "ArtStation is not read from here"),
        ("nowhere", "nowhere is not read from here"),
        ("mastodon", "names no account that can be read"),
    ],
)
def test_platforms_that_are_not_read(make: Make, platform: str, words: str) -> None:
    with pytest.raises(CaseError, match=words):
        fetch_accounts(make(MIRA), platform)


# ------------------------------------------------------------------------------------- places
def test_places_in_order(make: Make, tmp_path: Path) -> None:
    case = make(
        {"platform": "tumblr", "name": "mira"},
        {"platform": "tumblr", "name": "shop"},
        sites=("https://mira.example/",),
        hosts=["shop.tumblr.com"],
    )
    urls = [
        "https://mira.example/a",
        "https://shop.tumblr.com/b",
        "https://mira.tumblr.com/c",
        "https://agency.example/d",
        "https://client.example/e",
        "https://third.example/f",
    ]
    pq.write_table(pa.table({"url": urls, "caption": ["by M Surname"] * 6}), tmp_path / "r.parquet")
    file = case.folder / "optout.toml"
    file.write_text(file.read_text().replace('names = ["M"]', 'names = ["M Surname"]'))
    case = load_case(case.folder)
    match_case(case, [str(tmp_path / "r.parquet")])
    licensed_host(case, "Agency.example.")
    known_host(case, "client.example")
    # What the artist says of an own host changes nothing about whose it is.
    licensed_host(case, "mira.example")
    places = {row["dataset_row"]: row["place"] for row in shown_matches(case)}
    assert places == {
        0: "own_site", 1: "declared", 2: "own_account", 3: "licensed_site", 4: "known_site",
        5: "elsewhere",
    }  # fmt: skip
    stored = pq.read_table(case.matches / "matches.parquet").to_pylist()
    assert {row["place"] for row in stored if row["dataset_row"] > 2} == {"elsewhere"}
    assert main(["report", "--case", str(case.folder)]) == 0
    html = case.report.read_text("utf-8")
    for place in ("own_account", "licensed_site", "known_site"):
        assert label("place", place) != place.replace("_", " ") and label("place", place) in html


def test_known_hosts_are_licensed_or_not_and_the_last_word_counts(make: Make) -> None:
    case = make()
    known_host(case, "agency.example")
    licensed_host(case, "client.example")
    assert list(known_hosts(case)) == ["agency.example", "client.example"]
    assert list(licensed_hosts(case)) == ["client.example"]
    known_host(case, "client.example")
    assert licensed_hosts(case) == {}


def test_an_account_is_a_lead_and_never_more() -> None:
    kind = kinds()["declared_account"]
    assert (kind.strength, kind.confirm, kind.computed) == ("lead", True, True)


# ------------------------------------------------------------------------------------ command
def test_the_command_lists_accounts(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    case = make({"platform": "tumblr", "name": "mira"}, {"platform": "pinterest", "name": "m\x1b["})
    assert main(["accounts", "--case", str(case.folder)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[:2] == ["tumblr account mira", "    looked for: mira.tumblr.com"]
    assert "\x1b" not in out and "not looked for by address" in out and "next:" in err
    assert main(["accounts", "--case", str(case.folder), "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [list(record) for record in records] == 2 * [
        ["platform", "name", "host", "id", "looked_for", "advice", "bring", "api", "terms",
         "confidence", "source", "checked"]
    ]  # fmt: skip


def test_the_command_without_accounts_says_how(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["accounts", "--case", str(make().folder)]) == 0
    out, err = capsys.readouterr()
    assert out == "" and "known platforms: artstation" in err


def test_the_command_fetches(make: Make, serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    case = make(MIRA, {"platform": "bluesky", "name": "nobody.bsky.social"})
    base = serve(Bluesky([post(1, blob(CID))]))
    arguments = ["accounts", "fetch", "bluesky", "--case", str(case.folder), "--delay", "0"]
    arguments += ["--base-url", base]
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    assert out == "bluesky account mira.bsky.social: pictures 1 · posts 1\n"
    assert "Unable to resolve handle; the other accounts were recorded" in err and "hint:" in err
    assert len(case.runs()) == 1
    assert main([*arguments, "--json"]) == 1
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(r["id"], r["pictures"], r["complete"]) for r in records] == [
        (DID, 1, True), ("", None, False),
    ]  # fmt: skip
    assert records[0].keys() == records[1].keys()


def test_the_command_is_used_wrongly(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    case = str(make(MIRA).folder)
    assert main(["accounts", "tumblr", "--case", case]) == 2
    assert main(["accounts", "fetch", "--base-url", "http://x.example", "--case", case]) == 2
    assert main(["accounts", "fetch", "tumblr", "--case", case]) == 1
    assert "export the blog" in capsys.readouterr().err


def test_results_are_plain_records() -> None:
    assert FetchResult().run is None
