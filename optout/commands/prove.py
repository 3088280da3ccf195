"""`optout prove`: show, dated, that a site is in your hands."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from optout.commands.options import (
    case_option,
    in_this_case,
    json_option,
    note,
    printable,
    the_case,
)
from optout.errors import CaseError, FetchError


def _server(
    ctx: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[str, int] | None:
    """127.0.0.1 or 127.0.0.1:5353 → address and port."""
    if not value:
        return None
    host, _, port = value.partition(":") if value.count(":") == 1 else (value, "", "")
    if port and not (port.isdecimal() and 0 < int(port) < 65536):
        raise click.BadParameter("write an address, or an address and a port: 127.0.0.1:53")
    return host, int(port or 53)


@click.command("prove")
@click.argument("site", required=False, metavar="[SITE]")
@click.option("--nameserver", callback=_server, metavar="IP", help="Ask this DNS server.")
@click.option("--allow-private", is_flag=True, help="The site may be at a private address.")
@case_option
@json_option
def command(
    site: str | None,
    nameserver: tuple[str, int] | None,
    allow_private: bool,
    case_folder: Path | None,
    as_json: bool,
) -> None:
    """Show that a site is in your hands, by a small file or a DNS record with a token.

    The first time it says what to place where; then it looks, and records what it saw with the
    time. Letters can cite it. Without SITE it lists what was shown. --json prints host, method,
    place, first_shown, last_shown, sha256 and sentence.

    \b
    Example:
      optout prove mira.example
    """
    from optout.control import proofs

    case = the_case(case_folder)
    host = _look(case_folder, site, nameserver, allow_private) if site else ""
    for proof in proofs(case):
        if site and proof.host != host:
            continue
        said = asdict(proof) | {"sentence": proof.sentence}
        click.echo(json.dumps(said) if as_json else proof.sentence)
    if not site and not proofs(case):
        note("nothing was shown yet · next: " + in_this_case("optout prove SITE"))


def _look(
    case_folder: Path | None, text: str, nameserver: tuple[str, int] | None, allow_private: bool
) -> str:
    """Make the token or look for it; the site's host. Raises FetchError, CaseError."""
    from crawler.policy import Reach, started_private
    from crawler.urls import host_of
    from optout.check import absolute
    from optout.control import places, prove, token_of

    case, site = the_case(case_folder), absolute(text)
    if site is None:
        raise FetchError(f"{text[:100]!r} is no address of a site", "optout prove mira.example")
    token, new = token_of(case, site)
    if new:
        _instruct(places(site, token), token)
        note("then: " + in_this_case(f"optout prove {text}"))
        return host_of(site)
    reach = Reach(started_private([host_of(site)]), allow_private)
    looks = prove(case, site, reach, nameserver=nameserver)
    if looks[-1].outcome == "shown":
        return host_of(site)
    for one in looks:
        note(printable(f"  {one.place}: {one.detail}"))
    _instruct(places(site, token), token)
    raise CaseError(f"{host_of(site)} does not show the token", "place it, then try again")


def _instruct(where: tuple[str, str, str], token: str) -> None:
    from optout.control.looking import text_of

    note(f"place this line: {text_of(token)}")
    note(f"  as a text file at {where[0]}")
    note(f"  or at {where[1]}")
    note(f"  or as a TXT record of {where[2]}")
