"""What the page asks of the rest of the program, in one place: each function is one command's.

Nothing is computed here. Where the commands change, this is what follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.case import Case

if TYPE_CHECKING:
    from optout.protect.plan import Plan


# --- optout init, optout.toml ---


def new_case(folder: Path, names: Sequence[str], contact: str) -> Case:
    """A case in `folder`. Raises CaseError (there is one already, it cannot be written)."""
    from optout.case import create_case

    return create_case(folder, [], names=list(names), contact=contact)


def sites(lines: Sequence[str]) -> list[str]:
    """Addresses as typed → site roots. Raises CrawlError for one that is none."""
    from optout.crawling import site_root

    return list(dict.fromkeys(site_root(line) for line in lines))


def check_datasets(specs: Sequence[str]) -> None:
    """Raises DatasetError for files that cannot be searched."""
    from optout.commands.run import check_datasets as check

    check(specs)


def add_pictures(case: Case, path: Path) -> int:
    """`optout add`: how many images the list or folder names. Raises CaseError."""
    from optout.listing import add_list

    return add_list(case, path)[1]


# --- optout run ---


def crawl_choices(choices: dict[str, Any]) -> dict[str, Any]:
    """Choices of a check → the options of `optout run`."""
    from optout.commands.demo import CRAWL

    own: dict[str, Any] = {
        "keep_images": bool(choices["keep_images"]),
        "allow_private": bool(choices["allow_private"]),
        "owned": tuple(choices["owned"]),
    }
    if choices["demo"]:
        return CRAWL | {"keep_images": own["keep_images"]}
    plain = {"no_autothrottle": False, "pages_only": False, "headers_only": False, "warc": False}
    return plain | own | {"delay": choices["delay"]}


def is_demo(case: Case) -> bool:
    """Whether the case is the invented artist's."""
    from optout.case import FILE
    from optout.commands.demo import is_demo as marked

    return marked(case.folder / FILE)


# --- optout evidence, of one row ---


def not_looked_at(match: dict[str, Any]) -> str:
    """Why the picture of a data set's row is never asked for; "" where it may be."""
    from optout.evidence_pack.refused import not_looked_at as refused

    return refused(match) or ""


# --- optout protect ---


def protect_plan(case: Case) -> Plan:
    """What `optout protect` would write. Raises ProtectError where nothing has been crawled."""
    from optout.database import open_case
    from optout.protect.plan import make_plan
    from optout.protect.reservation import choose
    from optout.protect.situation import situation

    with open_case(case) as connection:
        found = situation(connection, case, ())
    return make_plan(found, case.as_of(), choose(()))


def protect_files(plan: Plan) -> dict[str, bytes]:
    """All files of the folder that `optout protect` writes, by path."""
    from optout.protect.written import all_files

    return all_files(plan)


# --- optout confirm, optout reject ---


def say_of_matches(case: Case, match_ids: Sequence[str], verdict: str) -> int:
    """Record confirmed or rejected for matches of the case that are not so already; how many.

    Raises CaseError when one of them is none of the case's.
    """
    from optout.commands.confirm import chosen_matches
    from optout.decisions import confirm, decisions, reject

    if not match_ids:
        return 0
    said = decisions(case)
    known = chosen_matches(case, tuple(match_ids), ())
    fresh = [i for i in known if i not in said or said[i].verdict != verdict]
    if fresh:
        {"confirmed": confirm, "rejected": reject}[verdict](case, fresh)
    return len(fresh)


def words_on_hosts(case: Case) -> dict[str, str]:
    """Host → licensed or known, where the user said so. Raises CaseError."""
    from optout.decisions import known_hosts

    words = {"licensed": "licensed", "confirmed": "known"}
    return {host: words[said.verdict] for host, said in known_hosts(case).items()}


def say_of_host(case: Case, host: str, verdict: str) -> None:
    """Record that a host is licensed or known, unless it is so already. Raises CaseError."""
    from optout.decisions import known_host, licensed_host

    said = words_on_hosts(case).get(host.strip().rstrip(".").lower())
    if host.strip() and said != verdict:
        {"licensed": licensed_host, "known": known_host}[verdict](case, host)
