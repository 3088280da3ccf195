"""`optout urlkey`: what addresses identify, for scripts and for curious people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

import click


@click.command("urlkey")
@click.argument("urls", nargs=-1)
def command(urls: tuple[str, ...]) -> None:
    """Print the key under which other addresses of the same picture are found.

    Addresses come from the arguments, else one per line from standard input. One JSON object per
    line: url, key, level (2 lossless, 3 by a platform's rule, 4 unwrapped from a proxy; null for
    an unreadable address), rule, candidate_key.

    \b
    Example:
      optout urlkey https://i0.wp.com/mira.example/art/fox-300x200.jpg?ssl=1
    """
    from optout.identity import identify

    encode = json.JSONEncoder(ensure_ascii=False).encode
    for url in urls or _lines():
        found = identify(url)
        record = {
            "url": found.url,
            "key": found.key,
            "level": found.level,
            "rule": found.rule,
            "candidate_key": found.candidate_key,
        }
        sys.stdout.buffer.write(encode(record).encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()


def _lines() -> Iterable[str]:
    """Lines of standard input; bytes that are no UTF-8 are replaced, not refused."""
    for line in sys.stdin.buffer:
        text = line.decode("utf-8", "replace").strip("\r\n")
        if text:
            yield text
