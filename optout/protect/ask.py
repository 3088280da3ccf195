"""Own addresses, asked slowly: do retired ones answer 410, and does the server obey robots.txt?

Only hosts of the case are asked, under the fetch policy; redirects are not followed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from crawler.policy import USER_AGENT, Reach, started_private
from crawler.urls import host_of, origin, target
from optout.check import ask_robots
from optout.fetch import fetch
from optout.fetched import Fetched
from optout.protect.agents import Agent, agents
from optout.protect.retire import Gone
from optout.protect.situation import Situation

DELAY = 1.0  # seconds between two requests
PICTURES = 2  # per host, beside its front page
SPOOFED = "spoofed agent, not the real bot"

Sleep = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a retired address answers now."""

    url: str
    status: int | None  # None where none came; `reason` says why
    reason: str = ""

    @property
    def gone(self) -> bool:
        return self.status == 410

    @property
    def words(self) -> str:
        """What the answer means for whoever downloads a data set."""
        if self.status is None:
            return self.reason
        if self.gone:
            return "gone, as it should be"
        if self.status == 404:
            return "not found: nothing to download, but 410 says that it is for good"
        if 300 <= self.status < 400:
            return "it redirects, so the picture can still be downloaded"
        return "it still answers" if self.status < 400 else "an error, perhaps for a time only"


@dataclass(frozen=True, slots=True)
class Probe:
    """One address, asked under the name of one crawler."""

    url: str
    agent: str
    robots: str  # allowed, disallowed or unknown
    plain: int | None  # status for optout's own name
    status: int | None  # status for the crawler's name
    reason: str = ""
    label: str = SPOOFED

    @property
    def finding(self) -> str:
        """Where the server's answer contradicts robots.txt; "" where it does not."""
        if self.plain is None or self.plain // 100 != 2 or self.robots == "unknown":
            return ""
        served = self.status is not None and self.status // 100 in (2, 3)
        if self.robots == "disallowed" and served:
            return "robots.txt asks it to stay away; the server would answer all the same"
        if self.robots == "allowed" and not served:
            return "robots.txt lets it in; the server turns it away"
        return ""


def check_gone(
    gone: Iterable[Gone], *, delay: float = DELAY, sleep: Sleep = time.sleep
) -> Iterator[Answer]:
    """Ask each address once, in order, and read nothing but the answer's head."""
    addresses = [one.url for one in gone]
    reach = _reach(addresses)
    for number, url in enumerate(addresses):
        if number:
            sleep(delay)
        got = _head(url, reach)
        yield Answer(url, got.status, "" if got.status else got.reason)


def probe(
    found: Situation,
    *,
    delay: float = DELAY,
    sleep: Sleep = time.sleep,
    names: Sequence[str] = (),
) -> Iterator[Probe]:
    """Ask a few addresses of each own host under the names of AI crawlers.

    `names` choose among the agents whose User-agent is known; none means all of them.
    """
    asked = [a for a in agents() if a.user_agent and (not names or a.token in names)]
    addresses = _addresses(found)
    reach = _reach(addresses)
    files = {place: ask_robots(place, reach) for place in dict.fromkeys(map(origin, addresses))}
    for url in addresses:
        rules = files[origin(url)].rules
        sleep(delay)
        plain = _head(url, reach)
        for agent in asked:
            sleep(delay)
            got = _head(url, reach, agent)
            allowed = rules.decide(agent.token, target(url)).allowed if rules else None
            robots = {True: "allowed", False: "disallowed", None: "unknown"}[allowed]
            reason = "" if got.status else got.reason
            yield Probe(url, agent.token, robots, plain.status, got.status, reason)


def _addresses(found: Situation) -> list[str]:
    """Per own host its front page and the first pictures that answered there."""
    addresses = []
    for host in found.mine:
        addresses.append(f"{host.origin}/")
        pictures = (image.url for image in found.images if origin(image.url) == host.origin)
        addresses += islice(pictures, PICTURES)
    return addresses


def _reach(addresses: Iterable[str]) -> Reach:
    """The case's own hosts may be private ones; nothing else may."""
    return Reach(started_private({host_of(url) for url in addresses}))


def _head(url: str, reach: Reach, agent: Agent | None = None) -> Fetched:
    name = agent.user_agent if agent else USER_AGENT
    return fetch(url, reach, max_redirects=0, wanted=lambda hop: False, user_agent=name)
