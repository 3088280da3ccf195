"""An address → its Identity: the key under which other addresses of the same picture are found."""

from __future__ import annotations

import re
from dataclasses import dataclass

from optout.identity.generic import without_sizes
from optout.identity.hosts import registered_domain
from optout.identity.lossless import Address, parse
from optout.identity.rules import platforms_for
from optout.identity.stems import stem_with_folders
from optout.identity.wrapped import inner_address

LOSSLESS, BY_RULE, UNWRAPPED = 2, 3, 4  # what equality of two keys rests on
SAME_DOMAIN, ELSEWHERE = 5, 6  # what equality of two candidate keys, or of their stems, rests on
_DEPTH = 5  # a wrapper in a wrapper occurs; deeper ones are built to waste time
_LONGEST = 8192  # no rule is tried on longer addresses

# Sub-delimiters that servers do not tell apart from their encoded form in a path.
_PLAIN_IN_PATH = re.compile(r"%(?:21|24|26|27|28|29|2A|2C|3A|3B|3D|40)")
_WWW = re.compile(r"www\d?\.(?=[^.]+\.)")


@dataclass(frozen=True, slots=True)
class Identity:
    """What an address identifies. Equal keys: the same picture, resting on the higher level.

    Equal candidate keys (registered domain and stem) are a lead of level 5; equal stems on other
    domains one of level 6.
    """

    url: str  # as given
    lossless: str | None  # host[:port]/path[?query]; None when the address is not readable
    key: str | None
    level: int | None  # 2 lossless, 3 by a documented rule, 4 unwrapped from a proxy
    rule: str | None  # the rules that made the key, e.g. "www+wordpress"
    candidate_key: str | None  # registered domain/stem, for names that say something
    host: str | None  # lower-case, without port


def identify(url: str) -> Identity:
    """What `url` identifies. Never raises: an unreadable address has level None.

    >>> identify("https://i0.wp.com/www.mira.example/art/fox.jpg?w=300").key
    'mira.example/art/fox.jpg'
    >>> identify("UNLIKELY").level is None
    True
    """
    address = parse(url)
    if address is None:
        return Identity(url, None, None, None, None, None, None)
    text = address.text()
    if len(text) > _LONGEST:
        return Identity(url, text, text, LOSSLESS, None, None, address.host)
    key, level, names, last = _key(address, _DEPTH)
    return Identity(
        url, text, key, level, "+".join(names) or None, _candidate_key(last), address.host
    )


def _key(address: Address, depth: int) -> tuple[str, int, list[str], Address]:
    """The key, its level, the names of its rules, and the innermost address."""
    inner = _unwrapped(address, depth)
    if inner:
        return inner
    plain, names = _plain(address)
    platform = _by_platform(plain)
    if platform:
        return platform[0], BY_RULE, [*names, platform[1]], plain
    shorter, generic = without_sizes(plain)
    names += generic
    if shorter.path != plain.path and depth:
        # What a resizer's own part hid may be seen now: a host as a folder, a platform's form.
        inner = _unwrapped(shorter, depth)
        if inner:
            return inner[0], UNWRAPPED, [*names, *inner[2]], inner[3]
        platform = _by_platform(shorter)
        if platform:
            return platform[0], BY_RULE, [*names, platform[1]], shorter
    return shorter.text(), BY_RULE if names else LOSSLESS, names, shorter


def _unwrapped(address: Address, depth: int) -> tuple[str, int, list[str], Address] | None:
    inner = inner_address(address) if depth else None
    if inner is None:
        return None
    name, target = inner
    key, _, names, last = _key(target, depth - 1)
    return key, UNWRAPPED, [name, *names], last


def _by_platform(address: Address) -> tuple[str, str] | None:
    """The key by the first rule of a platform that fits, and the rule's name."""
    near = platforms_for(address.host).near(address.path)
    text = address.text() if near else ""
    for rule in near:
        found = rule.pattern.match(text)
        if found:
            return rule.key.format(**found.groupdict("")), rule.name
    return None


def _plain(address: Address) -> tuple[Address, list[str]]:
    """Without `www.` and with one spelling of the path's sub-delimiters."""
    names = []
    host, port, path, query = address
    www = _WWW.match(host) if host.startswith("www") else None
    if www:
        host = host[www.end() :]
        names.append("www")
    if "%" in path:
        plain = _PLAIN_IN_PATH.sub(lambda found: chr(int(found[0][1:], 16)), path)
        if plain != path:
            path = plain
            names.append("percent")
    return Address(host, port, path, query), names


_IMAGE_NAME = re.compile(r"=(?:[^&]*?(?:/|%2F))?([^&/=]+\.(?:jpe?g|png|gif|webp))(?:&|$)", re.I)


def _named(address: Address) -> str:
    """The path, or where a script serves the picture the file name among its parameters."""
    if "." not in address.query:
        return address.path
    name = _IMAGE_NAME.search(f"={address.query}")
    return f"/{name[1]}" if name else address.path


def _candidate_key(address: Address) -> str | None:
    stem = stem_with_folders(_named(address))
    return f"{registered_domain(address.host)}/{stem}" if stem else None
