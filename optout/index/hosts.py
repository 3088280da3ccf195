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
def encoders() -> str:
    """A pattern, of lower-case letters: hosts whose addresses hide another one from plain sight."""
    hosts = {
        host
        for found in rules().unwraps.values()
        for rule in found
        if rule.decode == "hex"
        for host in rule.hosts
    }
    return "|".join(re.escape(host) for host in sorted(hosts))


@cache
def wrappers() -> str:
    """A pattern: what stands in addresses that may carry another one without its scheme."""
    found = [rule for rules_of in rules().unwraps.values() for rule in rules_of]
    words = {f"{host}/" for rule in found for host in rule.hosts}
    words |= {word for rule in found if rule.decode == "percent" for word in rule.needs}
    return "(?i)" + "|".join(re.escape(word) for word in sorted(words - {"?"}))


def host_of_key(key: str) -> str:
    """The host a generic key begins with; "" for a platform's key such as flickr:123.

    >>> host_of_key("mira.example:8080/x.jpg"), host_of_key("[2001:db8::7]/x.jpg")
    ('mira.example', '[2001:db8::7]')
    >>> host_of_key("flickr:123")
    ''
    """
    server = key.partition("/")[0]
    if server.startswith("["):
        return server.partition("]")[0] + "]"
    host, colon, _ = server.partition(":")
    return "" if colon and host in _hosts_by_prefix() else host


def file_of_key(key: str) -> str:
    """What the name of the picture's file begins with, where a platform's key ends in it.

    >>> file_of_key("shopify:1/2/products/Snowy-Owl.jpg"), file_of_key("imgur:AbCdEfG")
    ('snowy-owl', 'abcdefg')
    """
    name = key.partition("/" if host_of_key(key) else ":")[2]
    return name.lower().rpartition("/")[2].partition(".")[0]


def platform_hosts(key: str) -> frozenset[str]:
    """The hosts on which the picture of a platform's key may lie; none for a generic key.

    >>> sorted(platform_hosts("imgur:AbCdEfG")), platform_hosts("mira.example/x.jpg")
    (['imgur.com', 'imgur.io'], frozenset())
    """
    return frozenset(_hosts_by_prefix().get("" if host_of_key(key) else key.partition(":")[0], ()))


@cache
def _hosts_by_prefix() -> dict[str, set[str]]:
    """What a platform's keys begin with → the hosts of its rules."""
    hosts: dict[str, set[str]] = {}
    for rule in (rule for found in rules().platforms.values() for rule in found):
        prefix, colon, _ = rule.key.partition("{")[0].partition(":")
        if colon:
            hosts.setdefault(prefix, set()).update(rule.hosts)
    return hosts


def parts(text: str) -> set[str]:
    """The runs of letters and digits of an address that the table of parts holds.

    >>> sorted(parts("media/DaBcDeFgHiJkLmN.jpg:large/2019-caf%C3%A9"))
    ['dabcdefghijk']
    """
    runs = _RUN.findall(_ESCAPE.sub("/", text.lower()))
    return {
        run[:_KEPT] for run in runs if len(run) >= (_SHORTEST_WORD if run.isalpha() else _SHORTEST)
    }
