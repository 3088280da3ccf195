"""What one crawl is asked to do: sites, limits, pace. Saved beside the journal, so a resumed
run goes on under the rules it began with."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from crawler.policy import MAX_IMAGE_BYTES, MAX_PAGE_BYTES, TIMEOUT, Reach, started_private
from crawler.urls import host_of


@dataclass(frozen=True, slots=True)
class CrawlOptions:
    """Choices of the user; the defaults are polite.

    Times are seconds, sizes bytes. A budget of 0 means none.
    """

    delay: float = 0.25  # least time between two requests to one host
    autothrottle: bool = True  # slow down as the server does
    per_host: int = 1  # requests to one host at a time
    concurrency: int = 16  # over all hosts
    timeout: float = TIMEOUT  # for one exchange, body included
    retries: int = 2  # after a broken connection, 429 or 5xx
    max_pages: int = 20_000
    max_depth: int = 100  # links from a site root
    max_seconds: float = 6 * 3600.0
    max_bytes: int = 20 * 2**30
    max_page_bytes: int = MAX_PAGE_BYTES
    max_image_bytes: int = MAX_IMAGE_BYTES
    # Pages of one address pattern (digits aside) read without meeting a new image.
    trap_limit: int = 30
    pages_only: bool = False  # ask for no image
    headers_only: bool = False  # ask for images with HEAD
    keep_images: bool = False  # store the bytes under the run's folder
    warc: bool = False  # keep every exchange in a WARC file
    render: str = "never"  # which pages a browser is shown: always, auto or never
    allow_private: bool = False
    owned_hosts: tuple[str, ...] = ()  # --i-own-this-site: robots.txt recorded, not obeyed
    public_only: bool = False  # others named the sites: not even those may be private
    path_scoped: tuple[str, ...] = ()  # sites of which only the part below their path is theirs


@dataclass(frozen=True, slots=True)
class Job:
    """One run: who, where, how."""

    case_id: str
    run_id: str
    sites: tuple[str, ...]
    started_at: str  # ISO 8601, UTC
    options: CrawlOptions = field(default_factory=CrawlOptions)

    def reach(self) -> Reach:
        """What private addresses it may reach: hosts it starts at that are private now (DNS)."""
        own = () if self.options.public_only else self.sites
        started = started_private(host_of(site) for site in own)
        return Reach(started=started, allow_private=self.options.allow_private)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1, sort_keys=True) + "\n", "utf-8")


def load_job(path: Path) -> Job:
    """A job as `Job.save` wrote it. Raises ValueError or OSError when it cannot be read."""
    try:
        data: dict[str, Any] = json.loads(path.read_text("utf-8"))
        chosen = data.pop("options")
        for key in ("owned_hosts", "path_scoped"):
            chosen[key] = tuple(chosen[key])
        data["sites"] = tuple(data["sites"])
        return Job(**data, options=CrawlOptions(**chosen))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path.name} is damaged") from error
