"""A finished run → what its end tells the user: counts, what was cut, what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from optout.case import Case, read_summary
from optout.commands.options import note
from optout.errors import CrawlError
from optout.report.formats import clean

if TYPE_CHECKING:
    from optout.report.coverage import Coverage

# What to do when no page could be read, by what became of the first.
_NEXT = {
    "robots_disallowed": "if the site is yours, say so: optout crawl --i-own-this-site HOST",
    "out_of_scope": "if that site is yours too, add it to sites = […] in optout.toml",
    "private_address": "add --allow-private if it is in your own network",
}
_MOST_CHANGES = 12
_LONG = 200  # characters of an address
PARTIAL = "this crawl is partial: not everything on the sites was seen"
_CHECK = "check the address, then run optout crawl again; this attempt is kept as a record"


def tell_outcome(case: Case, summary: dict[str, Any]) -> None:
    """Say what a run saw and what it left out. Raises CrawlError when it read no page."""
    from crawler.spider import MAX_CRAWL_DELAY
    from optout.database import dictionaries, open_case, relation
    from optout.report.coverage import coverage

    with open_case(case) as connection:
        run_id = summary["run_id"]
        counts = dictionaries(relation(connection, "show_run", run_id=run_id))[0]
        seen = coverage(connection, [run_id])
    note(
        f"{_many(counts['pages_read'], 'page')} read, "
        f"{_many(counts['images_found'], 'image')} found on "
        f"{_many(counts['image_hosts'], 'host')}, "
        f"{counts['images_fetched']} of them answered with an image"
    )
    for line in coverage_lines(seen):
        note(line)
    for host, seconds in summary.get("crawl_delays", {}).items():
        kept = min(seconds, MAX_CRAWL_DELAY)
        note(f"  {host} asks for {seconds:g} s between two requests; {kept:g} s were kept")
    for host in summary["overrides"]:
        note(f"  robots.txt of {host} was read, not obeyed: you said the site is yours")
    if not counts["pages_read"]:
        why = counts["first_problem"] or "no answer"
        raise CrawlError(
            f"no page of {', '.join(summary['sites'])} could be read: {why}",
            _NEXT.get(counts["first_outcome"], _CHECK),
        )


def coverage_lines(seen: Coverage) -> list[str]:
    """What was not seen and why, and what a LAION-type pipeline could have captured."""
    lines = [f"  {PARTIAL}"] if seen.partial else []
    lines += [f"  {_unseen(row)}" for row in seen.unseen]
    if seen.images:
        left = seen.images - seen.captured
        lines.append(
            # Which program wrote which published list is not known; early ones took more.
            f"  as far as is known, a LAION-type pipeline could have captured {seen.captured} of "
            f"{_many(seen.images, 'image')} (icons aside)" + (f", and {left} not:" if left else "")
        )
    for row in seen.not_captured:
        example = clean(row["example"])[:_LONG]
        lines.append(f"    {row['images']} × {row['words']} (e.g. {example})")
    return lines


def _unseen(row: dict[str, Any]) -> str:
    count, what = row["addresses"], row["what"]
    number = f"some {what}" if count is None else _many(count, what.removesuffix("s"))
    state = "not seen: " if row["counted"] or row["what"] != "pages" else ""
    more = [clean(row["reason"])[:_LONG]] if row["told"] else []
    more += [f"e.g. {clean(row['example'])[:_LONG]}"] if row["example"] else []
    return f"{number} {state}{row['words']}" + (f" ({'; '.join(more)})" if more else "")


def tell_changes(case: Case) -> bool:
    """Say what differs from the crawl before the latest one; False when nothing does."""
    from optout.database import dictionaries, open_case, relation
    from optout.runs import readable_crawls

    runs = readable_crawls([read_summary(run) for run in case.runs()])
    if len(runs) < 2:
        return False
    before, after = (summary["run_id"] for summary in runs[-2:])
    found = relation(open_case(case), "run_changes", run_id=after, previous_id=before)
    changes = dictionaries(found)
    note(f"since {before}: {_many(len(changes), 'change') if changes else 'nothing changed'}")
    for change in changes[:_MOST_CHANGES]:
        said = f": {clean(change['raw'])[:120]}" if change["raw"] else ""
        note(f"  {change['change']} {change['what']} · {clean(change['url'])[:200]}{said}")
    if len(changes) > _MOST_CHANGES:
        note(f"  and {len(changes) - _MOST_CHANGES} more (optout show signals --all-runs --csv)")
    return bool(changes)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
