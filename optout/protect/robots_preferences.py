"""Groups of a robots.txt → the edits after which each of them says `ai-train=no` and `train-ai=n`.

Nothing is inherited from "*" by a group with a name (RFC 9309, 2.2.1), so each needs them. What a
line says is asked of the parsers of both signals.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import http_sf

from crawler.signals import content_signal, content_usage
from crawler.signals.content_signal import Signal
from crawler.signals.content_usage import Statement
from crawler.signals.robots_txt import Directive, RobotsTxt, parse
from crawler.signals.vocabulary import ALLOWED, DISALLOWED
from optout.protect.robots_edit import Edit, written
from optout.protect.robots_groups import (
    EVERYTHING,
    Block,
    Reading,
    forbid_all,
    reading,
    token,
)

SIGNAL = "Content-Signal"
SIGNAL_VALUE = "search=yes, ai-train=no"  # contentsignals.org
SIGNAL_ALONE = "ai-train=no"  # where search was refused: what is not named is not granted
USAGE = "Content-Usage"
USAGE_VALUE = "train-ai=n"  # draft-ietf-aipref-attach-05
_Values = dict[str, str]
_NO_SEARCH = re.compile(rb"\b(search|all|bots)\s*=\s*n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Audience:
    """Names that the same groups speak to, and what these say."""

    names: tuple[str, ...]
    lines: frozenset[int]


def state_preferences(files: Sequence[Reading], lines: list[bytes], edit: Edit) -> None:
    """Both signals in each group that may read something; the file's own lines are turned first."""
    _turn(_so_far(lines, edit), lines, edit)
    file = _so_far(lines, edit)
    values = _values(files[0].robots)
    signals, usages = _signals(file.robots), _usages(file.robots)
    missing = {
        name: unsaid
        for one in _audiences(file)
        if (unsaid := _unsaid(one.lines, signals, usages))
        for name in one.names
    }
    for block in file.blocks:
        _add(block, missing, values, edit)
    if not file.robots.names("*"):
        # For parsers that forgive typing errors there may be such a group: it stays as it is.
        rule = "Disallow:" if any(one.robots.names("*") for one in files) else "Allow: /"
        edit.top += ["User-agent: *", *_lines(values, values), rule, ""]
        welcome = ", search welcome" if values[SIGNAL] == SIGNAL_VALUE else ""
        edit.changes.append(f"says “no training{welcome}” to everyone else")


def _values(robots: RobotsTxt) -> _Values:
    """What our lines say. Search is granted nowhere in a file that refuses it somewhere, be it in
    words that no parser reads: whoever wrote them did not mean a yes."""
    keys = (USAGE.lower(), SIGNAL.lower(), f"{SIGNAL.lower()}s")
    refused = any(_NO_SEARCH.search(d.octets) for d in robots.lines if d.key in keys)
    return {SIGNAL: SIGNAL_ALONE if refused else SIGNAL_VALUE, USAGE: USAGE_VALUE}


def _so_far(lines: list[bytes], edit: Edit) -> Reading:
    """The file with the lines that are changed in place, so that numbers of lines stay."""
    return reading(parse(written(lines, Edit(instead=edit.instead), len(lines), b"\n")))


def _audiences(file: Reading) -> list[_Audience]:
    """Whom groups name, without those who may read nothing: they have no preference
    (draft-ietf-aipref-attach-05, "Content-Usage Rule Semantics")."""
    places: dict[str, dict[int, None]] = {}
    for number, block in enumerate(file.blocks):
        for agent in block.agents:
            places.setdefault(token(agent.value), {})[number] = None
    alike: dict[tuple[int, ...], list[str]] = {}
    for name, numbers in places.items():
        if name:
            alike.setdefault(tuple(numbers), []).append(name)
    found = []
    for at, names in alike.items():
        said = [d for number in at for d in file.blocks[number].others]
        if not forbid_all(said):
            found.append(_Audience(tuple(names), frozenset(d.line for d in said)))
    return found


def _signals(robots: RobotsTxt) -> dict[int, list[Signal]]:
    found: dict[int, list[Signal]] = {}
    for one in content_signal.parse(robots):
        found.setdefault(one.line, []).append(one)
    return found


def _usages(robots: RobotsTxt) -> dict[int, Statement]:
    return {one.line: one for one in content_usage.parse_rules(robots) if one.line is not None}


