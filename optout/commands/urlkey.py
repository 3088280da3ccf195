"""`optout urlkey`: what addresses identify, for scripts and for curious people."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from optout.commands.options import json_option, note, printable
from optout.errors import OptoutError

if TYPE_CHECKING:
    from optout.identity import Identity

_RESTS_ON = {
    2: "spellings that no server tells apart",
    3: "a platform's rule, or a size in the name",
    4: "the address inside that of a proxy",
}
_BEGINNING = "https://"
# A scheme and no authority; what a number follows is a host with its port.
_OTHER = re.compile(r"[a-z][a-z0-9+-]*:(?!//|\d)", re.IGNORECASE)


@click.command("urlkey")
@click.argument("urls", nargs=-1)
@json_option
def command(urls: tuple[str, ...], as_json: bool) -> None:
    """Print the key under which other addresses of the same picture are found.

    Addresses come from the arguments, else one per line from standard input. With --json: url,
    key, level (2 lossless, 3 by a platform's rule, 4 unwrapped from a proxy; null for an
    unreadable address), rule, candidate_key.

    \b
    Example:
      optout urlkey https://i0.wp.com/mira.example/art/fox-300x200.jpg?ssl=1
      optout urlkey --json < addresses.txt > keys.jsonl
    """
    from optout.identity import identify

    encode = _as_json if as_json else _as_text
    unread = []
    for url in urls or _lines():
        found = identify(url)
        if found.key is None and not as_json:
            unread.append(url if urls else "")  # those of a long list are only counted
            if not urls:
                note(_why(url))
            continue
        sys.stdout.buffer.write(encode(found).encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()
    if unread:
        raise _error(unread, len(urls))


def _as_json(found: Identity) -> str:
    record = {
        "url": found.url,
        "key": found.key,
        "level": found.level,
        "rule": found.rule,
        "candidate_key": found.candidate_key,
    }
    return json.dumps(record, ensure_ascii=False)


def _as_text(found: Identity) -> str:
    return "\n".join(printable(line) for line in _told(found))


def _told(found: Identity) -> Iterator[str]:
    yield found.url
    yield f"  key        {found.key}"
    yield f"  rests on   {_RESTS_ON.get(found.level or 0, found.level)}"
    if found.rule:
        yield f"  rule       {found.rule}"
    if found.candidate_key:
        yield f"  candidate  {found.candidate_key}"


def _error(unread: list[str], asked: int) -> OptoutError:
    """What is said at the end of the addresses that could not be read."""
    if asked == 0:
        return OptoutError(f"addresses that cannot be read: {len(unread):,} (told above)")
    without = [url for url in unread if "://" not in url and not _scheme(url)]
    hint = f"optout urlkey {_BEGINNING}{printable(without[0].lstrip('/'))}" if without else ""
    return OptoutError("; ".join(_why(url) for url in unread), hint)


def _why(url: str) -> str:
    """One sentence.

    >>> _why("mira.example/fox.jpg")
    '“mira.example/fox.jpg” is no whole address: it lacks https:// at its beginning'
    """
    told = f"“{printable(url[:300])}” is no"
    if _scheme(url):
        return f"{told} address of the web: it begins with {_scheme(url)}"
    if "://" not in url:
        return f"{told} whole address: it lacks {_BEGINNING} at its beginning"
    return f"{told} address that can be read"


def _scheme(url: str) -> str:
    """What another kind of address begins with; "" where a host may stand there.

    >>> _scheme("javascript:void(0)"), _scheme("data:image/png;base64,AA"), _scheme("a.example:80/")
    ('javascript:', 'data:', '')
    """
    begins = _OTHER.match(url.lstrip())
    return begins[0].lower() if begins else ""


def _lines() -> Iterable[str]:
    """Lines of standard input; bytes that are no UTF-8 are replaced, not refused."""
    for line in sys.stdin.buffer:
        text = line.decode("utf-8", "replace").strip("\r\n")
        if text:
            yield text
