"""The command line: reads arguments, calls one function, says what was written and what is next."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from optout import __version__
from optout.errors import OptoutError

# In the order a newcomer meets them; each module holds one click command of the same name.
COMMANDS = (
    "demo",
    "serve",
    "run",
    "init",
    "crawl",
    "add",
    "accounts",
    "history",
    "datasets",
    "index",
    "match",
    "embed",
    "similar",
    "lineage",
    "attribute",
    "confirm",
    "reject",
    "requests",
    "evidence",
    "register",
    "prove",
    "report",
    "protect",
    "show",
    "signals",
    "ledger",
    "audit",
    "lint",
    "compare",
    "evaluate",
    "urlkey",
    "members",
    "explore",
    "diff",
)

START = """\
optout: which of my images are listed in LAION-family data sets, what do my sites tell crawlers,
and what can I send to whom?

Begin with a try that needs nothing:   optout demo
On a page in your browser:             optout serve
With your own site:                    optout run https://your-site.example
All commands:                          optout --help
"""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"optout.commands.{cmd_name}").command
        return command


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="optout")
@click.pass_context
def _group(ctx: click.Context) -> None:
    """Scan an artist's sites, look their images up in LAION-family data, prepare opt-out requests.

    \b
    Example:
      optout run https://your-site.example --dataset relaion/part-*.parquet
    """
    if ctx.invoked_subcommand is None:
        click.echo(START, nl=False)


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 done, 1 a problem told in one sentence, 2 wrong usage, 3 (with --exit-code) something
    changed since the last run, or loses protection (lint). Any other exception is a bug and keeps
    its traceback.
    """
    try:
        result = _group.main(args=args, prog_name="optout", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; what was gathered is kept", err=True)
        return 130
    except OptoutError as error:
        return _tell(error.message, error.hint)
    except BrokenPipeError:
        # The reader of our output (head, less) has gone; nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        return _tell(f"{error.strerror or error}{where}", "free some space or check the folder")


def _tell(message: str, hint: str) -> int:
    click.echo(f"optout: {message}", err=True)
    if hint:
        click.echo(f"hint: {hint}", err=True)
    return 1
