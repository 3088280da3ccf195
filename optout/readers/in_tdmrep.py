"""TDM reservations in file, header and metas → statements, with the one that is in force.

TDM Reservation Protocol, "Processing priority": a header supersedes the file, a meta the header;
an absent or wrong value resets nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.signals import tdmrep, tdmrep_file
from crawler.signals.path_pattern import target_octets
from crawler.signals.tdmrep import Declaration
from crawler.signals.vocabulary import ALLOWED, DISALLOWED, UNKNOWN, Value
from crawler.urls import origin, target
from optout.readers.families import families
from optout.readers.in_answers import NOT_THE_IMAGES, is_answer, is_own, reach
from optout.readers.served import Page, TextFile
from optout.readers.statement import HOST, PAGE, Reservation, joined
from optout.readers.subject import Subject

_VALUES: dict[int | None, Value] = {1: DISALLOWED, 0: ALLOWED, None: UNKNOWN}
_SIGNALS = {"file": "tdmrep.json", "header": "tdm-reservation", "meta": "meta tdm-reservation"}


def in_tdmrep(subject: Subject) -> Iterator[Reservation]:
    """Every declaration that speaks of the address; that in force stands."""
    file, choice = _file(subject)
    last = subject.hops[-1] if subject.hops and is_answer(subject.hops[-1]) else None
    header = (
        tdmrep.parse_header(last.values("tdm-reservation"), last.values("tdm-policy"))
        if last
        else []
    )
    metas = [(page, tdmrep.parse_metas(page.metas)) for page in subject.pages]
    own = [one for page, said in metas if is_own(page, subject) for one in said]
    chosen = [choice.first] if choice.first else []
    decided = tdmrep.in_force(chosen, header, own).decided_by
    if file is not None:
        for one in _entries(file, subject):
            note = "another entry comes first" if one is not choice.first else ""
            if choice.differ and one in (choice.first, choice.longest):
                note = joined(note, "the first and the longest entry that match differ")
            yield _statement(one, decided, file.url, subject, file=file, note=note)
    for one in header:
        yield _statement(one, decided, subject.final_url, subject)
    for page, said in metas:
        for one in said:
            yield _statement(one, decided, page.url, subject, page=page)


def _file(subject: Subject) -> tuple[TextFile | None, tdmrep_file.Choice]:
    for file in subject.texts.get(origin(subject.final_url), ()):
        if file.kind == "tdmrep.json" and file.body is not None:
            parsed = file.readings.once(tdmrep_file.parse_file, file.body)
            return file, tdmrep_file.choose(parsed, target(subject.final_url))
    return None, tdmrep_file.Choice(None, None)


def _entries(file: TextFile, subject: Subject) -> Iterator[Declaration]:
    octets = target_octets(target(subject.final_url))
    for one in file.readings.once(tdmrep_file.parse_file, file.body or b"").entries:
        if one.pattern is not None and one.pattern.covers(octets):
            yield one


def _statement(
    one: Declaration,
    decided: Declaration | None,
    where: str,
    subject: Subject,
    *,
    file: TextFile | None = None,
    page: Page | None = None,
    note: str = "",
) -> Reservation:
    of_page = page is not None and not is_own(page, subject)
    observed_at = next((o.observed_at for o in (file, page) if o is not None), subject.observed_at)
    superseded = one is not decided and decided is not None and one.source != decided.source
    why = f"the {decided.source} supersedes it" if superseded and decided else ""
    return Reservation(
        family="TDMRep",
        signal=_SIGNALS[one.source],
        word="tdm-reservation",
        value=_VALUES[one.reservation],
        purposes=families()["TDMRep"].purposes,
        scope=HOST if file else PAGE if page else reach(subject.hops[-1]),
        where=where,
        raw=one.raw,
        line=one.line if file else None if page else one.position + 1,
        observed_at=observed_at,
        stands=one is decided,
        note=joined(NOT_THE_IMAGES if of_page else why, note, *one.faults),
    )
