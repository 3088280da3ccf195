"""Lines of a robots.txt and a set of edits → the new bytes.

What is not edited stays byte for byte, line ends and a byte order mark included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from optout.protect.robots_groups import Reading

# A group of nobody's: what parsers that skip typing errors take for lines of the group above.
_APART = (
    "# Nobody has this name; it keeps our lines apart from those below.",
    "User-agent: (-)",
    "Disallow:",
    "",
)


@dataclass(slots=True)
class Edit:
    """Changes by physical line (from 1): other text for it, lines after it, lines before it."""

    instead: dict[int, bytes] = field(default_factory=dict)
    after: dict[int, list[str]] = field(default_factory=dict)
    top: list[str] = field(default_factory=list)
    end: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)


def place_of_ours(lines: list[bytes], files: Sequence[Reading], edit: Edit) -> int:
    """Where our groups go: before the first group and the comment right above it.

    There they join with nothing: rules before the first group speak to nobody, and our last line
    is a rule, so that the next user-agent line begins a group of its own. Where that line is one
    for some parsers only, one for all of them is put before it.
    """
    begins = {file.first for file in files}
    known = [line for line in begins if line is not None]
    if not known:
        return len(lines)
    if len(begins) > 1 and edit.top:
        edit.top += _APART
    place = min(known) - 1
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
