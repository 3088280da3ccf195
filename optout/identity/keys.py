"""An address → its Identity: the key under which other addresses of the same picture are found."""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

from optout.identity.asked import HOSTS, Host
from optout.identity.concerns import NAME, PLATFORM, WRAPPER, concerns, may_wrap
from optout.identity.generic import without_sizes
from optout.identity.hosts import registered_domain
from optout.identity.lossless import Address, parse
from optout.identity.stems import stem_with_folders
from optout.identity.wrapped import inner_address

LOSSLESS, BY_RULE, UNWRAPPED = 2, 3, 4  # what equality of two keys rests on
SAME_DOMAIN, ELSEWHERE = 5, 6  # what equality of two candidate keys, or of their stems, rests on
_DEPTH = 5  # a wrapper in a wrapper occurs; deeper ones are built to waste time
_LONGEST = 8192  # no rule is tried on longer addresses

# Sub-delimiters that servers do not tell apart from their encoded form in a path.
_PLAIN_IN_PATH = re.compile(r"%(?:21|24|26|27|28|29|2A|2C|3A|3B|3D|40)")


class Identity(NamedTuple):
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
    key, level, names, last, kinds = _key(address, text, _DEPTH)
    rule = "+".join(names) if names else None
    return Identity(url, text, key, level, rule, _candidate_key(last, kinds), address.host)


# The key, its level, the names of its rules, the innermost address and what concerns its path.
_Found: TypeAlias = tuple[str, int, list[str], Address, int]


def _key(address: Address, text: str, depth: int) -> _Found:
    """What is found of `address`, whose lossless form is `text`."""
    host = HOSTS[address.host]
    kinds = concerns(address.path)
    names: list[str] = []
    found = _unwrapped(address, host, kinds, names, depth)
    if found:
        return found
    if host.bare != address.host or "%" in address.path:
        plain = _plain(address, host, names)
        if plain.path != address.path:
            kinds = concerns(plain.path)
        address, text, host = plain, plain.text(), HOSTS[plain.host]
    found = _by_platform(address, text, host, kinds, names)
    if found:
        return found
    shorter, kinds, generic = without_sizes(address, kinds)
    if not generic:
        return text, BY_RULE if names else LOSSLESS, names, address, kinds
    names += generic
    text = shorter.text()
    if depth and shorter.path != address.path:
        # What a resizer's own part hid may be seen now: a host as a folder, a platform's form.
        found = _unwrapped(shorter, host, kinds, names, depth)
        found = found or _by_platform(shorter, text, host, kinds, names)
    return found or (text, BY_RULE, names, shorter, kinds)


def _unwrapped(
    address: Address, host: Host, kinds: int, names: list[str], depth: int
) -> _Found | None:
    if not (kinds & WRAPPER or host.unwraps.own or (address.query and may_wrap(address.query))):
        return None
    inner = inner_address(address) if depth else None
    if inner is None:
        return None
    name, target = inner
    key, _, more, last, kinds = _key(target, target.text(), depth - 1)
    return key, UNWRAPPED, [*names, name, *more], last, kinds


def _by_platform(
    address: Address, text: str, host: Host, kinds: int, names: list[str]
) -> _Found | None:
    """The key by the first rule of a platform that fits."""
    asked = host.platforms
    for rule in asked.near(address.path) if kinds & PLATFORM else asked.always:
        found = rule.pattern.match(text)
        if found:
            key = rule.key.format(**found.groupdict(""))
            return key, BY_RULE, [*names, rule.name], address, kinds
    return None


def _plain(address: Address, host: Host, names: list[str]) -> Address:
    """Without `www.` and with one spelling of the path's sub-delimiters."""
    if host.bare != address.host:
        names.append("www")
    path = address.path
    if "%" in path:
        plain = _PLAIN_IN_PATH.sub(lambda found: chr(int(found[0][1:], 16)), path)
        if plain != path:
            path = plain
            names.append("percent")
    return Address(host.bare, address.port, path, address.query)


_IMAGE_NAME = re.compile(r"=(?:[^&]*?(?:/|%2F))?([^&/=]+\.(?:jpe?g|png|gif|webp))(?:&|$)", re.I)


def _candidate_key(address: Address, kinds: int) -> str | None:
    path, plain = address.path, not kinds & NAME
    if "." in address.query:
        # Where a script serves the picture, the file name among its parameters.
        name = _IMAGE_NAME.search(f"={address.query}")
        if name:
            path, plain = f"/{name[1]}", False
    stem = stem_with_folders(path, plain)
    return f"{registered_domain(address.host)}/{stem}" if stem else None
