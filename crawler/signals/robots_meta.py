"""Meta elements of a page → robots directives. They speak for the page, not for its images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crawler.signals.x_robots_tag import KNOWN, Directive, parts, rule

# Contents that many other metas have too, such as name="distribution".
_COMMON_WORDS = frozenset({"all", "none"})
# Names that a search engine documents for metas, whatever else such a meta says.
# https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag, checked 2026-11-21
_DOCUMENTED = frozenset({"googlebot", "googlebot-news"})
# Names of metas that hold free words, "noai" perhaps among them.
_FREE_TEXT = frozenset(
    {"author", "category", "description", "keywords", "subject", "tags", "title"}
)


@dataclass(frozen=True, slots=True)
class Meta:
    """A meta element, as a record of the crawl keeps it."""

    position: int  # order among the page's metas
    name: str
    content: str
    raw: str = ""  # as serialised


def parse(metas: Iterable[Meta]) -> list[Directive]:
    """Directives of the robots metas and of those that name an agent, in page order.

    `raw` is the element as serialised, where known, else its content.

    >>> found = parse([Meta(0, "Robots", "NoAI, noindex"), Meta(1, "CCBot", "nofollow"),
    ...                Meta(2, "keywords", "noai, art")])
    >>> [(d.agent, d.name) for d in found]
    [('*', 'noai'), ('*', 'noindex'), ('ccbot', 'nofollow')]
    """
    found = []
    for meta in metas:
        name = meta.name.strip().lower()
        rules = [pair for pair in map(rule, parts(meta.content)) if pair[0]]
        if name == "robots" or _names_agent(name, {word for word, _ in rules}):
            agent = "*" if name == "robots" else name
            raw = meta.raw or meta.content
            found += [Directive(agent, word, value, raw, meta.position) for word, value in rules]
    return found


def _names_agent(name: str, rules: set[str]) -> bool:
    """Agents not documented are recognised by what their meta says: nothing but robots rules."""
    if name in _DOCUMENTED:
        return True
    if not name or name in _FREE_TEXT or ":" in name or not rules or not rules <= KNOWN:
        return False
    return name.endswith("bot") or not rules <= _COMMON_WORDS
