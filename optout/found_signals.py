"""What was fetched of a site → its statements, one by one, as they stand there."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from crawler.html import encoding_of, is_binary
from crawler.signals import robots_meta, robots_txt, x_robots_tag
from optout.fetched import Fetched
from optout.readers.table import Reader
from optout.readers.verdicts import Hop, SiteFile
from optout.site_texts import SiteText

# Lines of robots.txt that state a preference wherever they stand; the rest matters by group.
PREFERENCE_KEYS = frozenset(
    {"content-signal", "content-signals", "content-usage", "license", "llm-policy"}
    | {"disallowaitraining", "allowaitraining"}
)
# Header lines beside X-Robots-Tag; a Link line counts when it names a licence (RSL 1.0).
HEADER_SIGNALS = (
    *("robots-tag", "tdm-reservation", "tdm-policy", "content-usage"),
    *("content-signal", "content-signals", "license", "link"),
)
_LICENCE_LINK = re.compile(r';\s*rel\s*=\s*"?[^";]*\blicense\b', re.IGNORECASE)
META_SIGNALS = ("tdm-reservation", "tdm-policy", "content-usage")


@dataclass(frozen=True, slots=True)
class Signal:
    """One directive as found."""

    # robots.txt, ai.txt …, X-Robots-Tag, meta robots, or the header's or meta's own name.
    signal: str
    where: str  # address of the file or response
    line: int | None  # of robots.txt; which of the header lines of that name; from 1
    agent: str | None  # whom it names; None where it speaks to all
    directive: str
    raw: str


def robots_signals(file: SiteFile, of: Sequence[Reader]) -> Iterator[Signal]:
    """Lines of the groups that speak to a reader, and preferences wherever they stand."""
    if file.rules is None:
        return
    spoken = {d.line for r in of if r.token for d in file.rules.group_lines(r.token)}
    for found in file.rules.lines:
        if found.key and (found.line in spoken or found.key in PREFERENCE_KEYS):
            yield robots_signal(file.url, found)


def robots_signal(where: str, found: robots_txt.Directive) -> Signal:
    """A line of robots.txt as a signal."""
    return Signal(
        signal="robots.txt",
        where=where,
        line=found.line,
        agent=", ".join(found.agents) or None,
        directive=f"{found.key}: {found.value}",
        raw=found.raw,
    )


def header_signals(hop: Hop) -> Iterator[Signal]:
    """The header lines of one answer that say something, in order."""
    for found in x_robots_tag.parse(hop.values("x-robots-tag")):
        yield _from_directive("X-Robots-Tag", hop.url, found, found.position + 1)
    for name in HEADER_SIGNALS:
        for number, value in enumerate(hop.values(name), 1):
            if name != "link" or _LICENCE_LINK.search(value):
                yield Signal(name, hop.url, number, None, value, value)


def metas_in(got: Fetched) -> list[robots_meta.Meta]:
    """The named meta elements of what was fetched; none where it is no page."""
    kind = got.hops[-1].value("content-type") if got.hops else None
    if not got.body or is_binary(got.body) or (kind and "html" not in kind.lower()):
        return []
    return metas_of(got.body, kind)


def page_signals(url: str, metas: Sequence[robots_meta.Meta]) -> Iterator[Signal]:
    """The meta elements of a page that say something."""
    for found in robots_meta.parse(metas):
        yield _from_directive("meta robots", url, found, None)
    for meta in metas:
        if meta.name.strip().lower() in META_SIGNALS:
            name = meta.name.strip().lower()
            yield Signal(f"meta {name}", url, None, None, meta.content, meta.raw)


def text_signals(texts: Iterable[SiteText]) -> Iterator[Signal]:
    """Every line of files and documents that hold nothing but statements."""
    for text in texts:
        for number, line in enumerate(text.lines, 1):
            if line.strip():
                yield Signal(text.kind, text.url, number, None, line.strip(), line)


def _from_directive(
    signal: str, where: str, found: x_robots_tag.Directive, line: int | None
) -> Signal:
    agent = None if found.agent == "*" else found.agent
    directive = f"{found.name}: {found.value}" if found.value else found.name
    return Signal(signal, where, line, agent, directive, found.raw)


def metas_of(body: bytes, content_type: str | None) -> list[robots_meta.Meta]:
    """The named meta elements of a page. What stands in a comment is none."""
    from bs4 import BeautifulSoup
    from bs4.exceptions import ParserRejectedMarkup
    from bs4.filter import SoupStrainer

    try:
        text = body.decode(encoding_of(body, content_type), "replace")
    except (LookupError, ValueError):
        text = body.decode("utf-8", "replace")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pages that look like XML or an address
            soup = BeautifulSoup(text, "html.parser", parse_only=SoupStrainer("meta"))
    except ParserRejectedMarkup:
        return []
    named = [tag for tag in soup.find_all("meta") if tag.get("name")]
    return [
        robots_meta.Meta(n, str(tag["name"]), str(tag.get("content", "")), str(tag))
        for n, tag in enumerate(named)
    ]
