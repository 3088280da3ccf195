"""Groups of a robots.txt → the edits after which each of them says `ai-train=no` and `train-ai=n`.

Nothing is inherited from "*" by a group with a name (RFC 9309, 2.2.1), so each needs them. What a
line says is asked of the parsers of both signals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import http_sf

from crawler.signals import content_signal, content_usage
from crawler.signals.content_usage import Statement
from crawler.signals.robots_txt import Directive, RobotsTxt, parse
from crawler.signals.vocabulary import ALLOWED, DISALLOWED
from optout.protect.robots_edit import Edit, written
from optout.protect.robots_groups import (
    EVERYTHING,
    Block,
    Reading,
    blocks_of,
    forbid_all,
    token,
)

SIGNAL = "Content-Signal"
SIGNAL_VALUE = "search=yes, ai-train=no"  # contentsignals.org
USAGE = "Content-Usage"
USAGE_VALUE = "train-ai=n"  # draft-ietf-aipref-attach-05
_VALUES = {SIGNAL: SIGNAL_VALUE, USAGE: USAGE_VALUE}


def state_preferences(files: Sequence[Reading], lines: list[bytes], edit: Edit) -> None:
    """Both signals in each group that may read something; the file's own lines are turned first."""
    _turn(_so_far(lines, edit), lines, edit)
    robots = _so_far(lines, edit)
    said: dict[str, set[str]] = {}
    for block in blocks_of(robots.lines):
        _add(block, robots, said, edit)
    if not robots.names("*"):
        # For parsers that forgive typing errors there may be such a group: it stays as it is.
        rule = "Disallow:" if any(file.robots.names("*") for file in files) else "Allow: /"
        edit.top += ["User-agent: *", *_lines(_VALUES), rule, ""]
        edit.changes.append("says “no training, search welcome” to everyone else")


def unsaid(robots: RobotsTxt, name: str) -> list[str]:
    """Which of the two signals do not keep `name` from training, wherever on the site it may read.

    >>> unsaid(parse(b"User-agent: *\\nContent-Usage: train-ai=n, train-ai=y"), "*")
    ['Content-Signal', 'Content-Usage']
    """
    own = {d.line for d in robots.group_lines(name)}
    signals = [one.value for one in _signals(robots) if one.line in own and not one.plural]
    rules = [one for one in content_usage.parse_rules(robots) if one.line in own and one.pattern]
    whole = any(_reserves(one) for one in rules if one.path is None or one.path in EVERYTHING)
    said = {
        SIGNAL: DISALLOWED in signals and ALLOWED not in signals,
        USAGE: whole and all(_reserves(one) for one in rules),
    }
    return [kind for kind in _VALUES if not said[kind]]


def _so_far(lines: list[bytes], edit: Edit) -> RobotsTxt:
    """The file with the lines that are changed in place, so that numbers of lines stay."""
    return parse(written(lines, Edit(instead=edit.instead), len(lines), b"\n"))


def _signals(robots: RobotsTxt) -> list[content_signal.Signal]:
    return [one for one in content_signal.parse(robots) if one.name == "ai-train"]


def _reserves(rule: Statement) -> bool:
    said = [one.value for one in rule.preferences if one.label == "train-ai"]
    return said == [DISALLOWED]


def _turn(robots: RobotsTxt, lines: list[bytes], edit: Edit) -> None:
    """Lines that say something else of training, or would where a path is longer."""
    usages = {one.line: one for one in content_usage.parse_rules(robots)}
    for line in _open_lines(robots):
        rule = usages.get(line.line)
        value = _turned_usage(line, rule) if rule else _turned_signal(line, robots)
        if value is not None and value != line.octets:
            body = lines[line.line - 1].rstrip(b"\r\n")
            key, colon, rest = body.partition(b":")
            edit.instead[line.line] = key + colon + rest.replace(line.octets, value, 1)
            says = USAGE_VALUE if rule else "ai-train=no"
            edit.changes.append(f"line {line.line}: “{line.value}” now says {says}")


def _open_lines(robots: RobotsTxt) -> list[Directive]:
    """Lines that somebody is told who may read something."""
    told = {d.line for name in _tokens(robots) for d in robots.group_lines(name)}
    return [d for d in robots.lines if d.line in told]


def _tokens(robots: RobotsTxt) -> list[str]:
    """Whom groups name, without those who may read nothing: they have no preference
    (draft-ietf-aipref-attach-05, "Content-Usage Rule Semantics")."""
    found = dict.fromkeys(token(d.value) for d in robots.lines if d.key == "user-agent")
    return [name for name in found if name and not forbid_all(robots.group_lines(name))]


def _turned_usage(line: Directive, rule: Statement) -> bytes | None:
    """What is no dictionary says nothing, and shadows a shorter path: it is replaced."""
    if _reserves(rule) or rule.pattern is None:
        return None
    path, blank, rest = b"", b"", line.octets
    if rule.path is not None:
        path, blank, rest = rest.replace(b"\t", b" ").partition(b" ")
    value = USAGE_VALUE
    if not rule.fault:
        members = content_usage.dictionary(rest.strip()) | {"train-ai": (http_sf.Token("n"), {})}
        value = http_sf.ser(members)
    return path + blank + value.encode()


def _turned_signal(line: Directive, robots: RobotsTxt) -> bytes | None:
    here = [one for one in content_signal.parse(robots) if one.line == line.line]
    training = [one for one in here if one.name == "ai-train"]
    if not here or (training and all(one.written == "no" for one in training)):
        return None
    path, blank, rest = b"", b"", line.octets
    if rest.startswith(b"/"):
        path, blank, rest = rest.partition(b" ")
    parts = [part.strip() for part in rest.split(b",") if part.strip()]
    if training:
        parts = [b"ai-train=no" if _is_training(part) else part for part in parts]
    elif not path and not here[0].plural:
        parts.append(b"ai-train=no")
    return path + blank + b", ".join(dict.fromkeys(parts))


def _is_training(part: bytes) -> bool:
    return part.partition(b"=")[0].strip().lower() == b"ai-train"


def _add(block: Block, robots: RobotsTxt, said: dict[str, set[str]], edit: Edit) -> None:
    open_ = [name for name in _tokens_of(block) if not forbid_all(robots.group_lines(name))]
    missing: set[str] = set()
    for name in open_:
        lacking = set(unsaid(robots, name)) - said.setdefault(name, set())
        said[name] |= lacking
        missing |= lacking
    if missing:
        for name in open_:
            said[name] |= missing
        kinds = [kind for kind in _VALUES if kind in missing]
        edit.after.setdefault(block.agents[-1].line, []).extend(_lines(kinds))
        whom = dict.fromkeys(d.value for d in block.agents if token(d.value) in open_)
        edit.changes.append(f"says “no training” in the group for {', '.join(whom)}")


def _tokens_of(block: Block) -> Iterator[str]:
    return (name for name in dict.fromkeys(token(d.value) for d in block.agents) if name)


def _lines(kinds: Sequence[str] | dict[str, str]) -> list[str]:
    return [f"{kind}: {_VALUES[kind]}" for kind in kinds]
