"""Looks at sites → register.db, and back: which sites showed their token, and when."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from crawler.policy import Reach
from crawler.urls import host_of
from optout.case import Case
from optout.control.looking import DNS, SHOWN, Looked, look
from optout.register.database import reading, writing


@dataclass(frozen=True, slots=True)
class Proof:
    """One site that showed its token, the first time and the last."""

    host: str
    method: str  # of the last time: file or DNS
    place: str
    first_shown: str  # ISO 8601, UTC
    last_shown: str
    sha256: str  # of what was answered the last time

    @property
    def in_dns(self) -> bool:
        """Whether a DNS record showed it, and no file."""
        return self.method == DNS

    @property
    def sentence(self) -> str:
        """What a letter can say of it: what was seen, where and when."""
        where = f"in the DNS record {self.place}" if self.in_dns else f"at {self.place}"
        return (
            f"Control of {self.host} was shown on {self.last_shown[:10]} "
            f"by a text placed there for this purpose {where}."
        )


def token_of(case: Case, site: str, *, now: datetime | None = None) -> tuple[str, bool]:
    """The token of the site's host, and whether it was made just now. Raises CaseError."""
    host = host_of(site)
    with writing(case) as database:
        made = database.execute(
            "INSERT OR IGNORE INTO token (host, token, made_at) VALUES (?, ?, ?)",
            [host, secrets.token_hex(16), _text(now)],
        ).rowcount
        row = database.execute("SELECT token FROM token WHERE host = ?", [host]).fetchone()
    return str(row[0]), bool(made)


def prove(
    case: Case,
    site: str,
    reach: Reach,
    *,
    nameserver: tuple[str, int] | None = None,
    now: datetime | None = None,
) -> tuple[Looked, ...]:
    """Look for the token at `site` (in clean form) and record every look. Raises CaseError."""
    token, _ = token_of(case, site, now=now)
    looks = tuple(look(site, token, reach, nameserver=nameserver))
    _record(case, host_of(site), token, looks, _text(now))
    return looks


def proofs(case: Case) -> tuple[Proof, ...]:
    """The hosts that showed their token, in order of name. Raises CaseError."""
    with reading(case) as database:
        rows = database.execute(
            "SELECT host, method, place, observed_at, sha256 FROM look WHERE outcome = ? "
            "ORDER BY host, number",
            [SHOWN],
        ).fetchall() if database else []  # fmt: skip
    found: dict[str, Proof] = {}
    for host, method, place, at, sha256 in rows:
        first = found[host].first_shown if host in found else at
        found[host] = Proof(host, method, place, first, at, sha256)
    return tuple(found.values())


def tokens(case: Case) -> dict[str, str]:
    """Host → the token that was made for it, in order of name. Raises CaseError."""
    with reading(case) as database:
        rows = database.execute(
            "SELECT host, token FROM token ORDER BY host"
        ).fetchall() if database else []  # fmt: skip
    return {str(host): str(token) for host, token in rows}


def last_looks(case: Case) -> dict[str, tuple[str, tuple[Looked, ...]]]:
    """Host → when it was last looked at (ISO 8601, UTC), and what was seen. Raises CaseError."""
    with reading(case) as database:
        rows = database.execute(
            "SELECT host, observed_at, method, place, outcome, detail, status, raw FROM look "
            "ORDER BY host, number"
        ).fetchall() if database else []  # fmt: skip
    found: dict[str, tuple[str, tuple[Looked, ...]]] = {}
    for host, at, *look_ in rows:
        before, looks = found.get(host, (at, ()))
        found[host] = (at, (*(looks if before == at else ()), Looked(*look_)))
    return found


def _record(case: Case, host: str, token: str, looks: Sequence[Looked], at: str) -> None:
    with writing(case) as database:
        database.executemany(
            "INSERT INTO look (host, method, place, outcome, detail, status, sha256, raw, token, "
            "observed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (host, o.method, o.place, o.outcome, o.detail, o.status, o.sha256, o.raw, token, at)
                for o in looks
            ],
        )


def _text(now: datetime | None) -> str:
    return (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
