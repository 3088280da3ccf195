"""A case → which sites showed a text of its owner's, and looks for it: what `optout prove` does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from optout.case import Case

if TYPE_CHECKING:
    from optout.control import Looked, Proof


@dataclass(frozen=True, slots=True)
class Proving:
    """One site: what to put where, and what was seen of it."""

    host: str
    site: str  # its address in clean form
    line: str = ""  # the text to put there; "" before it was made
    places: tuple[str, str, str] = ("", "", "")  # a file, the same in the root, a TXT record
    proof: Proof | None = None
    looked_at: str = ""  # ISO 8601, UTC
    looks: tuple[Looked, ...] = ()  # of that time

    @property
    def file(self) -> str:
        """Name of the file."""
        return self.places[1].rpartition("/")[2]


def proving(case: Case) -> list[Proving]:
    """The sites of the case, then other hosts that a text was made for. Raises CaseError."""
    from crawler.urls import host_of
    from optout.control import last_looks, proofs, tokens

    made, looked = tokens(case), last_looks(case)
    shown = {proof.host: proof for proof in proofs(case)}
    sites = {host_of(site): site for site in case.sites}
    sites |= {host: f"https://{host}/" for host in made if host not in sites}
    return [
        replace(
            _asked_for(host, site, made.get(host, "")),
            proof=shown.get(host),
            looked_at=looked.get(host, ("", ()))[0],
            looks=looked.get(host, ("", ()))[1],
        )
        for host, site in sites.items()
    ]


def _asked_for(host: str, site: str, token: str) -> Proving:
    from optout.control import places
    from optout.control.looking import text_of

    return (
        Proving(host, site, text_of(token), places(site, token)) if token else Proving(host, site)
    )


def site_of(text: str) -> str | None:
    """An address as a person types it, in clean form; None where it is none."""
    from crawler.urls import host_of
    from optout.check import absolute

    site = absolute(text.strip()) if text.strip() else None
    return site if site and host_of(site) else None


def make_token(case: Case, site: str) -> str:
    """The host of `site`, for which there is a token now. Raises CaseError."""
    from crawler.urls import host_of
    from optout.control import token_of

    token_of(case, site)
    return host_of(site)


def look(case: Case, one: Proving, *, allow_private: bool) -> None:
    """Look for the text of a site and record what was seen. Raises CaseError."""
    from crawler.policy import Reach, started_private
    from optout.control import prove

    prove(case, one.site, Reach(started_private([one.host]), allow_private))
