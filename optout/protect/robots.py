"""A present robots.txt → the same with the smallest edit that asks training crawlers to stay away.

Rules for everybody else stay as they are, byte for byte. Groups are those of RFC 9309, 2.2: only
allow and disallow end a run of user-agent lines, a named group inherits nothing from "*".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from crawler.signals.robots_txt import LIMIT, Directive, parse
from optout.errors import ProtectError
from optout.protect.agents import search_agents
from optout.protect.robots_edit import (
    RULES,
    Block,
    Edit,
    blocks_of,
    line_end,
    place_of_ours,
    split_bom,
    written,
)
from optout.readers.dialects import dialects

SIGNAL = "Content-Signal"
SIGNAL_VALUE = "search=yes, ai-train=no"  # contentsignals.org
USAGE = "Content-Usage"
USAGE_VALUE = "train-ai=n"  # draft-ietf-aipref-attach-05
HEAD = "# Training crawlers are asked to stay away; search engines are not touched."

_GLOBAL = ("sitemap", "license")  # these speak for the whole file, wherever they stand
_TOKEN = re.compile(r"[A-Za-z_-]*")
_EVERYTHING = frozenset({"/", "*", "/*"})
_MEMBER = re.compile(r"(?i)\bai-train\s*=\s*[^,\s]*")


@dataclass(frozen=True, slots=True)
class Merged:
    """A robots.txt to put in place of the present one, and what differs, in words."""

    body: bytes
    changes: tuple[str, ...]


def merge(present: bytes | None, names: Sequence[str], *, licence: str = "") -> Merged:
    """The present file (None where there is none) with what is missing, and nothing else.

    `names` are asked to stay away; where one has a group that lets it in, it is taken out of that
    group. Every group that may read something says `ai-train=no` and `train-ai=n`. `licence` is
    the absolute address of an RSL file to name. Raises ProtectError when the result is longer
    than what every reader reads (RFC 9309, 2.5).

    >>> merge(b"User-agent: *\\nAllow: /\\n", ["GPTBot"]).body.decode().splitlines()[1:3]
    ['User-agent: GPTBot', 'Disallow: /']
    """
    bom, text = split_bom(present or b"")
    lines = text.splitlines(keepends=True)
    directives = parse(text).lines
    blocks = list(blocks_of(directives))
    edit = Edit()
    _keep_out(blocks, names, edit)
    _state_preferences(blocks, edit, set(edit.instead))
    if licence and not any(d.key == "license" for d in directives):
        edit.end += ["", f"License: {licence}"]
        edit.changes.append(f"names the licence file: {licence}")
    body = bom + written(lines, edit, place_of_ours(lines, blocks), line_end(text))
    if len(body) > LIMIT:
        raise ProtectError(
            f"robots.txt would have {len(body):,} bytes; readers look at the first {LIMIT:,} only",
            "shorten the present file first, for example by patterns with *",
        )
    _keep_search(present or b"", body)
    return Merged(body, tuple(edit.changes))


def _keep_search(present: bytes, body: bytes) -> None:
    """Raise ProtectError where a search engine that got in would be shut out, in any dialect.

    Some parsers forgive typing errors that others skip, so that groups begin elsewhere for them.
    """
    for dialect in dialects().values():
        before, after = parse(present, dialect), parse(body, dialect)
        for name in (agent.token for agent in search_agents()):
            if before.decide(name, "/").allowed and not after.decide(name, "/").allowed:
                raise ProtectError(
                    f"robots.txt has typing errors for which {name} would be shut out by any edit",
                    "mend them first: optout lint names the lines",
                )


def token(value: str) -> str:
    """The product token of a user-agent value, lower-case (RFC 9309, 2.2.1).

    >>> token("GPTBot/1.0"), token("*")
    ('gptbot', '*')
    """
    found = _TOKEN.match(value)
    return "*" if value == "*" else found.group().lower() if found else ""


def _keep_out(blocks: list[Block], names: Sequence[str], edit: Edit) -> None:
    """A group for all names that may still read something; their present groups step back."""
    open_ = [name for name in names if not _shut_out(blocks, name)]
    if not open_:
        return
    told = []
    for block in blocks:
        leaving = [d for d in block.agents if any(_names(d.value, name) for name in open_)]
        if not leaving:
            continue
        told += [d.value for d in leaving]
        # What stands between names that leave and names that stay would join the group above.
        first = next((d.line for d in block.agents if d not in leaving), float("inf"))
        gone = [*leaving, *(d for d in _keyed(block.others) if d.line < first)]
        edit.instead |= {d.line: b"# " + d.raw.encode("utf-8", "replace") for d in gone}
    edit.top += [HEAD, *(f"User-agent: {name}" for name in open_), "Disallow: /", ""]
    edit.changes.append(f"asks {len(open_)} training crawlers to stay away: {', '.join(open_)}")
    if told:
        edit.changes.append(
            f"takes out of the groups they had until now: {', '.join(dict.fromkeys(told))}"
        )


def _keyed(lines: Iterable[Directive]) -> list[Directive]:
    return [d for d in lines if d.key and d.key not in _GLOBAL]


def _names(value: str, name: str) -> bool:
    """Whether a user-agent line means `name`, for strict readers or for those that are not."""
    whole = value.strip().lower() == name.lower()
    return whole or (token(name) == name.lower() and token(value) == name.lower())


def _shut_out(blocks: list[Block], name: str) -> bool:
    """Whether nothing is open to `name` already: its own groups, else those for "*"."""
    own = [b for b in blocks if any(_names(d.value, name) for d in b.agents)]
    return _forbids_all(own or [b for b in blocks if any(d.value == "*" for d in b.agents)])


def _forbids_all(blocks: Iterable[Block]) -> bool:
    rules = [d for block in blocks for d in block.others if d.key in RULES]
    some = any(d.key == "disallow" and d.value in _EVERYTHING for d in rules)
    return some and not any(d.key == "allow" and d.value for d in rules)


def _state_preferences(blocks: list[Block], edit: Edit, gone: set[int]) -> None:
    """Content-Signal and Content-Usage in each group that may read something.

    Nothing is inherited from "*" by a group with a name (RFC 9309, 2.2.1), so each needs them.
    """
    said: dict[str, set[str]] = {SIGNAL: set(), USAGE: set()}
    present = [(b, _tokens(b, gone)) for b in blocks]
    shut = {name for _, names in present for name in names if _shut_for(name, present)}
    for block, names in present:
        for kind in _kinds_said(block, edit, gone) if names else ():
            said[kind] |= names
    for block, names in present:
        _add_preferences(block, names - shut, said, edit)
    if not any("*" in names for _, names in present):
        edit.top += ["User-agent: *", *_preferences((SIGNAL, USAGE)), "Allow: /", ""]
        edit.changes.append("says “no training, search welcome” to everyone else")


def _tokens(block: Block, gone: set[int]) -> set[str]:
    return {token(d.value) for d in block.agents if d.line not in gone} - {""}


def _shut_for(name: str, present: list[tuple[Block, set[str]]]) -> bool:
    """What nobody may read has no usage to be stated (draft-ietf-aipref-attach)."""
    return _forbids_all(block for block, names in present if name in names)


def _kinds_said(block: Block, edit: Edit, gone: set[int]) -> Iterator[str]:
    """Which preferences the block states; a present ai-train=yes is turned on the way."""
    for line in block.others:
        if line.line in gone:
            continue
        if line.key == SIGNAL.lower():
            yield SIGNAL
            _turn(line, edit)
        elif line.key == USAGE.lower() and _reserves(line.value):
            yield USAGE


def _reserves(value: str) -> bool:
    """Whether a Content-Usage without a path says train-ai=n."""
    return not value.startswith("/") and "train-ai=n" in (
        member.strip().partition(";")[0] for member in value.split(",")
    )


def _turn(line: Directive, edit: Edit) -> None:
    """`ai-train=no` into a Content-Signal line that lacks it or says otherwise."""
    found = _MEMBER.findall(line.value)
    if found and all(re.fullmatch(r"(?i)ai-train\s*=\s*no", member) for member in found):
        return
    value = _MEMBER.sub("ai-train=no", line.value) if found else f"{line.value}, ai-train=no"
    edit.instead[line.line] = f"{SIGNAL}: {value.strip(', ')}".encode()
    edit.changes.append(f"line {line.line}: “{line.value}” now says ai-train=no")


def _add_preferences(block: Block, names: set[str], said: dict[str, set[str]], edit: Edit) -> None:
    missing = [kind for kind in (SIGNAL, USAGE) if names - said[kind]]
    if not missing:
        return
    for kind in missing:
        said[kind] |= names
    edit.after.setdefault(block.agents[-1].line, []).extend(_preferences(missing))
    whom = ", ".join(dict.fromkeys(d.value for d in block.agents if token(d.value) in names))
    edit.changes.append(f"says “no training” in the group for {whom}")


def _preferences(kinds: Sequence[str]) -> list[str]:
    values = {SIGNAL: SIGNAL_VALUE, USAGE: USAGE_VALUE}
    return [f"{kind}: {values[kind]}" for kind in kinds]
