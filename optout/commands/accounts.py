"""`optout accounts`: the artist's platform accounts, what is looked for there, what to bring."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.commands.options import case_option, json_option, note, the_case, wrote
from optout.errors import FetchError

if TYPE_CHECKING:
    from optout.accounts import FetchResult
    from optout.accounts.places import Place
    from optout.case import Case


@click.command("accounts")
@click.argument("fetch", required=False, type=click.Choice(["fetch"]))
@click.argument("platform", required=False)
@case_option
@json_option
@click.option("--base-url", default="", help="Ask this server instead of the platform's own.")
@click.option(
    "--max-pages",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="Pages of posts read of each account.",
)
@click.option(
    "--delay",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Seconds between two questions to a server.",
)
def command(
    fetch: str | None,
    platform: str | None,
    case_folder: Path | None,
    as_json: bool,
    base_url: str,
    max_pages: int,
    delay: float,
) -> None:
    """List your platform accounts: what is looked for there, and what you can bring.

    With `fetch`, the images of your Bluesky and Mastodon accounts are read through their public
    APIs and recorded as a run; of the other platforms you bring your own export. With --json one
    object per line: platform, name, host, id, looked_for, advice, bring, api, terms, confidence,
    source, checked; after `fetch`: platform, name, host, id, posts, pictures, not_understood,
    complete, problem.

    \b
    Example:
      optout accounts
      optout accounts fetch bluesky
    """
    case = the_case(case_folder)
    if fetch:
        _fetch(case, platform or "", as_json, base_url, max_pages, delay)
    elif platform:
        raise click.UsageError("write: optout accounts fetch PLATFORM")
    else:
        _list(case, as_json)


def _list(case: Case, as_json: bool) -> None:
    from optout.accounts import account_places, platforms

    places = account_places(case)
    for place in places:
        if as_json:
            click.echo(json.dumps(_record(place), ensure_ascii=False))
        else:
            _print(place)
    if not places:
        note(
            f"no account is named in {case.folder / 'optout.toml'}; under [where] write for example"
        )
        note('  accounts = [{ platform = "tumblr", name = "your-name" }]')
        note(f"known platforms: {', '.join(platforms())}")
    elif not as_json:
        note("next: optout accounts fetch, or optout match --dataset SPEC")


def _record(place: Place) -> dict[str, Any]:
    account, platform = place.account, place.platform
    return {
        "platform": account.platform,
        "name": account.name,
        "host": account.host,
        "id": account.id,
        "looked_for": list(place.looked_for),
        "advice": place.advice,
        "bring": platform.bring if platform else None,
        "api": bool(platform and platform.api),
        "terms": platform.terms if platform else None,
        "confidence": platform.confidence if platform else None,
        "source": platform.source if platform else None,
        "checked": platform.checked.isoformat() if platform else None,
    }


def _print(place: Place) -> None:
    from optout.accounts.places import written

    click.echo(_plain(written(place.account)))
    for words in place.looked_for:
        click.echo(f"    looked for: {_plain(words)}")
    if place.advice:
        click.echo(f"    not looked for by address: {_plain(place.advice)}")
    if place.platform:
        row = place.platform
        click.echo(f"    bring: {row.bring}")
        checked = f"{row.confidence}, gone over {row.checked.isoformat()}"
        click.echo(f"    terms: {row.terms} ({checked}; {row.source})")


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _fetch(
    case: Case, platform: str, as_json: bool, base_url: str, max_pages: int, delay: float
) -> None:
    from optout.accounts import FetchOptions, fetch_accounts

    if base_url and not platform:
        raise click.UsageError("--base-url needs the platform: optout accounts fetch PLATFORM")
    options = FetchOptions(base_url, max_pages, delay, tell=lambda text: note(_plain(text)))
    result = fetch_accounts(case, platform, options)
    _report(result, as_json)
    if result.run:
        wrote(result.run, "optout match --dataset SPEC")
    if result.failed:
        raise _failure(result)


def _report(result: FetchResult, as_json: bool) -> None:
    from optout.accounts.places import written

    for account, reading in result.read:
        if as_json:
            counts = {"posts": reading.posts, "pictures": len(reading.pictures)}
            rest = {"not_understood": reading.odd, "complete": not reading.more, "problem": None}
            _print_json(account, reading.id, counts | rest)
            continue
        click.echo(
            f"{written(account)}: pictures {len(reading.pictures)} · posts {reading.posts}"
            + (f" · {reading.odd} entries not understood" if reading.odd else "")
            + (" · cut short, raise --max-pages" if reading.more else "")
        )
    for account, error in result.failed if as_json else ():
        nothing = dict.fromkeys(("posts", "pictures", "not_understood"))
        _print_json(account, account.id, nothing | {"complete": False, "problem": error.message})


def _print_json(account: Any, identifier: str, rest: dict[str, Any]) -> None:
    names = {key: getattr(account, key) for key in ("platform", "name", "host")}
    click.echo(json.dumps({**names, "id": identifier, **rest}, ensure_ascii=False))


def _failure(result: FetchResult) -> FetchError:
    """The first account that could not be read, in one sentence."""
    from optout.accounts.places import written

    account, error = result.failed[0]
    more = f" (and {len(result.failed) - 1} more)" if len(result.failed) > 1 else ""
    kept = "; the other accounts were recorded" if result.run else "; nothing was recorded"
    return FetchError(f"{written(account)}: {error.message}{more}{kept}", error.hint)
