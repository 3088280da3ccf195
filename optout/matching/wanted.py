"""What is known of the artist → the sieve: patterns and sets that every row of interest passes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from optout.errors import CaseError
from optout.identity import registered_domain, shared_host
from optout.identity.rules import rules
from optout.matching.artist import Artist, Known
from optout.matching.declared import Declared
from optout.matching.texts import forms

if TYPE_CHECKING:
    import duckdb

# RE2 answers in one pass up to a few hundred alternatives, then falls back to a method a thousand
# times slower (measured: 3.5 million addresses a second with 100, 3 thousand with 5,000).
_ALTERNATIVES = 300
_PATTERNS = 4
_NOTHING = r"[^\x00-\x{10FFFF}]"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{6,}")


def prepare(connection: duckdb.DuckDBPyConnection, artist: Artist) -> None:
    """Make the tables and variables that queries/survivors.sql reads."""
    _table(connection, "wanted_stems", "start", _stem_starts(artist.stems))
    _table(connection, "wanted_hashes", "hash", artist.hashes)
    texts = {form for text in artist.texts.values() for form in forms(text.alt)}
    _table(connection, "wanted_texts", "text", texts)
    variables: dict[str, Any] = {
        "stem_starts": rules().stems.starts.pattern,
        "name_pattern": artist.names.sql_pattern or _NOTHING,
        "captions_wanted": bool(artist.texts or artist.names.patterns),
    }
    for number, pattern in enumerate(_patterns(artist), 1):
        variables[f"address_pattern_{number}"] = pattern
    for name, value in variables.items():
        connection.execute(f"SET VARIABLE {name} = $1", [value])


def _table(
    connection: duckdb.DuckDBPyConnection, name: str, column: str, values: Iterable[str]
) -> None:
    import pyarrow as pa

    connection.register(name, pa.table({column: pa.array(sorted(values), pa.string())}))


def _stem_starts(stems: Iterable[str]) -> set[str]:
    """How each stem begins in an address, plain or encoded: 12 letters, of shorter ones 7.

    Stems with a folder count on the artist's own domains alone, whose rows all pass.
    """
    from urllib.parse import quote

    found = set()
    for stem in (stem for stem in stems if "/" not in stem):
        for form in (stem, quote(stem).lower(), quote(stem, safe="!'()*,;:@&=+$").lower()):
            found.add(form[:_LONG_START] if len(form) >= _LONG_START else form[:_SHORT_START])
    return found


# As in queries/survivors.sql; no stem is shorter.
_LONG_START, _SHORT_START = 12, 7


def _patterns(artist: Artist) -> list[str]:
    own, ids, platforms = _literals(artist)
    room = _ALTERNATIVES * _PATTERNS
    # Too many pictures for one pattern each: take all rows of their platforms instead.
    literals = sorted(own | (ids if len(own | ids) <= room else platforms))
    if len(literals) > room:
        raise CaseError(
            f"{len(literals)} hosts are more than one search can take ({room})",
            "split the case, or name fewer hosts",
        )
    chunks = [literals[i * _ALTERNATIVES : (i + 1) * _ALTERNATIVES] for i in range(_PATTERNS)]
    return [_any_of(chunk) for chunk in chunks]


def _any_of(literals: Sequence[str]) -> str:
    return f"(?i){'|'.join(map(re.escape, literals))}" if literals else _NOTHING


def _literals(artist: Artist) -> tuple[set[str], set[str], set[str]]:
    """What must stand in a row's address: own hosts, ids on platforms, names of the platforms."""
    own = {form for one in artist.declared for form in _declared(one)}
    # A wrapper that hides the inner address from a plain search is looked into whole.
    for wrapper in (one for found in rules().unwraps.values() for one in found):
        if wrapper.decode == "hex":
            own |= set(wrapper.hosts)
        if wrapper.decode == "base64":
            own.add("aHR0c")  # how "http" begins
    ids: set[str] = set()
    platforms: set[str] = set()
    for one in artist.known:
        host = _host_of_key(one)
        if host and not shared_host(host) and registered_domain(host):
            own |= _spellings(registered_domain(host))
            continue
        places = _places(one)
        tokens = _TOKEN.findall((one.identity.key or "").partition("/" if host else ":")[2])
        platforms |= places
        ids |= {max(tokens, key=len)} if tokens else places
    return own, ids, platforms


def _declared(one: Declared) -> set[str]:
    if one.literal:
        return {one.literal, one.literal.replace("_", "%5F")}
    if one.path and shared_host(one.host):
        return {one.path}
    return _spellings(one.host.removeprefix("www."))


def _host_of_key(one: Known) -> str:
    """The host a generic key begins with; "" for a platform's key such as flickr:123."""
    host, colon, _ = (one.identity.key or "").partition("/")[0].partition(":")
    return "" if colon and host in _key_prefixes() else host


@cache
def _key_prefixes() -> frozenset[str]:
    keys = [rule.key for found in rules().platforms.values() for rule in found]
    return frozenset(key.partition(":")[0] for key in keys if ":" in key.partition("{")[0])


def _places(one: Known) -> set[str]:
    """Hosts on which the picture may be found under another address with the same key."""
    name = (one.identity.rule or "").rpartition("+")[2]
    hosts = {
        host
        for found in rules().platforms.values()
        for rule in found
        if rule.name == name
        for host in rule.hosts
    }
    return hosts or {_host_of_key(one) or one.identity.host or ""}


def _spellings(host: str) -> set[str]:
    """A host as it may stand in a row: in punycode and in its own script."""
    if "xn--" not in host:
        return {host}
    import idna

    try:
        return {host, idna.decode(host)}
    except idna.IDNAError:
        return {host}
