"""Places and crawls → every capture that the archive's indexes name, asked once and kept."""

from __future__ import annotations

from collections.abc import Sequence

from optout.errors import FetchError
from optout.history.archive import Archive
from optout.history.captures import PAGE, ROBOTS, Capture
from optout.history.host import Host
from optout.history.index import Found, ask, chosen, crawls
from optout.history.options import HistoryOptions
from optout.history.place import Place
from optout.history.plan import within
from optout.history.state import State
from optout.history.table import ask_table, table_files

MOST_CAPTURES = 100_000  # held at a time
_TOLD = 10  # crawls


def crawls_to_ask(index: Host, archive: Archive, options: HistoryOptions) -> list[str]:
    """Names of crawls, oldest first. Raises FetchError when the list cannot be had."""
    if options.crawls:
        return list(dict.fromkeys(options.crawls))
    bounded = bool(options.first or options.last)
    first = int(options.first[:4] or archive.from_year) if bounded else archive.from_year
    last = int(options.last[:4] or 9999) if bounded else archive.to_year
    names = chosen(crawls(index, archive), first, last, newest=not bounded)
    if not names:
        raise FetchError(
            f"{index.name} has no crawl from {first} to {last}",
            "choose another time with --from and --to",
        )
    return names


class Asking:
    """Asks the indexes and remembers the answers in the state."""

    def __init__(
        self, index: Host, data: Host, archive: Archive, options: HistoryOptions, state: State
    ) -> None:
        self.index, self.data = index, data
        self.archive, self.options, self.state = archive, options, state
        self.crawls: list[str] = []
        self.captures: list[Capture] = []
        self.odd = 0
        self.cut: list[str] = []  # questions whose answer was longer than is read
        self.absent: list[str] = []  # crawls that the index does not have

    def all(self, names: Sequence[str], places: Sequence[Place]) -> None:
        """Ask about every place in every crawl, until more is found than can be held."""
        for number, crawl in enumerate(names, 1):
            before = len(self.captures)
            self.crawls.append(crawl)
            for place in places:
                self._place(crawl, place)
            self._tell(number, len(names), crawl, len(self.captures) - before)
            if len(self.captures) >= MOST_CAPTURES:
                self.cut.append(f"crawls after {crawl}: too many captures to hold")
                return

    def _place(self, crawl: str, place: Place) -> None:
        for kind in (PAGE, ROBOTS):
            asked = f"{self.archive.index} {crawl} {kind} {place.root} {place.subdomains}"
            found = self.state.answer(asked)
            if found is None:
                found = ask(self.index, crawl, place, kind)
                self.state.add_answer(asked, found)
            self._take(found, crawl, place)
        if self.options.table:
            self._take(self._table(crawl, place), crawl, place)

    def _table(self, crawl: str, place: Place) -> Found:
        asked = f"{self.archive.data} {crawl} table {place.root} {place.subdomains}"
        found = self.state.answer(asked)
        if found is None:
            files = table_files(self.data, self.archive, crawl)
            self.options.tell(f"{crawl}: {len(files)} files of the columnar index hold robots.txt")
            found = ask_table(self.data, files, crawl, place)
            self.state.add_answer(asked, found)
        return found

    def _take(self, found: Found, crawl: str, place: Place) -> None:
        self.captures += within(found.captures, place, self.options.first, self.options.last)
        self.odd += found.odd
        if found.more:
            self.cut.append(f"the answer of {crawl} about {place.root} was longer than is read")
        if found.absent and crawl not in self.absent:
            self.absent.append(crawl)

    def _tell(self, number: int, of: int, crawl: str, found: int) -> None:
        if found:
            self.options.tell(f"{crawl}: {found} captures")
        if number % _TOLD == 0 or number == of:
            self.options.tell(f"asked {number} of {of} crawls")
