"""An address → its Identity: the key under which other addresses of the same picture are found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from optout.identity.hosts import registered_domain
from optout.identity.lossless import Address, parse
from optout.identity.rules import Rules, Unwrap, for_host, rules

LOSSLESS, BY_RULE, UNWRAPPED = 2, 3, 4  # what equality of two keys rests on
_DEPTH = 5  # a wrapper in a wrapper occurs; deeper ones are built to waste time
_LONGEST = 8192  # no rule is tried on longer addresses

_IMAGE = re.compile(r"\.(?:jpe?g|jfif|png|gif|webp|avif|bmp|tiff?|jxl|heic)$", re.I)
_IMAGE_IN_URL = re.compile(
    r"\.(?:jpe?g|jfif|png|gif|webp|avif|bmp|tiff?|jxl|heic)(?:$|[?&%])", re.I
)
_EXTENSION = re.compile(r"(?:\.(?:jpe?g|png|gif))?\.[a-z]{2,5}$")
# Sub-delimiters that servers do not tell apart from their encoded form in a path.
_PLAIN_IN_PATH = re.compile(r"%(?:21|24|26|27|28|29|2A|2C|3A|3B|3D|40)")
_EMBEDDED = re.compile(r"https?(?::|%3A|%253A)(?:/|%2F|%252F){1,2}(?=[\w\[%-])", re.I)
_SCHEME = re.compile(r"(https?):/{1,2}", re.I)


@dataclass(frozen=True, slots=True)
class Identity:
    """What an address identifies. Equal keys: the same picture, resting on the higher level."""

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
    inner = _unwrapped(address) if depth else None
    if inner:
        name, target = inner
        key, _, names, last = _key(target, depth - 1)
        return key, UNWRAPPED, [name, *names], last
    address, names = _plain(address)
    text = address.text()
    for rule in for_host(rules().platforms, address.host):
        found = rule.pattern.match(text)
        if found:
            return rule.key.format(**found.groupdict("")), BY_RULE, [rule.name], address
    address, generic = _generic(address)
    names += generic
    return address.text(), BY_RULE if names else LOSSLESS, names, address


def _unwrapped(address: Address) -> tuple[str, Address] | None:
    table = rules()
    text = address.text()
    for wrapper in for_host(table.unwraps, address.host):
        found = wrapper.pattern.match(text)
        target = _target(wrapper, found) if found else None
        if target:
            return wrapper.name, target
    found_in_text = _embedded(address, table)
    return ("embedded", found_in_text) if found_in_text else None


def _target(wrapper: Unwrap, found: re.Match[str]) -> Address | None:
    groups = found.groupdict()
    target = groups["target"]
    if wrapper.decode == "hex":
        try:
            target = bytes.fromhex(target).decode("utf-8", "replace")
        except ValueError:
            return None
    target = _absolute(_decoded(target), groups.get("base"))
    return _sensible(parse(target))


def _decoded(text: str) -> str:
    # An address inside an address is encoded once for each wrapper around it.
    for _ in range(3):
        if not re.match(r"(?:https?)?%(?:25)*(?:3A|2F)|[^/?]*%(?:25)*2F", text, re.I):
            break
        text = unquote(text)
    return text


def _absolute(target: str, base: str | None) -> str:
    scheme = _SCHEME.match(target)
    if scheme:
        return f"{scheme[1]}://{target[scheme.end() :].lstrip('/')}"
    if target.startswith("//"):
        return target
    if base is not None:
        return f"//{base}/{target.lstrip('/')}"
    return f"//{target}"


def _sensible(address: Address | None) -> Address | None:
    # "//w_300/x.jpg" parses, but a server outside the local network has a dot in its name.
    return address if address and "." in address.host.strip(".") else None


def _embedded(address: Address, table: Rules) -> Address | None:
    """The address inside the path, or in a parameter that carries the picture."""
    if "http" not in (address.path + address.query).lower():
        return None
    found = _EMBEDDED.search(address.path)
    if found:
        target = _decoded(address.path[found.start() :])
        raw = "%" not in found[0] and address.query
        target = f"{target}?{address.query}" if raw else target
        return _sensible(parse(_absolute(target, None)))
    for parameter in address.query.split("&"):
        name, _, value = parameter.partition("=")
        if _EMBEDDED.match(value) and _carries(name.lower(), value, table):
            # An unescaped inner query ends where the outer one ends.
            whole = address.query.partition(parameter)[2] if "?" in value else ""
            return _sensible(parse(_absolute(_decoded(value + whole), None)))
    return None


def _carries(name: str, value: str, table: Rules) -> bool:
    if name in table.carriers:
        return True
    return name not in table.others and bool(_IMAGE_IN_URL.search(value))


def _plain(address: Address) -> tuple[Address, list[str]]:
    """Without `www.` and with one spelling of the path's sub-delimiters."""
    names = []
    host, path = address.host, address.path
    if host.startswith("www.") and host.count(".") > 1:
        host = host[4:]
        names.append("www")
    if "%" in path:
        plain = _PLAIN_IN_PATH.sub(lambda found: chr(int(found[0][1:], 16)), path)
        if plain != path:
            path = plain
            names.append("percent")
    return Address(host, address.port, path, address.query), names


def _generic(address: Address) -> tuple[Address, list[str]]:
    """What holds on any host: sizes in names and folders, resize and cache parameters."""
    table = rules()
    if not _IMAGE.search(address.path):
        return address, []
    names = []
    path = address.path
    for rewrite in table.rewrites:
        if rewrite.when is None or rewrite.when.search(path):
            shorter = rewrite.pattern.sub(rewrite.to, path)
            # A name that is nothing but a size is the picture's name.
            if shorter != path and not re.search(r"/\.\w+$", shorter):
                path = shorter
                names.append(rewrite.name)
    stem, dot, extension = path.rpartition(".")
    if extension != extension.lower():
        path = f"{stem}{dot}{extension.lower()}"
        names.append("extension-case")
    query = _kept_query(address.query, table)
    if query != address.query:
        names.append("parameters")
    return Address(address.host, address.port, path, query), names


def _kept_query(query: str, table: Rules) -> str:
    return "&".join(part for part in query.split("&") if part and not _dropped(part, table))


def _dropped(part: str, table: Rules) -> bool:
    name, equals, _ = part.partition("=")
    name = name.lower()
    if not equals and table.bare.fullmatch(name):
        return True
    return name in table.dropped or name.startswith(table.dropped_prefixes)


def _candidate_key(address: Address) -> str | None:
    stem = stem_of(address.path)
    return f"{registered_domain(address.host)}/{stem}" if stem else None


def stem_of(path: str) -> str | None:
    """The informative part of the path's file name, case-folded, without sizes; or None.

    >>> stem_of("/art/Red-Fox_2019-300x200.jpg"), stem_of("/DSC_0001.JPG")
    ('red-fox_2019', None)
    """
    table = rules()
    name = unquote(path.rpartition("/")[2]).casefold()
    stem = table.sizes.sub("", _EXTENSION.sub("", name)).strip(" ._-")
    return stem if _informative(stem, table) else None


def _informative(stem: str, table: Rules) -> bool:
    if len(stem) < table.shortest or table.low_information.fullmatch(stem):
        return False
    letters = any(char.isalpha() for char in stem)
    if letters and any(char.isdigit() for char in stem):
        return True
    words = re.findall(r"[^\W\d_]{2,}", stem)
    return len(words) > 1 and len(stem) >= table.shortest_words
