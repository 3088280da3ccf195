"""A case → one more finished run of observations. The only part of `optout` that runs a crawl."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from optout.case import Case, read_summary
from optout.errors import CrawlError

if TYPE_CHECKING:
    from crawler.job import CrawlOptions
    from crawler.progress import Listener


@dataclass(frozen=True, slots=True)
class CrawlResult:
    """What a crawl left behind. `run` is None when it was stopped and waits to be resumed."""

    run: Path | None
    summary: dict[str, Any]
    resumed: bool


def crawl_case(
    case: Case,
    options: CrawlOptions | None = None,
    progress: Listener | None = None,
    *,
    new_run: bool = False,
    tell: Callable[[str], None] = lambda text: None,
    gate: Path | None = None,
) -> CrawlResult:
    """Crawl the case's sites into a new run, or go on with an interrupted one.

    At most once per process (Scrapy's reactor cannot start twice). `new_run` closes an
    interrupted run as it stands and begins afresh. `tell` hears that an interrupted run goes on.
    `gate` is the file by which crawls at the same time share the hosts they ask.
    Raises CrawlError with the next step when there is no site, another process is crawling the
    case, or the disk is full; CaseError when an earlier run is damaged.
    """
    from crawler.gate import Gate
    from crawler.journal import JournalBusy, alone
    from crawler.run import crawl

    _check_runs(case)
    try:
        with alone(case.observations):
            folder, resumed = _folder(case, options, new_run, tell)
            run, summary = crawl(folder, progress, Gate(gate) if gate else None)
    except JournalBusy as error:
        raise CrawlError(
            f"another crawl of {case.folder} is running", "wait for it to end, or stop it"
        ) from error
    except ValueError as error:
        raise CrawlError(
            f"an interrupted run in {case.observations} cannot be read ({error})",
            "use the optout that began it, or move its folder away",
        ) from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise CrawlError(
            f"cannot write to {case.observations}: {error.strerror or error}; "
            "what was gathered is kept",
            f"{'free some space' if full else 'check the folder'}, then run the same command "
            "again: it goes on where it stopped",
        ) from error
    return CrawlResult(run, summary if run is None else read_summary(run), resumed)


def _check_runs(case: Case) -> None:
    """Damage of earlier runs is told before a crawl of hours, not after it."""
    from optout.database import open_case

    open_case(case).close()


def _folder(
    case: Case, options: CrawlOptions | None, new_run: bool, tell: Callable[[str], None]
) -> tuple[Path, bool]:
    """The folder of the run to crawl, and whether it is an interrupted one."""
    from crawler.job import CrawlOptions, Job
    from crawler.run import begin, finish_as_is, partial_runs

    waiting = partial_runs(case.observations)
    if new_run:
        for folder in waiting:
            tell(f"closed as it stands: {finish_as_is(folder).name}")
    elif waiting:
        _tell_resumed(case, waiting[0], options, tell)
        return waiting[0], True
    if not case.sites:
        raise CrawlError(
            f"{case.folder / 'optout.toml'} names no site",
            'add sites = ["https://your-site.example/"] under [where], '
            "or give the address: optout crawl https://your-site.example",
        )
    job = Job(
        case_id=case.case_id,
        run_id=new_run_id(case),
        sites=tuple(site_root(site) for site in case.sites),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        options=_scoped(options or CrawlOptions(), case),
    )
    return begin(job, case.observations), False


def _tell_resumed(
    case: Case, folder: Path, options: CrawlOptions | None, tell: Callable[[str], None]
) -> None:
    """A run keeps the rules it began under; say so where others were asked for."""
    from dataclasses import asdict

    from crawler.job import CrawlOptions, load_job
    from crawler.run import JOB_FILE

    job = load_job(folder / JOB_FILE)
    tell(f"going on with the run begun {job.started_at} (--new-run begins afresh)")
    asked = asdict(_scoped(options or CrawlOptions(), case))
    kept = asdict(job.options)
    differs = [name.replace("_", " ") for name in kept if kept[name] != asked[name]]
    if job.sites != tuple(site_root(site) for site in case.sites):
        differs.append("sites")
    if differs:
        tell(f"  it keeps what it began with, not what is asked for now: {', '.join(differs)}")


def site_root(text: str) -> str:
    """The address of a site as typed → one that can be asked for. Raises CrawlError.

    >>> site_root("mira.example")
    'https://mira.example/'
    """
    text = text.strip()
    if os.path.exists(text):  # noqa: PTH110 (Path.exists raises for a name too long)
        raise CrawlError(
            f"{text} is a file or folder on this computer, not a site",
            "for pictures on disk: optout add FOLDER",
        )
    return site_address(text)


def site_address(text: str, *, private: bool = True) -> str:
    """`site_root` of a text that somebody else wrote: nothing on this computer is looked at.

    Private addresses are refused unless `private`. Raises CrawlError.
    """
    from crawler.policy import Reach, refusal
    from crawler.urls import clean

    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        # Servers on one's own machine seldom have a certificate.
        local = re.match(r"(?:localhost|[0-9.]+|\[)", text)
        text = f"{'http' if local else 'https'}://{text}"
    address = clean(text)
    reason = refusal(address, Reach(allow_private=private)) if address else "it cannot be read"
    if address is None or reason:
        raise CrawlError(
            f"{text} is not an address to crawl: {reason}",
            "write it like https://your-site.example",
        )
    host = urlsplit(address).hostname or ""
    if "." not in host and ":" not in host and host != "localhost":
        raise CrawlError(f"{text} names no full host", "write it like https://your-site.example")
    return address


def new_run_id(case: Case) -> str:
    """The start in UTC; a second run within the second waits for the next one's name."""
    taken = {path.name for path in case.observations.glob("*run=*")}
    moment = datetime.now(UTC)
    while True:
        run_id = moment.strftime("%Y-%m-%dT%H%M%SZ")
        if f"run={run_id}" not in taken and f".run={run_id}.partial" not in taken:
            return run_id
        moment = moment.replace(microsecond=0) + _SECOND


def _scoped(options: CrawlOptions, case: Case) -> CrawlOptions:
    """On a host that many share, only what lies below the artist's own path is their site."""
    from dataclasses import replace

    from optout.identity.hosts import shared_host

    roots = [site_root(site) for site in case.sites]
    below = [
        root
        for root in roots
        if urlsplit(root).path.strip("/") and shared_host(urlsplit(root).hostname or "")
    ]
    return replace(options, path_scoped=tuple(below))


_SECOND = timedelta(seconds=1)
