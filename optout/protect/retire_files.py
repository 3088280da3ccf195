"""A Retirement → rules for each server, lists of renames and of places in pages, RETIRE.txt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from optout.cells import csv_file
from optout.protect.reservation import Server
from optout.protect.retire import Gone, Retirement
from optout.protect.situation import folder_name
from optout.protect.texts import octets, text
from optout.requests.plain import cell

_LONGEST = 4000  # octets of one pattern: nginx takes no longer word in a configuration


def retire_files(found: Retirement, servers: Sequence[Server]) -> dict[str, bytes]:
    """Path below the folder → bytes. The same retirement gives the same bytes."""
    files: dict[str, bytes] = {}
    used = [server for server in servers if server.gone]
    for place in found.places:
        folder = f"{folder_name(place)}/retire"
        # http and https are one server: one rule for both.
        entries = list({(o.path, o.query): o for o in found.at(place) if fits(o)}.values())
        for server in used:
            body = text(server.template_gone, gone=entries)
            files[f"{folder}/{server.gone}"] = body.encode()
        addresses = "".join(f"{one.url}\n" for one in found.at(place))
        files[f"{folder}/listed.txt"] = addresses.encode()
        renames = [(r.old, r.new) for r in found.renames if r.place == place]
        files[f"{folder}/renames.csv"] = _csv(("old path", "new path"), renames)
    rows = [(m.page_url, m.where, m.written, m.instead) for m in found.mentions]
    files["retire-pages.csv"] = _csv(("page", "where", "written there", "write instead"), rows)
    too_long = [one.url for one in found.gone if not fits(one)]
    files["RETIRE.txt"] = text(
        "RETIRE.txt.j2", found=found, servers=used, too_long=too_long, folder_name=folder_name
    ).encode()
    return files


def fits(one: Gone) -> bool:
    """Whether every server can be told of it."""
    return len(octets(one.path)) + len(octets(one.query.encode())) < _LONGEST


def _csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """For a spreadsheet: no cell of strangers' text becomes a formula."""
    return csv_file([head, *([cell(value) for value in row] for row in rows)])
