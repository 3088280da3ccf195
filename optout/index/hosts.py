"""What is known of hosts and addresses → what a build and a lookup must agree on."""

from __future__ import annotations

import re
from functools import cache

from optout.identity.hosts import shared_hosts
from optout.identity.rules import rules

_ESCAPE = re.compile("%(?:25)*[0-9a-f]{2}")
_RUN = re.compile("[a-z0-9]+")
# Of a run with a digit, of one of letters alone; kept of either. As in queries/index_parts.sql.
_SHORTEST, _SHORTEST_WORD, _KEPT = 5, 7, 12


@cache
def covered_domains() -> frozenset[str]:
    """Domains (the last two labels) of the platforms and other hosts that many people share."""
    platforms = {
        host for found in rules().platforms.values() for rule in found for host in rule.hosts
    }
    wrappers = {host for found in rules().unwraps.values() for rule in found for host in rule.hosts}
    hosts = platforms | wrappers | shared_hosts()
    return frozenset(".".join(host.split(".")[-2:]) for host in hosts)


@cache
def encoders() -> frozenset[str]:
    """Hosts whose addresses hide another one from a plain search."""
    return frozenset(
        host
        for found in rules().unwraps.values()
        for rule in found
        if rule.decode == "hex"
        for host in rule.hosts
    )


def parts(text: str) -> set[str]:
    """The runs of letters and digits of an address that the table of parts holds.

    >>> sorted(parts("media/DaBcDeFgHiJkLmN.jpg:large/2019-caf%C3%A9"))
    ['dabcdefghijk']
    """
    runs = _RUN.findall(_ESCAPE.sub("/", text.lower()))
    return {
        run[:_KEPT] for run in runs if len(run) >= (_SHORTEST_WORD if run.isalpha() else _SHORTEST)
    }
