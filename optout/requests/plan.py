"""What a case holds, and who the user chose → what is asked of whom, row by row."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from optout.errors import RequestError
from optout.matching.kinds import kinds as evidence_kinds
from optout.requests.recipients import Kind, Recipient, kinds
from optout.requests.select import Material, Row
from optout.requests.signals import Fact

Chosen = tuple[Recipient, Kind]


@dataclass(frozen=True, slots=True)
class RequestList:
    """What is asked of one destination on one ground: rows of data sets, or domains."""

    recipient: Recipient
    kind: Kind
    host: str = ""  # of a repost; "" where the destination is one party
    rows: tuple[Row, ...] = ()
    domains: tuple[str, ...] = ()  # the artist's own

    @property
    def folder(self) -> str:
        """`laion`, or `host_dsa_notice-repost.example`: letters, digits, dots, hyphens, one "_".

        >>> from optout.requests.recipients import recipients
        >>> RequestList(recipients()["host"], kinds()["courtesy_removal"], "[::1]").folder
        'host-1-6d16ab69'
        """
        usual = self.recipient.kinds[0] == self.kind.id
        name = self.recipient.id if usual else f"{self.recipient.id}_{self.kind.id}"
        if not self.host:
            return name
        host = re.sub(r"[^a-z0-9.-]+", "-", self.host)[:100].strip("-.:")
        if host != self.host:
            host += "-" + hashlib.sha256(self.host.encode("utf-8", "replace")).hexdigest()[:8]
        return f"{name}-{host}"

    def request_id(self, subject: str) -> str:
        """The same for the same row (or domain), destination and kind, whenever it is written."""
        name = "\n".join([self.recipient.id, self.kind.id, subject])
        return "r-" + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:16]

    def request_ids(self) -> tuple[str, ...]:
        """Ids of all its rows, or of its domains where it has no rows."""
        subjects = [row["match_id"] for row in self.rows] or self.domains
        return tuple(self.request_id(subject) for subject in subjects)


@dataclass(frozen=True, slots=True)
class Plan:
    """All request lists of a case, and why other destinations get none."""

    lists: tuple[RequestList, ...]
    empty: tuple[tuple[Recipient, str], ...]
    no_destination: tuple[tuple[str, int], ...]  # data set, rows


def plan(
    material: Material,
    known: dict[str, Recipient],
    chosen: Iterable[Chosen] = (),
    *,
    facts: tuple[Fact, ...] = (),
    shows_me: bool | frozenset[str] = False,
) -> Plan:
    """Who is asked for what: the destinations written by default, and those chosen besides.

    `shows_me`: the pictures or their addresses show the sender, in all rows or in those named.
    """
    usual = [(r, kinds()[r.kinds[0]]) for r in known.values() if r.by_default]
    asked = list(dict.fromkeys([*usual, *chosen]))
    lists: list[RequestList] = []
    empty: list[tuple[Recipient, str]] = []
    for recipient, kind in asked:
        others = [r for r, _ in asked if r.hosts and "*" not in r.hosts and r != recipient]
        made = list(_lists(recipient, kind, material, others, shows_me))
        why = _why_none(recipient, kind, material, facts, shows_me, found=bool(made))
        if why:
            empty.append((recipient, why))
        else:
            lists += made
    return Plan(tuple(lists), tuple(empty), _without_destination(material.rows, known))


def choose(names: Iterable[str], known: dict[str, Recipient]) -> list[Chosen]:
    """NAME or NAME:KIND → destination and kind. Raises RequestError for what does not exist."""
    return [_choice(name, known) for name in names]


def _choice(text: str, known: dict[str, Recipient]) -> Chosen:
    name, _, kind = text.partition(":")
    recipient = known.get(name)
    if recipient is None:
        near = difflib.get_close_matches(name, known, 1)
        raise RequestError(
            f"there is no destination {name!r}",
            f"did you mean {near[0]}?" if near else "see: optout requests --list",
        )
    if recipient.files == "none" or not recipient.kinds:
        raise RequestError(
            f"{recipient.name}: there is nothing to prepare for it", recipient.effect_note
        )
    if kind and kind not in recipient.kinds:
        raise RequestError(
            f"{recipient.name} takes no {kind}", f"it takes: {', '.join(recipient.kinds)}"
        )
    return recipient, kinds()[kind or recipient.kinds[0]]


def enters(row: Row, kind: Kind, shows_me: bool | frozenset[str] = False) -> bool:
    """Whether the strength of a match lets it into a kind (evidence.toml, requests)."""
    if kind.confirm and not row["confirmed"]:
        return False
    if kind.shows_me and not (shows_me if isinstance(shows_me, bool) else _named(row, shows_me)):
        return False
    table = evidence_kinds()
    found = [table[name] for name in row["evidence"] or () if name in table]
    return any(kind.id in e.requests and (row["confirmed"] or not e.confirm) for e in found)


def _named(row: Row, match_ids: frozenset[str]) -> bool:
    return row["match_id"] in match_ids


def _lists(
    recipient: Recipient,
    kind: Kind,
    material: Material,
    others: list[Recipient],
    shows_me: bool | frozenset[str],
) -> Iterator[RequestList]:
    domains = material.domains.listed if "domains" in recipient.lists else ()
    if kind.reserved and not domains:
        return  # the reservation stands on the artist's own domains
    rows = tuple(row for row in material.rows if enters(row, kind, shows_me))
    if recipient.copies:
        copies = [row for row in rows if _is_copy(recipient, row, material)]
        if recipient.place:
            yield from _by_host(recipient, kind, copies, others)
        elif found := tuple(row for row in copies if recipient.serves(row["host"])):
            yield RequestList(recipient, kind, rows=found)
    elif recipient.datasets:
        found = tuple(r for r in rows if recipient.covers(r["dataset"], r["edition"]))
        if found or (domains and recipient.role == "registry"):
            yield RequestList(recipient, kind, rows=found, domains=domains)
    elif domains:
        yield RequestList(recipient, kind, domains=domains)


def _by_host(
    recipient: Recipient, kind: Kind, rows: list[Row], others: list[Recipient]
) -> Iterator[RequestList]:
    by_host: dict[str, list[Row]] = {}
    for row in rows:
        # A destination that was chosen for this very host is asked in its place.
        if not any(other.serves(row["host"]) for other in others):
            by_host.setdefault(row["host"], []).append(row)
    for host in sorted(by_host):
        yield RequestList(recipient, kind, host, tuple(by_host[host]))


def _is_copy(recipient: Recipient, row: Row, material: Material) -> bool:
    """Whether a row shows a repost: its bytes do, or its address says whose picture it is.

    Never on the artist's own hosts, those they use and those they licensed.
    """
    host = row["host"]
    if row["place"] != "elsewhere" or not host:
        return False
    if material.own.own(host) or host in material.seen or host in material.licensed:
        return False
    evidence = set(row["evidence"] or ())
    return (
        row["strength"] == "same_image"
        or row["confirmed"]
        or bool(evidence & set(recipient.address_evidence))
    )


def _why_none(
    recipient: Recipient,
    kind: Kind,
    material: Material,
    facts: tuple[Fact, ...],
    shows_me: bool | frozenset[str],
    *,
    found: bool,
) -> str:
    """Why a destination gets nothing, in words; "" where it gets something."""
    if kind.shows_me and not shows_me:
        return "only when a picture or its address shows you: optout requests --shows-me"
    if kind.reserved and not facts:
        return "no reservation was seen on your hosts: optout protect says how to make one"
    return "" if found else _why_empty(recipient, kind, material)


def _why_empty(recipient: Recipient, kind: Kind, material: Material) -> str:
    if not recipient.datasets and not recipient.copies:
        if material.domains.left_out:
            reasons = [f"{name}: {why}" for name, why in material.domains.left_out[:3]]
            return "no domain that is wholly yours (" + "; ".join(reasons) + ")"
        return "no site or host of yours is named in optout.toml"
    if not material.searched:
        return "no data set has been searched"
    if kind.confirm:
        return "no copy there that you confirmed: optout confirm MATCH_ID"
    if recipient.copies:
        return "no confirmed row, same file or unwrapped address on somebody else's host"
    within = f" ({material.searched_in})" if material.searched_in else ""
    return f"no row of its data sets is at your addresses, has your files or was confirmed{within}"


def _without_destination(
    rows: Iterable[Row], known: dict[str, Recipient]
) -> tuple[tuple[str, int], ...]:
    """Data sets whose maker no destination stands for, with their number of rows."""
    makers = [r for r in known.values() if r.datasets and r.role in ("maker", "dataset_host")]
    count: Counter[str] = Counter()
    for row in rows:
        if not any(maker.covers(row["dataset"], row["edition"]) for maker in makers):
            count[row["dataset"] or ""] += 1
    return tuple(sorted(count.items()))