def _unsaid(
    own: Iterable[int], signals: dict[int, list[Signal]], usages: dict[int, Statement]
) -> list[str]:
    """Which of the two signals do not, in these lines, speak against training on everything."""
    said = [one for line in own for one in signals.get(line, ()) if not one.plural]
    values = [one.value for one in said if one.name == "ai-train"]
    rules = [usages[line] for line in own if line in usages and usages[line].pattern]
    whole = any(_reserves(one) for one in rules if one.path is None or one.path in EVERYTHING)
    stands = {
        SIGNAL: DISALLOWED in values and ALLOWED not in values,
        USAGE: whole and all(_reserves(one) for one in rules),
    }
    return [kind for kind in stands if not stands[kind]]


def _reserves(rule: Statement) -> bool:
    return any(one.label == "train-ai" and one.value == DISALLOWED for one in rule.preferences)


def _turn(file: Reading, lines: list[bytes], edit: Edit) -> None:
    """Lines that say something else of training, or would where a path is longer."""
    told = {number for one in _audiences(file) for number in one.lines}
    signals, usages = _signals(file.robots), _usages(file.robots)
    for line in file.robots.lines:
        if line.line not in told:
            continue
        if line.line in usages:
            _replace(line, _turned_usage(line, usages[line.line]), lines, edit)
        elif line.line in signals:
            _replace(line, _turned_signal(line, signals[line.line]), lines, edit)


def _replace(line: Directive, value: bytes, lines: list[bytes], edit: Edit) -> None:
    """Another value for a line; its key, blanks and comment stay."""
    if value != line.octets:
        key, colon, rest = lines[line.line - 1].rstrip(b"\r\n").partition(b":")
        edit.instead[line.line] = key + colon + rest.replace(line.octets, value, 1)
        whole = value.decode("utf-8", "replace")
        edit.changes.append(f"line {line.line}: “{line.value}” now says “{whole}”")


def _turned_usage(line: Directive, rule: Statement) -> bytes:
    """What is no dictionary says nothing, and shadows a shorter path: it is replaced."""
    if _reserves(rule) or rule.pattern is None:
        return line.octets
    path, blank, rest = b"", b"", line.octets
    if rule.path is not None:
        path, blank, rest = rest.replace(b"\t", b" ").partition(b" ")
    value = USAGE_VALUE
    if not rule.fault:
        members = content_usage.dictionary(rest.strip()) | {"train-ai": (http_sf.Token("n"), {})}
        value = http_sf.ser(members)
    return path + blank + value.encode()


def _turned_signal(line: Directive, said: Sequence[Signal]) -> bytes:
    training = [one for one in said if one.name == "ai-train"]
    path, blank, rest = b"", b"", line.octets
    if rest.startswith(b"/"):
        path, blank, rest = rest.partition(b" ")
    if training and all(one.written == "no" for one in training):
        return line.octets
    parts = [part.strip() for part in rest.split(b",") if part.strip()]
    if training:
        parts = [b"ai-train=no" if _is_training(part) else part for part in parts]
    elif not path and not said[0].plural:
        parts.append(b"ai-train=no")
    else:  # it is not clear for what, or for whom, it would say it
        return line.octets
    return path + blank + b", ".join(dict.fromkeys(parts))


def _is_training(part: bytes) -> bool:
    return part.partition(b"=")[0].strip().lower() == b"ai-train"


def _add(block: Block, missing: dict[str, list[str]], values: _Values, edit: Edit) -> None:
    """What the names of a group lack; in a name's other groups it is then not lacking any more."""
    names = dict.fromkeys(token(d.value) for d in block.agents)
    lacking = {kind for name in names for kind in missing.get(name, ())}
    if not lacking:
        return
    whom = dict.fromkeys(d.value for d in block.agents if missing.get(token(d.value)))
    for name in names:
        missing.pop(name, None)
    kinds = [kind for kind in values if kind in lacking]
    edit.after.setdefault(block.agents[-1].line, []).extend(_lines(kinds, values))
    edit.changes.append(f"says “no training” in the group for {', '.join(whom)}")


def _lines(kinds: Iterable[str], values: _Values) -> list[str]:
    return [f"{kind}: {values[kind]}" for kind in kinds]
