"""A list of image addresses → the verdict of every reader on every row, written as it is made."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from crawler.policy import TIMEOUT, Reach
from optout.audit.hosts import Asking, Progress
from optout.audit.judging import Judged, judged
from optout.audit.needs import Needs, needs
from optout.audit.network import Network, Resolve, allow_connections
from optout.audit.rows import Source, fingerprint, lines
from optout.audit.site_files import Parsed
from optout.audit.store import told
from optout.audit.work import Work
from optout.audit.writing import Writer
from optout.case import Case
from optout.errors import OptoutError
from optout.readers.table import Reader

PER_HOST = 2
AT_ONCE = 128


@dataclass(frozen=True, slots=True)
class Options:
    """How an audit is done."""

    cache: Path
    images: bool = True  # ask for image headers where a reader looks at them
    offline: bool = False  # ask nobody, go by what was recorded
    case: Case | None = None  # offline: by a case's observations, not by the cache
    reach: Reach = field(default_factory=Reach)
    per_host: int = PER_HOST
    at_once: int = AT_ONCE
    seconds: float = TIMEOUT  # for one exchange
    resolve: Resolve | None = None  # instead of the system's DNS
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    tell: Callable[[Progress], None] = lambda progress: None
    note: Callable[[str], None] = lambda text: None


@dataclass(slots=True)
class Summary:
    """What was done."""

    rows: int = 0
    exchanges: int = 0
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)  # (reader, verdict)
    unknown: Counter[str] = field(default_factory=Counter)  # why; the first of many kinds only


def audit(
    found: Sequence[Source], of: Sequence[Reader], options: Options, writer: Writer
) -> Summary:
    """Ask what the readers need to know and give their verdicts to `writer`, in the list's order.

    An audit that was killed goes on where it was when it is begun again with the same unchanged
    list and cache. Raises DatasetError for the list, OptoutError for the cache.
    """
    wanted = needs(of, images=options.images)
    with told(options.cache):
        return _audit(found, of, options, writer, wanted)


def _audit(
    found: Sequence[Source], of: Sequence[Reader], options: Options, writer: Writer, wanted: Needs
) -> Summary:
    work = _work(found, options, wanted)
    done = False
    try:
        if work.resumed:
            options.note(f"going on with the audit begun {work.started_at:%Y-%m-%d %H:%M} UTC")
        work.fill(lines(found))
        summary = Summary(work.rows or 0)
        if not options.offline:
            summary.exchanges = _ask(work, wanted, options)
        for part in _judged(work, of, wanted, options):
            summary.verdicts.update((line.reader, line.verdict) for line in part)
            _count_reasons(summary.unknown, part)
            writer.write(part)
        done = True
    finally:
        work.close(done=done)
    return summary


def _work(found: Sequence[Source], options: Options, wanted: Needs) -> Work:
    """The rows and the store. Offline nothing is gained by keeping the rows."""
    reach = (options.reach.allow_private, sorted(options.reach.started))
    how = (wanted.images, wanted.files, reach)
    try:
        if not options.offline:
            options.cache.mkdir(parents=True, exist_ok=True)
        name = f"rows-{fingerprint(found, *how)}.db"
    except OSError as error:
        raise OptoutError(
            f"{error.filename} cannot be used: {error.strerror}", "name another with --cache"
        ) from error
    store = None if options.case else options.cache / "answers.db"
    if options.offline and store and not store.exists():
        raise OptoutError(f"{options.cache} holds no answers", "audit once without --offline")
    work = Work(None if options.offline else options.cache / name, store, options.now())
    if options.case:
        from optout.audit.recorded import load

        load(options.case, work.store)
    return work


def _ask(work: Work, wanted: Needs, options: Options) -> int:
    from optout.audit.asking import Asker

    async def go() -> int:
        asker = Asker(
            Network(options.reach, options.resolve),
            options.now,
            options.per_host,
            options.at_once,
            options.seconds,
        )
        await Asking(work, asker, wanted, options.tell).run()
        return asker.exchanges

    allow_connections(2 * options.per_host * options.at_once)
    try:
        return asyncio.run(go())
    except ExceptionGroup as group:
        raise _first(group) from None


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """What went wrong, out of the groups in which asyncio wraps it."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first


def _judged(
    work: Work, of: Sequence[Reader], wanted: Needs, options: Options
) -> Iterator[list[Judged]]:
    files = Parsed(work.store)
    missing = "nothing was recorded of it" if options.offline else "it was not asked for"
    if not options.images:
        missing = "images were not asked for (--no-images)"
    for rows in work.judged(answers=wanted.images):
        yield list(judged(rows, of, files, missing))


_MOST_REASONS = 1000  # a reason may name a host, and hosts are many


def _count_reasons(reasons: Counter[str], part: Sequence[Judged]) -> None:
    for line in part:
        if line.reason and (line.reason in reasons or len(reasons) < _MOST_REASONS):
            reasons[line.reason] += 1
