"""The queue of a crawl, without network: order, politeness, traps, budgets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.frontier import Frontier
from crawler.job import CrawlOptions, Job
from crawler.policy import Reach, address_refusal, refusal
from crawler.scope import Scope
from crawler.signals.robots_txt import rules_for
from crawler.tasks import Task
from crawler.urls import clean, resolve

SITE = "https://a.example/"


def frontier(**options: Any) -> tuple[Frontier, list[tuple[str, str]]]:
    blocked: list[tuple[str, str]] = []
    job = Job("c", "r", (SITE,), "2026-01-01T00:00:00+00:00", CrawlOptions(**options))
    told = lambda task, decision, reason: blocked.append((task.url, reason))  # noqa: E731
    return Frontier(job, Reach(), told), blocked


def drain(queue: Frontier, robots: bytes = b"") -> list[str]:
    """Hand out everything, answering robots.txt at once."""
    out = []
    while (task := queue.next(0.0)) is not None:
        out.append(task.url)
        queue.done(task)
        if task.kind == "site_file":
            queue.rules_arrived(task.url.removesuffix("/robots.txt"), rules_for(200, robots))
    return out


def test_robots_txt_comes_first_and_once() -> None:
    queue, _ = frontier()
    queue.add_page(SITE, 0, None)
    queue.add_page(SITE + "x", 1, SITE)
    queue.add_image("https://cdn.example/1.jpg")
    order = drain(queue)
    assert order.count("https://a.example/robots.txt") == 1
    assert order.index("https://a.example/robots.txt") < order.index(SITE)
    assert order.index("https://cdn.example/robots.txt") < order.index("https://cdn.example/1.jpg")


def test_one_request_per_host_at_a_time() -> None:
    queue, _ = frontier()
    queue.add_page(SITE, 0, None)
    queue.add_image("https://a.example/1.jpg")
    first = queue.next(0.0)
    assert first is not None
    assert queue.next(0.0) is None
    queue.done(first)
    queue.rules_arrived("https://a.example", rules_for(404, b""))
    assert queue.next(0.0) is not None
    assert queue.next(0.0) is None


def test_what_robots_txt_forbids_is_told_not_asked() -> None:
    queue, blocked = frontier()
    queue.add_page(SITE + "secret/x", 1, SITE)
    assert SITE + "secret/x" not in drain(queue, b"User-agent: optout\nDisallow: /secret/")
    assert blocked == [(SITE + "secret/x", "robots.txt")]


def test_pages_elsewhere_are_not_queued_images_are() -> None:
    queue, _ = frontier()
    assert not queue.add_page("https://b.example/", 1, SITE)
    assert queue.add_page("https://www.a.example/", 1, SITE)
    assert queue.add_image("https://b.example/1.jpg")
    assert not queue.add_image("https://b.example/1.jpg")


def test_a_pattern_without_new_images_is_cut_and_named() -> None:
    queue, _ = frontier(trap_limit=3)
    for year in range(10):
        queue.add_page(f"{SITE}events/{year}/", 1, f"{SITE}events/{year + 100}/")
        queue.add_page(f"{SITE}works/{year}/", 1, SITE)  # named by an index: no trap
    out = []
    while (task := queue.next(0.0)) is not None:
        queue.done(task)
        if task.kind == "site_file":
            queue.rules_arrived("https://a.example", rules_for(404, b""))
            continue
        out.append(task.url)
        queue.traps.page_read(task.url, task.found_on, 0)
    assert sum("events" in url for url in out) == 3
    assert sum("works" in url for url in out) == 10
    (cut,) = queue.cut.values()
    assert cut.count == 7


@pytest.mark.parametrize("path", ["a/a/a/", "x/a/b/a/b/a/", "gallery/gallery/gallery/gallery"])
def test_repeating_segments_are_a_trap(path: str) -> None:
    queue, _ = frontier()
    assert not queue.add_page(SITE + path, 1, SITE)
    assert "repeat" in next(iter(queue.cut))


def test_a_host_that_asked_to_wait_waits() -> None:
    queue, _ = frontier()
    queue.again(Task("site_file", SITE + "robots.txt", SITE + "robots.txt"), 100.0)
    assert queue.next(99.0) is None
    assert queue.pending()
    assert queue.next(101.0) is not None


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("http://127.0.0.1/x", True),
        ("http://127.1/x", True),
        ("http://2130706433/", True),
        ("http://0x7f.1/", True),
        ("http://[::1]/", True),
        ("http://[::ffff:10.0.0.1]/", True),
        ("http://[64:ff9b::a00:1]/", True),
        ("http://169.254.169.254/latest/", True),
        ("http://100.64.0.1/", True),
        ("http://0.0.0.0/", True),
        ("http://[fe80::1%25eth0]/", True),
        ("http://8.8.8.8/", False),
        ("http://10.example/", False),
        ("file:///etc/passwd", True),
        ("http:///x", True),
    ],
)
def test_fetch_policy(url: str, refused: bool) -> None:
    assert (refusal(url, Reach()) is not None) is refused


def test_a_name_may_not_lead_to_a_private_place() -> None:
    assert address_refusal("evil.example", "192.168.0.1", Reach()) is not None
    assert address_refusal("evil.example", "192.168.0.1", Reach(allow_private=True)) is None
    assert address_refusal("nas.local", "192.168.0.1", Reach(frozenset({"nas.local"}))) is None


def test_a_site_below_a_path() -> None:
    scope = Scope(("https://shared.example/mira",), ("https://shared.example/mira",))
    assert scope.holds("https://shared.example/mira/works")
    assert scope.holds("https://shared.example/mira")
    assert not scope.holds("https://shared.example/mirabel")
    assert not scope.holds("https://shared.example/")


@given(st.text(max_size=60), st.sampled_from([SITE, "https://a.example/b/c?d"]))
def test_resolving_never_raises_and_is_stable(written: str, base: str) -> None:
    found = resolve(base, written)
    if found is not None:
        assert found.startswith(("http://", "https://"))
        assert clean(found) == found
        assert resolve("https://other.example/", found) == found
