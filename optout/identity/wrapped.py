"""An address → the address inside it, where a proxy or a resizer carries one."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote

from optout.identity.asked import HOSTS
from optout.identity.hosts import known_suffix, registered_domain
from optout.identity.kinds import Unwrap
from optout.identity.lossless import Address, parse
from optout.identity.rules import rules

_IMAGE_IN_URL = re.compile(
    r"\.(?:jpe?g|jfif|png|gif|webp|avif|bmp|tiff?|jxl|heic)(?:$|[?&%])", re.I
)
_EMBEDDED = re.compile(r"https?(?::|%3A|%253A)(?:/|%2F|%252F){1,2}(?=[\w\[%-])", re.I)
_SCHEME = re.compile(r"(https?):/{1,2}", re.I)
_HOST_FOLDER = re.compile(r"/[a-z0-9.-]+\.[a-z]{2,12}/")
_ENCODED = re.compile(r"(?:https?)?%(?:25)*(?:3A|2F)|[^/?]*%(?:25)*2F", re.I)


def inner_address(address: Address) -> tuple[str, Address] | None:
    """The name of the wrapper and the address inside, or None."""
    text = address.text()
    lower = text.lower()
    for wrapper in HOSTS[address.host].unwraps.near(lower):
        if wrapper.between and not _HOST_FOLDER.search(address.path):
            continue
        found = wrapper.pattern.match(text)
        target = _target(wrapper, found) if found else None
        if target and target != address:
            return wrapper.name, target
    found_in_text = _embedded(address) if "http" in lower else None
    return ("embedded", found_in_text) if found_in_text else None


def _target(wrapper: Unwrap, found: re.Match[str]) -> Address | None:
    groups = found.groupdict()
    target = _undone(groups["target"], wrapper.decode)
    if target is None:
        return None
    address = _sensible(parse(_absolute(_decoded(target), groups.get("base"))))
    if address and wrapper.between:
        folders = [folder for folder in groups["before"].split("/") if folder]
        if not all(map(wrapper.between.fullmatch, folders)) or not _on_the_web(address.host):
            return None
    return address


def _undone(target: str, decode: str) -> str | None:
    try:
        if decode == "hex":
            return bytes.fromhex(target).decode("utf-8", "replace")
        if decode == "base64":
            plain = unquote(target).replace("/", "").replace("-", "+").replace("_", "/").rstrip("=")
            return base64.b64decode(plain + "=" * (-len(plain) % 4)).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        return None
    return target


def _decoded(text: str) -> str:
    # An address inside an address is encoded once for each wrapper around it.
    for _ in range(3):
        if not _ENCODED.match(text):
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


_NO_SUFFIX = frozenset(
    [
        "jpg",
        "jpeg",
        "png",
        "gif",
        "webp",
        "php",
        "html",
        "htm",
        "aspx",
        "asp",
        "jsp",
        "cgi",
        "svg",
        "zip",
        "py",
        "md",
    ]
)


def _on_the_web(host: str) -> bool:
    domain = registered_domain(host)
    return "." in domain and domain.rpartition(".")[2] not in _NO_SUFFIX and known_suffix(host)


def _embedded(address: Address) -> Address | None:
    """The address inside the path, or in a parameter that carries the picture."""
    found = _EMBEDDED.search(address.path)
    if found:
        target = _decoded(address.path[found.start() :])
        raw = "%" not in found[0] and address.query
        target = f"{target}?{address.query}" if raw else target
        return _sensible(parse(_absolute(target, None)))
    for parameter in address.query.split("&"):
        name, _, value = parameter.partition("=")
        if _EMBEDDED.match(value) and _carries(name.lower(), value):
            # An unescaped inner query ends where the outer one ends.
            whole = address.query.partition(parameter)[2] if "?" in value else ""
            return _sensible(parse(_absolute(_decoded(value + whole), None)))
    return None


def _carries(name: str, value: str) -> bool:
    table = rules().parameters
    if name in table.carriers:
        return True
    return name not in table.others and bool(_IMAGE_IN_URL.search(value))
