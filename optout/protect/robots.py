"""A present robots.txt → the same with the smallest edit that asks training crawlers to stay away.

Rules for everybody else stay as they are, byte for byte. Groups are those of RFC 9309, 2.2: only
allow and disallow end a run of user-agent lines, a named group inherits nothing from "*". What
comes out is read again as every dialect reads it, and nothing is given out that breaks the promise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crawler.signals.robots_txt import LIMIT
from optout.errors import ProtectError
from optout.protect.agents import search_agents
from optout.protect.robots_edit import Edit, line_end, place_of_ours, split_bom, written
from optout.protect.robots_groups import Reading, Rules, matchable, readings, rules_of, shuts_all
from optout.protect.robots_keep_out import keep_out
from optout.protect.robots_preferences import state_preferences


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
    than what every reader reads (RFC 9309, 2.5), or would be read otherwise than was meant.

    >>> merge(b"User-agent: *\\nAllow: /\\n", ["GPTBot"]).body.decode().splitlines()[1:3]
    ['User-agent: GPTBot', 'Disallow: /']
    """
    bom, text = split_bom(present or b"")
    lines = text.splitlines(keepends=True)
    files, edit = readings(text), Edit()
    keep_out(files, names, lines, edit)
    state_preferences(files, lines, edit)
    if licence and not any(d.key == "license" for d in files[0].robots.lines):
        edit.end += ["", f"License: {licence}"]
        edit.changes.append(f"names the licence file: {licence}")
    body = bom + written(lines, edit, place_of_ours(lines, files, edit), line_end(text))
    if len(body) > LIMIT:
        raise ProtectError(
            f"robots.txt would have {len(body):,} bytes; readers look at the first {LIMIT:,} only",
            "shorten the present file first, for example by patterns with *",
        )
    _check(files, readings(body), names)
    return Merged(body, tuple(edit.changes))


def _check(before: Sequence[Reading], after: Sequence[Reading], names: Sequence[str]) -> None:
    """Raise ProtectError where some parser would not read what was promised."""
    let_in = _let_in(after, names)
    shut_out = _shut_out(before, after)
    if let_in or shut_out:
        fate = f"{let_in} would still be let in" if let_in else f"{shut_out} would be shut out"
        raise ProtectError(
            f"robots.txt has typing errors for which {fate} after any edit",
            "mend them first: optout lint names the lines",
        )


def _let_in(after: Sequence[Reading], names: Sequence[str]) -> str:
    """The first name that some parser lets in."""
    promised = [name for name in names if matchable(name)]
    for file in after:
        rules = _rules(file, promised)
        for name in promised:
            if not shuts_all(rules[name]):
                return name
    return ""


def _shut_out(before: Sequence[Reading], after: Sequence[Reading]) -> str:
    """The first search engine that some parser would keep from a page that it may read now.

    More allows and fewer disallows shut nothing.
    """
    searching = [agent.token for agent in search_agents()]
    for was, now in zip(before, after, strict=True):
        old, new = _rules(was, searching), _rules(now, searching)
        for name in searching:
            if _of("disallow", new[name] - old[name]) or _of("allow", old[name] - new[name]):
                return name
    return ""


def _rules(file: Reading, names: Sequence[str]) -> dict[str, Rules]:
    """What the parser's groups say to each name; to those without a group the same."""
    others = rules_of(file.robots.group_lines("*"))
    return {
        name: rules_of(file.robots.group_lines(name)) if file.robots.names(name) else others
        for name in names
    }


def _of(key: str, rules: Rules) -> bool:
    return any(one == key for one, _ in rules)
