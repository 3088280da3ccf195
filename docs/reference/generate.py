"""`optout --help` and the help of every command → docs/reference/commands.md, on stdout.

`make docs` runs it; a test and CI hold the page to what it writes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from optout.cli import COMMANDS, _group

_WIDTH = 100


def page() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Commands"
    yield ""
    yield "Made from `--help` by `make docs`; do not edit."
    yield "Every command ends with 0 (done), 1 (a problem, told in one sentence) or 2 (misuse)."
    yield "With `--exit-code`, 3 says that something changed since the last run;"
    yield "of `optout lint`, that something loses protection."
    yield ""
    yield from _section("optout", _group, None)
    context = _context("optout", _group, None)
    for name in COMMANDS:
        command = _group.get_command(context, name)
        assert command is not None, name
        yield from _section(f"optout {name}", command, context)


def _section(
    title: str, command: click.Command, parent: click.Context | None, level: str = "##"
) -> Iterator[str]:
    context = _context(title.rpartition(" ")[2], command, parent)
    yield f"{level} {title}"
    yield ""
    yield "```"
    # Options that come and go with the machine's settings would make the page differ.
    yield from (line.rstrip() for line in command.get_help(context).splitlines())
    yield "```"
    yield ""
    if isinstance(command, click.Group) and parent is not None:
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None, name
            yield from _section(f"{title} {name}", below, context, "###")


def _context(name: str, command: click.Command, parent: click.Context | None) -> click.Context:
    settings = {"help_option_names": ["-h", "--help"]}
    return click.Context(
        command,
        info_name=name,
        parent=parent,
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
        **settings,  # type: ignore[arg-type]
    )


if __name__ == "__main__":
    sys.stdout.write(page())
