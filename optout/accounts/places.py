"""The accounts of a case → which addresses lie in them, and which accounts have none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from optout.accounts.platforms import Look, Platform, platforms
from optout.case import Account, Case, read_summary
from optout.identity import identify, twin
from optout.matching.declared import Declared, NotSearched


@dataclass(frozen=True, slots=True)
class Place:
    """What one account of the case turns into."""

    account: Account  # completed by what a fetch has learnt, and in the platform's spelling
    platform: Platform | None  # None where the table does not know it
    looked_for: tuple[str, ...]  # in words, e.g. "mira.tumblr.com"
    declared: tuple[Declared, ...]
    advice: str  # why nothing is looked for, and what to do; "" where something is


def account_places(case: Case) -> list[Place]:
    """Every account of `case`, in the order written. Raises CaseError for a damaged run."""
    learnt = _learnt(case)
    accounts = dict.fromkeys(_completed(account, learnt) for account in case.accounts)
    return [_place(account) for account in accounts]


def searched(case: Case) -> tuple[list[Declared], list[NotSearched]]:
    """For the search: the places in the form of declared hosts, and the accounts without any."""
    places = account_places(case)
    declared = [one for place in places for one in place.declared]
    left_out = [NotSearched(written(p.account), p.advice) for p in places if p.advice]
    return list(dict.fromkeys(declared)), left_out


def written(account: Account) -> str:
    """An account as it is named to people.

    >>> written(Account("mastodon", "mira", "art.example"))
    'mastodon account mira@art.example'
    """
    name = account.name or account.id
    return f"{account.platform} account {name}{'@' if account.host else ''}{account.host}"


def spelled(account: Account) -> Account:
    """The account as its platform writes it: `@mira@art.example` is mira at art.example."""
    name, host = account.name.strip().removeprefix("@"), account.host
    if account.platform.lower() == "mastodon":
        name, at, server = name.partition("@")
        host = host or (server if at else "")
    server = re.sub(r"^(?:[a-z]+:)?//", "", host.strip(), flags=re.I)
    host = (identify(f"//{server}").lossless or "").partition("/")[0]
    return replace(account, platform=account.platform.lower(), name=name.lower(), host=host)


def _completed(account: Account, learnt: dict[tuple[str, str, str], str]) -> Account:
    account = spelled(account)
    return replace(account, id=account.id or learnt.get(_key(account), ""))


def _key(account: Account) -> tuple[str, str, str]:
    return account.platform, account.name, account.host


_KEYS = ("platform", "name", "host", "id")


def _learnt(case: Case) -> dict[tuple[str, str, str], str]:
    """Identifiers that earlier fetches were told by the platforms; the latest word counts."""
    learnt: dict[tuple[str, str, str], str] = {}
    for run in case.runs() if case.accounts else ():
        summary = read_summary(run)
        accounts = summary.get("accounts") if summary.get("source") == "API" else None
        for entry in accounts if isinstance(accounts, list) else ():
            known = entry if isinstance(entry, dict) else {}
            account = Account(*(str(known.get(key) or "") for key in _KEYS))
            learnt[_key(account)] = account.id
    return learnt


def _place(account: Account) -> Place:
    platform = platforms().get(account.platform)
    if platform is None:
        known = ", ".join(platforms())
        advice = f"not a platform this program knows ({known}); bring a list: optout add FILE"
        return Place(account, None, (), (), advice)
    problem = _problem(account, platform)
    if problem:
        return Place(account, platform, (), (), problem)
    declared = [one for look in platform.look for one in _declared(account, look)]
    shown = tuple(_shown(account, look) for look in platform.look)
    return Place(account, platform, shown, tuple(declared), "")


def _problem(account: Account, platform: Platform) -> str:
    """Why the account gives nothing to look for, with the next step; "" when it does."""
    if not platform.look:
        return f"{platform.none}; {platform.bring}"
    for part, pattern, words in (
        ("name", platform.name, platform.name_is),
        ("id", platform.id, platform.id_is),
    ):
        value = getattr(account, part)
        if platform.needs(part) and not (pattern and pattern.fullmatch(value)):
            return f"give {part} = {words}" if not value else f"{part} is {words}; not {value[:60]}"
    if platform.needs("host") and "." not in account.host:
        return f"give {platform.host_is}"
    return ""


def _declared(account: Account, look: Look) -> list[Declared]:
    host = _filled(look.host, account, look)
    names = [host] if look.below or look.text else [host, twin(host) or host]
    path = _filled(look.path, account, look, escape=True)
    about = f"{written(account)}: {_shown(account, look)}"
    return [
        Declared(
            about,
            *server.partition(":")[::2],
            below=look.below,
            account=True,
            shape=re.compile(path, re.I) if path else None,
            literal=_filled(look.text, account, look),
        )
        for server in dict.fromkeys(names)
    ]


def _shown(account: Account, look: Look) -> str:
    return _filled(look.shown or look.host, account, look)


def _filled(text: str, account: Account, look: Look, *, escape: bool = False) -> str:
    for part, value in _parts(account, look):
        text = text.replace(f"{{{part}}}", re.escape(value) if escape else value)
    return text


def _parts(account: Account, look: Look) -> Iterator[tuple[str, str]]:
    name = account.name
    for characters, replacement in look.in_name:
        name = name.replace(characters, replacement)
    yield "name", name
    yield "host", account.host
    yield "id", account.id
    yield "id_end", account.id.rpartition(":")[2]
