"""`optout members`: one case per member of an organisation, and every step for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.commands.options import note, plural

if TYPE_CHECKING:
    from optout.members.register import Member, Organisation

# In the order they are used; each is `command_<name>` of a module beside this one.
SUBCOMMANDS = {
    "run": "members_run",
    "import": "members_import",
    "list": "members_import",
    "crawl": "members_crawl",
    "match": "members_steps",
    "requests": "members_steps",
    "report": "members_steps",
    "statistics": "members_numbers",
    "remove": "members_numbers",
}


class _Members(click.Group):
    """A group in which a file's name in place of a command means `run`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SUBCOMMANDS:
            return None
        module = import_module(f"optout.commands.{SUBCOMMANDS[cmd_name]}")
        command: click.Command = getattr(module, f"command_{cmd_name}")
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        # A single word that is no file is a command misspelt; click says so.
        misspelt = first.isalpha() and not Path(first).exists()
        if first and first not in (*SUBCOMMANDS, *ctx.help_option_names) and not misspelt:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("members", cls=_Members)
def command() -> None:
    """Do every step for all members of an organisation: one case each, one pass over the data.

    The members file is CSV as a spreadsheet saves it, with a first line that names the columns:
    member number, names, sites, accounts (platform:name), languages, mandate date, mandate until,
    mandate scope, contact for publication, status; in English, German, French or Spanish. Several
    values in one cell are separated by ";".

    \b
    Example:
      optout members members.csv --dataset relaion/
      optout members import members.csv
      optout members crawl
    """


folder_option = click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="The organisation's folder (default: ./optout-members).",
)
_CHOICES = (
    click.option("--status", "statuses", multiple=True, help="Members with this status, or all."),
    click.option("--member", "numbers", multiple=True, metavar="NUMBER", help="Only this member."),
)


def member_options(command: Any) -> Any:
    """Which members a step is about; without them the active ones."""
    for option in reversed(_CHOICES):
        command = option(command)
    return folder_option(command)


def chosen_members(
    folder: Path | None, statuses: tuple[str, ...], numbers: tuple[str, ...]
) -> tuple[Organisation, list[Member]]:
    """The folder and the members a step is about. Raises MembersError.

    Until the command ends nothing is imported or removed: a step that writes into a case would
    bring back what a removal beside it deletes.
    """
    from optout.members.choosing import choose
    from optout.members.register import alone, find_organisation, read_register
    from optout.members.removal import unfinished

    organisation = find_organisation(folder)
    if unfinished(organisation):
        with changing(organisation):
            pass
    click.get_current_context().with_resource(alone(organisation, shared=True))
    members = choose(organisation, statuses, numbers)
    if not statuses and not numbers:
        others = len(read_register(organisation)) - len(members)
        if others:
            note(f"{plural(others, 'member')} of another status left out (--status all)")
    return organisation, members


@contextmanager
def changing(organisation: Organisation) -> Iterator[None]:
    """Hold the folder; a removal that was killed is finished first."""
    from optout.members.register import alone
    from optout.members.removal import finish

    with alone(organisation):
        done = finish(organisation)
        if done is not None:
            note(f"finished the removal of member {done.number} that was broken off")
        yield


def today() -> date:
    """The day in UTC, which decides whether a mandate is in force."""
    return datetime.now(UTC).date()


def every(step: int) -> Callable[[int, int, str], None]:
    """A teller for many members: each `step`-th, and the last."""

    def tell(done: int, of: int, words: str) -> None:
        if done % step == 0 or done == of:
            note(f"{done:,} of {of:,} {words}")

    return tell
