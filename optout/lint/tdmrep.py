"""TDM reservations in file, header and meta → what was found."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.signals import tdmrep, tdmrep_file
from crawler.signals.path_pattern import target_octets
from crawler.signals.robots_meta import Meta
from crawler.signals.tdmrep import Declaration
from crawler.urls import origin, target
from optout.lint.seen import Answer, Seen
from optout.lint.table import Found, finds

_MOST = 1000  # entries of a file compared with those before them
# Origin → address and entries of its tdmrep.json.
Files = dict[str, tuple[str, tdmrep_file.File]]


def of_header(answer: Answer) -> list[Declaration]:
    """What the last answer's header lines declare."""
    last = answer.last
    return tdmrep.parse_header(last.values("tdm-reservation"), last.values("tdm-policy"))


def of_metas(seen: Seen) -> Iterator[tuple[str, list[Declaration]]]:
    """(page, what its metas declare)."""
    pages: dict[str, list[Meta]] = {}
    for meta in seen.metas:
        if meta.name.strip().lower() in ("tdm-reservation", "tdm-policy"):
            pages.setdefault(meta.page_url, []).append(meta.meta)
    for page, metas in pages.items():
        yield page, tdmrep.parse_metas(metas)


def files(seen: Seen) -> Files:
    """Origin → address and entries of its tdmrep.json."""
    return {f.origin: (f.url, tdmrep_file.parse_file(b)) for f, b in seen.kind("tdmrep.json")}


def chosen(read: Files, url: str) -> Declaration | None:
    """The entry of the file that speaks of an address, by the specification."""
    if origin(url) not in read:
        return None
    return tdmrep_file.choose(read[origin(url)][1], target(url)).first


@finds("T01")
def never_reached(seen: Seen) -> Iterator[Found]:
    """An entry behind a shorter one that covers it and says the opposite."""
    for url, file in files(seen).values():
        entries = [e for e in file.entries if e.reservation is not None and e.pattern]
        for number, later in enumerate(entries[:_MOST]):
            for earlier in entries[:number]:
                if _hides(earlier, later):
                    words = {"first": earlier.location or "", "later": later.location or ""}
                    words |= {"said": _in_words(earlier), "meant": _in_words(later)}
                    yield Found(url, later.line, later.raw, words)
                    break


def _hides(earlier: Declaration, later: Declaration) -> bool:
    if not earlier.pattern or not later.pattern or later.location is None:
        return False
    longer = later.pattern.octets > earlier.pattern.octets
    covered = earlier.pattern.covers(target_octets(later.location.rstrip("$")))
    return longer and covered and earlier.reservation != later.reservation


def _in_words(one: Declaration) -> str:
    return "reserved" if one.reservation == 1 else "not reserved"


@finds("T02")
def wrong_values(seen: Seen) -> Iterator[Found]:
    """tdm-reservation as text, as true, as anything but 0 and 1, or missing."""
    yield from _faulty(seen, "tdm-reservation")


@finds("T03")
def not_read(seen: Seen) -> Iterator[Found]:
    """A file that is no JSON array."""
    for url, file in files(seen).values():
        if file.fault:
            yield Found(url, None, "", {"why": file.fault})


@finds("T04")
def wrong_entries(seen: Seen) -> Iterator[Found]:
    """An entry without a place, or with one that covers nothing."""
    yield from _faulty(seen, "location", "no object")


def _faulty(seen: Seen, *starts: str) -> Iterator[Found]:
    for url, file in files(seen).values():
        for entry in file.entries if not file.fault else ():
            faults = [fault for fault in entry.faults if fault.startswith(starts)]
            if faults:
                yield Found(url, entry.line, entry.raw, {"why": faults[0]})


@finds("T05")
def wrong_lines(seen: Seen) -> Iterator[Found]:
    """A header line or meta whose value is neither 0 nor 1, or that contradicts another."""
    for url, line, one in _beside(seen):
        faults = [fault for fault in one.faults if not fault.startswith("tdm-policy")]
        if faults:
            yield Found(url, line, one.raw, {"why": faults[0], "source": one.source})


@finds("T06")
def policy_alone(seen: Seen) -> Iterator[Found]:
    """A policy that no reservation stands beside, with none in the file either."""
    read = files(seen)
    for url, line, one in _beside(seen):
        alone = any(fault.startswith("tdm-policy stands") for fault in one.faults)
        outer = chosen(read, url)
        if alone and not (outer and outer.reservation == 1):
            yield Found(url, line, one.raw, {"source": one.source})


def _beside(seen: Seen) -> Iterator[tuple[str, int | None, Declaration]]:
    """Address, line and declaration of every header line and meta."""
    for answer in seen.answers:
        for one in of_header(answer):
            yield answer.last.url, one.position + 1, one
    for page, found in of_metas(seen):
        for one in found:
            yield page, None, one


@finds("T07")
def taken_back(seen: Seen) -> Iterator[Found]:
    """A reservation of the file or header that an inner source takes back."""
    read, metas = files(seen), dict(of_metas(seen))
    for answer in seen.answers:
        url = answer.last.url
        outer = chosen(read, url)
        sources = [[outer] if outer else [], of_header(answer)]
        sources += [metas.get(url, [])] if answer.subject == "page" else []
        reserved = [one for source in sources for one in source if one.reservation == 1]
        decided = tdmrep.in_force(*sources).decided_by
        if reserved and decided and decided.reservation == 0:
            words = {"outer": reserved[0].source, "inner": decided.source}
            yield Found(url, None, decided.raw, words)
