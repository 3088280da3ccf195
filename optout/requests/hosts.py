"""A case → which hosts are the artist's own, and which of them may stand in domains.txt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from optout.case import Case
from optout.identity.hosts import registered_domain, shared_host, twin
from optout.identity.lossless import parse

# Names that nobody can register (RFC 6761, 6762, 8375); a list of them would say nothing.
_LOCAL = ("localhost", "local", "internal", "test", "invalid", "arpa")


@dataclass(frozen=True, slots=True)
class OwnHosts:
    """Hosts that are the artist's: `exact` names, and everything below `parents`."""

    exact: frozenset[str]
    parents: tuple[str, ...]

    def own(self, host: str) -> bool:
        """Whether `host` (lower-case, without port) is the artist's.

        >>> OwnHosts(frozenset({"mira.example"}), ("art.example",)).own("a.art.example")
        True
        """
        return host in self.exact or any(host.endswith("." + parent) for parent in self.parents)


@dataclass(frozen=True, slots=True)
class Domains:
    """What domains.txt holds, and the hosts left out of it with the reason."""

    listed: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]


def host_of(url: str | None) -> str:
    """Host of an address: lower-case, punycode, without port; "" where there is none.

    >>> host_of("https://WWW.Bücher.example:443/a.jpg")
    'www.xn--bcher-kva.example'
    """
    address = parse(url or "")
    return address.host if address else ""


def own_hosts(case: Case, today: date) -> OwnHosts:
    """The hosts of the case's sites with their twins, and the hosts declared as the artist's.

    A host that many people share is nobody's own, whatever part of it the artist has.
    """
    exact: set[str] = set()
    parents: list[str] = []
    for name, _ in _named(case, today):
        host = name.removeprefix("*.")
        if shared_host(host):
            continue
        if name.startswith("*."):
            parents.append(host)
        else:
            exact |= {host, twin(host) or host}
    return OwnHosts(frozenset(exact), tuple(sorted(parents)))


def own_domains(case: Case, today: date) -> Domains:
    """The artist's own domains for recipients that act on whole domains.

    Only what is wholly the artist's: never a shared host, never the domain above a host that
    was declared alone, never a host of which only a folder is theirs.
    """
    listed: set[str] = set()
    left_out: dict[str, str] = {}
    for name, whole in _named(case, today):
        domain = name.removeprefix("*.").removeprefix("www.")
        why = _why_not(name.removeprefix("*."), domain, whole and not name.startswith("*."))
        if why:
            left_out[name] = why
        else:
            listed.add(domain)
    covered = {d for d in listed if any(d.endswith("." + other) for other in listed)}
    return Domains(tuple(sorted(listed - covered)), tuple(sorted(left_out.items())))


def _why_not(host: str, domain: str, whole: bool) -> str:
    top = domain.rsplit(".", 1)[-1]
    if "." not in domain or domain.startswith("[") or top.isdigit() or top in _LOCAL:
        return "not a public domain name"
    if shared_host(host) or shared_host(domain) or not registered_domain(domain):
        return "a host that many people share"
    if not whole:
        return "only a part of it is named as yours; is all of it, add it to hosts in optout.toml"
    return ""


def _named(case: Case, today: date) -> list[tuple[str, bool]]:
    """Every host the case names (perhaps with "*."), and whether all of the host is meant."""
    found: list[tuple[str, bool]] = []
    for site in case.sites:
        if host := host_of(site if "://" in site else f"https://{site}"):
            found.append((host, _is_root(site)))
    for entry in case.hosts:
        if (entry.since and entry.since > today) or (entry.until and entry.until < today):
            continue  # not theirs on the day of the letter
        text = entry.host.strip().lower()
        wild = text.startswith("*.")
        host = host_of(f"https://{text.removeprefix('*.')}")
        if host:
            found.append((f"*.{host}" if wild else host, _is_root(f"https://{text}")))
    return found


def _is_root(site: str) -> bool:
    """Whether the address is a host's root (or a file in it), not a folder of it."""
    address = parse(site if "://" in site else f"https://{site}")
    folder, _, name = (address.path if address else "").rpartition("/")
    return not folder and (not name or "." in name)
