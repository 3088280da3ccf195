"""A job → a finished run folder: journal, crawl, Parquet. Goes on where a killed run stopped."""

from __future__ import annotations

import logging
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crawler.gate import Gate
from crawler.job import Job, load_job
from crawler.journal import Journal
from crawler.progress import Listener
from crawler.whole import whole
from crawler.writer import journal_rows, write_run

JOB_FILE = "job.json"


def partial_runs(observations: Path) -> list[Path]:
    """Folders of runs that were interrupted, oldest first. Left-overs of finished ones go."""
    found = []
    for folder in sorted(observations.glob(".run=*.partial")):
        if (observations / folder.name[1:].removesuffix(".partial")).is_dir():
            shutil.rmtree(folder)  # killed between renaming the run and removing its journal
        elif (folder / JOB_FILE).is_file():
            found.append(folder)
    return found


def begin(job: Job, observations: Path) -> Path:
    """Make the folder of a new run and keep its job there."""
    folder = observations / f".run={job.run_id}.partial"
    folder.mkdir(parents=True)
    with whole(folder / JOB_FILE) as beside:
        job.save(beside)
    return folder


def crawl(
    folder: Path, listener: Listener | None = None, gate: Gate | None = None
) -> tuple[Path | None, dict[str, Any]]:
    """Crawl (or go on crawling) the run in `folder`; (finished run or None, summary).

    None means the run was stopped from outside and waits to be resumed. At most once per
    process: Twisted's reactor cannot be started again. The caller holds the observations
    (`crawler.journal.alone`). `gate` is what crawls at the same time share. Raises OSError
    when the disk cannot be written (the journal then stays whole), ValueError when the job cannot
    be read.
    """
    job = load_job(folder / JOB_FILE)
    with Journal(folder) as journal:
        spider, stopped = _run_spider(job, journal, folder, listener, gate)
        if spider is None:
            return None, _facts(job)
        if spider.fault is not None:
            raise spider.fault
        if stopped:
            return None, _facts(job)
        return finish(folder, job, _summary(job, spider, listener)), _facts(job)


def finish(folder: Path, job: Job, summary: dict[str, Any]) -> Path:
    """Turn a journal into a run folder and remove it."""
    from crawler.warc import FILE

    run = write_run(
        journal_rows(folder),
        folder.parent,
        summary,
        case_id=job.case_id,
        run_id=job.run_id,
        source="crawl",
        images=folder / "images",
        warc=folder / FILE,
    )
    shutil.rmtree(folder)
    return run


def finish_as_is(folder: Path) -> Path:
    """Close an interrupted run with what it has; its summary says what it still had to do."""
    from crawler.spider import SiteSpider
    from crawler.warc import FILE, mend

    mend(folder / FILE)
    job, words = load_job(folder / JOB_FILE), "interrupted and not resumed"
    with Journal(folder) as journal:
        spider = SiteSpider(job=job, reach=job.reach(), journal=journal, folder=folder, refused={})
        try:
            spider.take_up()
            spider.frontier.stop(words, "interrupted")
            summary = _summary(job, spider, None)
        except (KeyError, TypeError, ValueError):  # a damaged journal; what it has is kept
            cut = {"kind": "interrupted", "what": "pages", "reason": words}
            summary = _facts(job) | {"cut_short": [cut | {"count": None, "examples": []}]}
    if spider.fault is not None:
        raise spider.fault
    return finish(folder, job, summary)


def _run_spider(
    job: Job, journal: Journal, folder: Path, listener: Listener | None, gate: Gate | None
) -> tuple[Any, bool]:
    from scrapy import signals
    from scrapy.core.engine import ExecutionEngine
    from scrapy.crawler import AsyncCrawlerProcess
    from twisted.logger import globalLogBeginner

    from crawler.resolver import PolicyResolver
    from crawler.settings import settings_for
    from crawler.spider import SiteSpider

    # How soon a host that had to wait is asked again; Scrapy looks every 5 s.
    ExecutionEngine._SLOT_HEARTBEAT_INTERVAL = 0.5
    process = AsyncCrawlerProcess(settings_for(job))
    crawler = process.create_crawler(SiteSpider)
    # Twisted prints a certificate that does not fit with its traceback; here it is a record.
    globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)
    logging.getLogger("twisted").setLevel(logging.CRITICAL + 1)
    refused: dict[str, str] = {}
    reach = job.reach()
    PolicyResolver.reach, PolicyResolver.refused = reach, refused
    outcome: dict[str, Any] = {"spider": None, "reason": "stopped"}

    def closed(spider: Any, reason: str) -> None:
        outcome.update(spider=spider, reason=reason)

    crawler.signals.connect(closed, signals.spider_closed, weak=False)
    with _own_signal_handlers():
        process.crawl(
            crawler,
            job=job,
            reach=reach,
            journal=journal,
            folder=folder,
            refused=refused,
            on_progress=listener,
            gate=gate,
        )
        process.start()
    return outcome["spider"], outcome["reason"] != "finished"


@contextmanager
def _own_signal_handlers() -> Iterator[None]:
    """Give back Ctrl-C and the like after Scrapy has taken them."""
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = {kind: signal.getsignal(kind) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def _summary(job: Job, spider: Any, listener: Listener | None) -> dict[str, Any]:
    if spider.frontier.stopped_by:
        for task in spider.frontier.leftovers():
            spider.finish(task, None, "failed", f"{spider.frontier.stopped_by}, in mid-chain")
    if listener is not None:
        listener(spider.progress.snapshot())
    cut = [{"reason": reason, **asdict(cut)} for reason, cut in sorted(spider.frontier.cut.items())]
    return _facts(job) | {
        "cut_short": cut,
        "crawl_delays": dict(sorted(spider.delays.items())),
        "pages_rendered": spider.shows.count if spider.shows else 0,
    }


def _facts(job: Job) -> dict[str, Any]:
    from crawler.policy import PRODUCT_TOKEN, USER_AGENT

    return {
        "started_at": job.started_at,
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "sites": list(job.sites),
        "options": asdict(job.options),
        "overrides": list(job.options.owned_hosts),
        "user_agent": USER_AGENT,
        "product_token": PRODUCT_TOKEN,
        "cut_short": [],
    }
