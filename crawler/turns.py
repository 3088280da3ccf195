"""What waits for each host → the next task that may be asked for, at each host's pace."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from crawler.gate import Gate
from crawler.tasks import Item, Page, Task
from crawler.urls import host_of


@dataclass(slots=True)
class HostQueue:
    """What waits for one host."""

    first: deque[Task] = field(default_factory=deque)  # robots.txt, next hops, second tries
    images: deque[str] = field(default_factory=deque)
    pages: deque[Page] = field(default_factory=deque)
    in_flight: int = 0
    not_before: float = 0.0

    def waiting(self) -> bool:
        return bool(self.first or self.images or self.pages)

    def put(self, item: Item) -> None:
        if isinstance(item, str):
            self.images.append(item)
        elif isinstance(item, tuple):
            self.pages.append(item)
        else:
            self.first.append(item)


class Turns:
    """The queues of all hosts, asked one after the other."""

    def __init__(self, per_host: int, pause: float) -> None:
        """At most `per_host` exchanges with a host at a time; `pause` seconds that other crawls
        leave it in peace after one of ours."""
        self.gate: Gate | None = None  # shared with other crawls, where there are any
        self._most = per_host
        self._pause = pause
        self._hosts: dict[str, HostQueue] = {}
        self._order: deque[str] = deque()
        self._delays: dict[str, float] = {}

    def __bool__(self) -> bool:
        """Whether any host has an exchange waiting or under way."""
        return bool(self._hosts)

    def queues(self) -> Iterable[HostQueue]:
        """Those of all hosts."""
        return self._hosts.values()

    def queue(self, url: str) -> HostQueue:
        """That of the host of an address, made where it is not."""
        name = host_of(url)
        if name not in self._hosts:
            self._hosts[name] = HostQueue()
            self._order.append(name)
        return self._hosts[name]

    def slow_down(self, host: str, delay: float) -> None:
        """Leave `delay` seconds between two requests to a host."""
        self._delays[host] = max(delay, self._delays.get(host, 0.0))

    def next(self, now: float, take: Callable[[HostQueue], Task | None]) -> Task | None:
        """What `take` takes out of the queue of the next host that may be asked now, or None."""
        for _ in range(len(self._order)):
            name = self._order[0]
            self._order.rotate(-1)
            queue = self._hosts[name]
            delay = self._delays.get(name, 0.0)
            most = 1 if delay else self._most
            if queue.in_flight >= most or queue.not_before > now:
                continue
            if self.gate is not None and not self.gate.enter(name):
                continue
            task = take(queue)
            if task is not None:
                queue.in_flight += 1
                queue.not_before = now + delay
                return task
            if self.gate is not None:
                self.gate.leave(name, 0.0)
            if not queue.in_flight:
                self._order.remove(name)
                del self._hosts[name]
        return None

    def done(self, url: str) -> None:
        """The exchange with the host of an address is over."""
        host = host_of(url)
        queue = self._hosts.get(host)
        if queue is not None:
            queue.in_flight -= 1
        if self.gate is not None:
            self.gate.leave(host, max(self._pause, self._delays.get(host, 0.0)))
