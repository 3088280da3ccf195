"""Options and small habits that several commands share."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.case import Case, find_case, load_case
from optout.errors import DatasetError

if TYPE_CHECKING:
    from optout.cluster import Cluster
    from optout.index import Index
    from optout.remote import Session

case_option = click.option(
    "--case",
    "case_folder",
    type=click.Path(path_type=Path),
    help="The case folder (default: this folder, else ./optout-case).",
)

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")


ray_option = click.option(
    "--ray",
    "ray_address",
    is_flag=False,
    flag_value="local",
    metavar="[ADDRESS]",
    help="Spread the work over a Ray cluster; without an address over this machine's processors.",
)


@contextmanager
def the_cluster(address: str | None) -> Iterator[Cluster | None]:
    """The Ray that --ray names; None where it was not given. Raises ClusterError."""
    if address is None:
        yield None
        return
    from optout.cluster import connected

    with connected(address) as cluster:
        workers, machines = cluster.processors, len(cluster.nodes)
        note(
            f"Ray: {workers} worker{'s' * (workers > 1)} "
            f"on {machines} machine{'s' * (machines > 1)}"
        )
        yield cluster


def the_index(place: str, session: Session) -> Index:
    """The index in a folder or at an address; what must be known of it is told.

    Raises DatasetError where there is none.
    """
    from optout.index import open_index

    index = open_index(place, session)
    for warning in index.warnings():
        note(warning)
    note(
        "not searched: texts and names in captions, and picture hashes that differ in a few bits, "
        "which an index does not cover"
    )
    return index


def the_case(folder: Path | None) -> Case:
    """The case a command works on. Raises CaseError when there is none."""
    return load_case(find_case(folder))


def no_dataset(purpose: str) -> DatasetError:
    """What is said where no data set is named; `purpose` is what it is wanted for."""
    return DatasetError(
        f"no data set to {purpose}: name its metadata files with --dataset",
        "how to get them (Re-LAION-5B first): optout datasets relaion5b",
    )


def note(text: str) -> None:
    """Progress, counts and hints go to stderr; stdout is for data."""
    click.echo(text, err=True)


def plural(number: int, noun: str) -> str:
    """A number with its noun, which takes an s for more than one.

    >>> plural(1, "row"), plural(2000, "row"), plural(2, "match")
    ('1 row', '2,000 rows', '2 matches')
    """
    ending = "es" if noun.endswith("ch") else "s"
    return f"{number:,} {noun}" + ("" if number == 1 else ending)


def print_json(rows: Iterable[dict[str, Any]]) -> None:
    """One object per line on stdout; no text in it reaches the terminal as a command."""
    from optout.report.formats import json_lines

    for line in json_lines(rows):
        click.echo(line, nl=False)


def wrote(path: Path | str, next_command: str = "") -> None:
    """How every command ends: what it wrote, and the next step."""
    note(f"wrote {path}" + (f" · next: {in_this_case(next_command)}" if next_command else ""))


def in_this_case(command: str) -> str:
    """A command of ours with the --case that was given to this one; other words as they are."""
    context = click.get_current_context(silent=True)
    folder = context.params.get("case_folder") if context else None
    if folder is None or not command.startswith("optout ") or " --case " in command:
        return command
    words, gap, rest = command.partition("   ")
    return f"{words} --case {shlex.quote(str(folder))}{gap}{rest}"


def not_yours(place: str) -> str:
    """What is said of a host[:port] that is not known to be the artist's."""
    from optout.protect.own_hosts import claim_command

    command = claim_command(place)
    return f"{place}: not yours to change" + (
        f"; if it is: {in_this_case(command)}" if command else ""
    )


def printable(text: str) -> str:
    """Text of strangers, safe for a terminal: control characters are shown, not obeyed.

    >>> printable("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
