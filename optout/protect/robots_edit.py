"""Lines of a robots.txt → its groups; and a set of edits → the new bytes.

What is not edited stays byte for byte, line ends and a byte order mark included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from crawler.signals.robots_txt import Directive

RULES = ("allow", "disallow")


@dataclass(slots=True)
class Block:
    """One group as written: its user-agent lines and everything up to the next group."""

    agents: list[Directive] = field(default_factory=list)
    others: list[Directive] = field(default_factory=list)


@dataclass(slots=True)
class Edit:
    """Changes by physical line (from 1): other text for it, lines after it, lines before it."""

    instead: dict[int, bytes] = field(default_factory=dict)
    after: dict[int, list[str]] = field(default_factory=dict)
    top: list[str] = field(default_factory=list)
    end: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)


def blocks_of(directives: Iterable[Directive]) -> Iterator[Block]:
    """The groups in order; what stands before the first one belongs to none."""
    block: Block | None = None
    for line in directives:
        if line.key == "user-agent":
            if block is None or any(d.key in RULES for d in block.others):
                if block:
                    yield block
                block = Block()
            block.agents.append(line)
        elif block:
            block.others.append(line)
    if block:
        yield block


def place_of_ours(lines: list[bytes], blocks: list[Block]) -> int:
    """Where our groups go: before the first group and the comment right above it.

    There they join with nothing: rules before the first group speak to nobody, and our last line
    is a rule, so that the next user-agent line begins a group of its own.
    """
    if not blocks:
        return len(lines)
    place = blocks[0].agents[0].line - 1
    while place and lines[place - 1].lstrip().startswith(b"#"):
        place -= 1
    return place


def written(lines: list[bytes], edit: Edit, place: int, end: bytes) -> bytes:
    out: list[bytes] = []
    for number, line in enumerate([*lines, None]):
        if number == place and edit.top:
            top = edit.top if line is not None else edit.top[:-1]
            out += [b"" if _is_ended(out) else end, *(_encoded(text, end) for text in top)]
        if line is None:
            break
        body = line.rstrip(b"\r\n")
        out.append(edit.instead.get(number + 1, body) + line[len(body) :])
        if number + 1 in edit.after:
            added = [_encoded(text, end) for text in edit.after[number + 1]]
            out += [b"" if _is_ended(out) else end, *added]
    if edit.end:
        out += [b"" if _is_ended(out) else end, *(_encoded(text, end) for text in edit.end)]
    return b"".join(out)


def _is_ended(out: list[bytes]) -> bool:
    last = next((part for part in reversed(out) if part), b"\n")
    return last.endswith((b"\r", b"\n"))


def _encoded(text: str, end: bytes) -> bytes:
    return text.encode() + end


def line_end(text: bytes) -> bytes:
    if b"\r\n" in text:
        return b"\r\n"
    return b"\r" if b"\r" in text and b"\n" not in text else b"\n"


def split_bom(body: bytes) -> tuple[bytes, bytes]:
    bom = b"\xef\xbb\xbf"
    return (bom, body[3:]) if body.startswith(bom) else (b"", body)
