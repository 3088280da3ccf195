"""Host names → registered domains, twins, and whether many people share the host."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

# Names below a platform that are the platform's own, not a member's.
_SERVICE = re.compile(
    r"(?:www|m|cdn|static|assets?|img|imgs|images?|photos?|pics?|media|files?|ic|s3|thumbs?|resize)"
    r"[a-z]?\d*(?:[.-].*)?"
)
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")


@dataclass(frozen=True, slots=True)
class Shared:
    """A host that serves many people's pictures: a CDN, a site builder, a platform."""

    host: str
    subdomains: bool  # the names below it are shared as well
    tenant: re.Pattern[str] | None  # what the path of one person's part looks like
    write: str  # how one person's part is written, e.g. "cdn.shopify.com/s/files/1/0190/8574"


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / "shared_hosts.toml").read_text("utf-8"))


@cache
def _shared_hosts() -> dict[str, Shared]:
    return {entry["host"]: _entry(entry) for entry in _table()["host"]}


def _entry(entry: dict[str, Any]) -> Shared:
    tenant = entry.get("tenant")
    return Shared(
        entry["host"],
        entry.get("subdomains", False),
        re.compile(tenant) if tenant else None,
        entry.get("write", ""),
    )


@lru_cache(maxsize=65536)
def shared_host(host: str) -> Shared | None:
    """The entry that says `host` (lower-case, without port) is shared, or None.

    A public suffix itself, such as github.io, is shared by all who have a name below it.

    >>> shared_host("mira.tumblr.com") is None, shared_host("64.media.tumblr.com").host
    (True, 'media.tumblr.com')
    """
    table = _shared_hosts()
    if host in table:
        return table[host]
    labels = host.split(".")
    for start in range(1, len(labels) - 1):
        entry = table.get(".".join(labels[start:]))
        if entry and entry.subdomains:
            return entry
    label, _, parent = host.partition(".")
    if parent in _table()["suffixes"]["names"] and _SERVICE.fullmatch(label):
        return Shared(host, False, None, f"your-name.{parent}")
    if "." in host and not _IPV4.fullmatch(host) and registered_domain(host) == "":
        return Shared(host, False, None, f"your-name.{host}")
    return None


@lru_cache(maxsize=65536)
def registered_domain(host: str) -> str:
    """The name its owner registered, private suffixes counted; "" for a public suffix.

    Names that have none (localhost, IP addresses) are returned as they are.

    >>> registered_domain("www.shop.example.co.uk"), registered_domain("a.mira.tumblr.com")
    ('example.co.uk', 'mira.tumblr.com')
    """
    if "." not in host or host.startswith("[") or _IPV4.fullmatch(host):
        return host
    result = _extract()(host)
    if not result.suffix:
        # Not in the list: as the list itself asks, the last label is the suffix.
        return ".".join(host.split(".")[-2:])
    return f"{result.domain}.{result.suffix}" if result.domain else ""


@lru_cache(maxsize=65536)
def known_suffix(host: str) -> bool:
    """Whether `host` ends in a suffix of the list, so that it can be a name on the web.

    >>> known_suffix("mira.com"), known_suffix("fox.jpg")
    (True, False)
    """
    return bool(_extract()(host).suffix)


@cache
def _extract() -> Callable[[str], Any]:
    import tldextract

    # The packaged snapshot of the suffix list: nothing is fetched, nothing is cached on disk.
    extract: Callable[[str], Any] = tldextract.TLDExtract(
        suffix_list_urls=(),
        cache_dir=None,
        include_psl_private_domains=True,
        extra_suffixes=_table()["suffixes"]["names"],
    )
    return extract


def twin(host: str) -> str | None:
    """The host that usually serves the same site: with or without `www.`.

    >>> twin("mira.example"), twin("www.mira.example"), twin("127.0.0.1")
    ('www.mira.example', 'mira.example', None)
    """
    if "." not in host or host.startswith("[") or _IPV4.fullmatch(host):
        return None
    return host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"


def shared_hosts() -> frozenset[str]:
    """Every host that shared_hosts.toml names."""
    return frozenset(_shared_hosts())
