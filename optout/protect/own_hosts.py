"""A case and an address → whether the artist can set files and header lines there."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from optout.case import Case, DeclaredHost
from optout.errors import ProtectError

_PORT = re.compile(r":\d*$")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*[a-z0-9]")
Controls = Callable[[str], bool]

_OWN_HOST = "name a host on which you can set files or header lines"


def controls(case: Case, also: Sequence[str] = ()) -> Controls:
    """Address → whether the artist can set header lines and files there.

    That is: sites of the case, declared hosts, and names below a domain that the artist registered.
    A part of a host that many share is the artist's to fill, not to configure. Raises ProtectError
    when one of `also` is such a host.
    """
    from optout.identity import identify, registered_domain, shared_host
    from optout.matching.declared import read
    from optout.report.steps import builder

    refused = read((), map(DeclaredHost, also))[1]
    if refused:
        raise ProtectError(f"--host {refused[0].host}: {refused[0].advice}", _OWN_HOST)
    declared, _ = read(case.sites, [*case.hosts, *map(DeclaredHost, also)])
    whole = [one for one in declared if not one.path and not one.account]
    domains = {registered_domain(one.host) for one in whole if one.site} - {""}

    def is_mine(url: str) -> bool:
        host = (urlsplit(url).hostname or "").rstrip(".")
        if not host or shared_host(host) or builder(url):
            return False
        identity = identify(url)
        return registered_domain(host) in domains or any(one.covers(identity) for one in whole)

    return is_mine


def claim(place: str) -> str:
    """What to give to `optout protect --host` where this host[:port] is the artist's after all.

    "" for hosts of services and hosts that many share: nobody but these can configure them.

    >>> claim("localhost:8632"), claim("images.squarespace-cdn.com")
    ('localhost', '')
    """
    from optout.identity import shared_host
    from optout.matching.declared import read
    from optout.report.steps import builder

    host = place.rpartition(":")[0] if _PORT.search(place) else place
    # It is pasted into a shell: of a stranger's host nothing else is let through.
    if (
        not _NAME.fullmatch(host)
        or shared_host(host)
        or builder(f"//{host}")
        or read((), [DeclaredHost(host)])[1]
    ):
        return ""
    return host


def claim_command(place: str) -> str:
    """The command that takes the host for the artist's; "" where it cannot be."""
    host = claim(place)
    return f"optout protect --host {host}" if host else ""
