"""Groups of a robots.txt and names → the edits that shut these names out, whoever parses it.

Parsers disagree about typing errors, so that groups begin elsewhere for some of them. A group that
all see alike is taken out as a whole; elsewhere only the name goes, and every line stays a line of
the group that it was in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crawler.signals.robots_txt import Directive
from optout.protect.robots_edit import Edit
from optout.protect.robots_groups import GLOBAL, Block, Reading, let_in, meanings
from optout.report.render import plural

HEAD = "# Training crawlers are asked to stay away; search engines are not touched."


def keep_out(
    files: Sequence[Reading], names: Sequence[str], lines: list[bytes], edit: Edit
) -> None:
    """A group for all names that may still read something; their present groups step back."""
    inside = set[str]().union(*(let_in(file, names) for file in files))
    open_ = [name for name in names if name in inside]
    if not open_:
        return
    leaving = {d.line: d for file in files for d in _naming(file, open_)}
    for number in _groups_of(files, leaving):
        edit.instead[number] = b"# " + lines[number - 1].rstrip(b"\r\n")
    for number, line in leaving.items():
        if number not in edit.instead:
            edit.instead[number] = _unnamed(lines[number - 1].rstrip(b"\r\n"), line.octets)
    edit.top += [HEAD, *(f"User-agent: {name}" for name in open_), "Disallow: /", ""]
    count = plural(len(open_), "training crawler")
    edit.changes.append(f"asks {count} to stay away: {', '.join(open_)}")
    if leaving:
        told = dict.fromkeys(leaving[number].value for number in sorted(leaving))
        edit.changes.append(f"takes out of the groups they had until now: {', '.join(told)}")


def _naming(file: Reading, names: Sequence[str]) -> Iterator[Directive]:
    wanted = {name.lower() for name in names}
    agents = (d for block in file.blocks for d in block.agents)
    return (d for d in agents if wanted.intersection(meanings(d.value)))


def _groups_of(files: Sequence[Reading], leaving: dict[int, Directive]) -> Iterator[int]:
    """Lines of the groups of `leaving`, where these are the same groups for everybody."""
    alike = set.intersection(*({block.shape for block in file.blocks} for file in files))
    keyed = {d.line for file in files for d in file.robots.lines if d.key and d.key not in GLOBAL}
    for block in files[0].blocks:
        if block.shape in alike:
            yield from _stepping_back(block, leaving, keyed)


def _stepping_back(block: Block, leaving: dict[int, Directive], keyed: set[int]) -> Iterator[int]:
    gone = [d.line for d in block.agents if d.line in leaving]
    if not gone:
        return
    yield from gone
    # What stands between names that leave and names that stay would join the group above.
    first = next((d.line for d in block.agents if d.line not in leaving), float("inf"))
    yield from (d.line for d in block.others if d.line in keyed and d.line < first)


def _unnamed(line: bytes, name: bytes) -> bytes:
    """The line with a name that no crawler has.

    >>> _unnamed(b"Useragent: GPTBot # why", b"GPTBot")
    b'Useragent: (was-GPTBot) # why'
    """
    return line.replace(name, b"(was-" + b"-".join(name.split()) + b")", 1)
