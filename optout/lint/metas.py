"""Metas of pages → what was found."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.signals import robots_meta
from crawler.signals.vocabulary import no_signal
from crawler.signals.x_robots_tag import KNOWN, Directive
from optout.lint.headers import AI, passed
from optout.lint.seen import PageMeta, Seen
from optout.lint.table import Found, checks, finds

_NAMED = re.compile(r"<meta\b[^>]*?\bname\s*=", re.IGNORECASE)


def robots_metas(seen: Seen) -> Iterator[tuple[PageMeta, Directive]]:
    """Every robots rule of the metas that readers look at: those with a name."""
    for meta in seen.metas:
        if has_name(meta):
            for one in robots_meta.parse([meta.meta]):
                yield meta, one


def has_name(meta: PageMeta) -> bool:
    """Written with `name`, not `property` or `http-equiv`; where only the name is known, yes."""
    return not meta.raw or bool(_NAMED.match(meta.raw))


@finds("M01")
def in_body(seen: Seen) -> Iterator[Found]:
    """A robots meta outside of the head."""
    for meta, one in robots_metas(seen):
        if not meta.in_head and one.agent == "*" and one.name in KNOWN:
            yield Found(meta.page_url, None, meta.raw)


@finds("M02")
def misshapen(seen: Seen) -> Iterator[Found]:
    """A robots meta that says its name by another attribute, or joins rules by the wrong sign."""
    for meta in seen.metas:
        name = meta.name.strip().lower()
        rules = [one.name for one in robots_meta.parse([meta.meta])]
        if name in ("robots", "x-robots-tag") and not has_name(meta):
            yield Found(meta.page_url, None, meta.raw, {"why": "it has no attribute “name”"})
        elif name == "robots" and any("ai" in rule and _glued(rule) for rule in rules):
            why = "rules must be separated by commas"
            yield Found(meta.page_url, None, meta.raw, {"why": why})


def _glued(rule: str) -> bool:
    return rule not in KNOWN and any(word in re.split(r"[;\s|/]+", rule) for word in AI)


@finds("M03")
def not_in_search(seen: Seen) -> Iterator[Found]:
    """noindex or noimageindex for search engines."""
    agents = {"*", *checks()["M03"].names}
    for meta, one in robots_metas(seen):
        if one.name in ("noindex", "none", "noimageindex") and one.agent in agents:
            what = "the pictures of this page" if one.name == "noimageindex" else "this page"
            yield Found(meta.page_url, None, meta.raw, {"rule": one.name, "what": what})


@finds("M04")
def for_nobody(seen: Seen) -> Iterator[Found]:
    """A meta that names a crawler which is not known to read metas of its name."""
    known = {"*", *checks()["M04"].names}
    for meta, one in robots_metas(seen):
        if one.agent not in known:
            yield Found(meta.page_url, None, meta.raw, {"agent": one.agent})


@finds("M05")
def no_metas(seen: Seen) -> Iterator[Found]:
    """Metas that look like a signal and are defined nowhere."""
    for meta in seen.metas:
        name = meta.name.strip().lower()
        if name in checks()["M05"].names:
            why = no_signal("meta", name) or "it is defined for robots.txt and header lines only"
            yield Found(meta.page_url, None, meta.raw, {"name": name, "why": why})


def _dated(seen: Seen) -> Iterator[tuple[PageMeta, Directive, bool | None]]:
    for meta, one in robots_metas(seen):
        if one.name == "unavailable_after":
            yield meta, one, passed(one, meta.observed_at)


@finds("M06")
def date_passed(seen: Seen) -> Iterator[Found]:
    """unavailable_after with a day that was over when the scan saw it."""
    for meta, one, over in _dated(seen):
        if over and one.agent in {"*", *checks()["M06"].names}:
            yield Found(meta.page_url, None, meta.raw, {"date": one.value})


@finds("M07")
def no_date(seen: Seen) -> Iterator[Found]:
    """unavailable_after without a date."""
    for meta, one, over in _dated(seen):
        if over is None:
            yield Found(meta.page_url, None, meta.raw, {"date": one.value})
