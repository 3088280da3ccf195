"""`optout demo`: the whole road with an invented artist, on this computer alone."""

from __future__ import annotations

import shutil
import threading
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optout.case import FILE, Case, create_case
from optout.commands.options import note, wrote
from optout.errors import CaseError

if TYPE_CHECKING:
    from optout.demo.server import Addresses

FOLDER = "optout-demo"
# What a demo leaves in its folder; only this is replaced by the next one.
MADE = (
    *("observations", "matches", "looked_at", "requests", "report.html", "decisions.db"),
    *("laion_demo.parquet", "register.db", "register.db-wal", "register.db-shm", "sent"),
    *("evidence", ".page"),
)
MARKER = "demo = true"
_HEAD = f"# Made by `optout demo`, which replaces what it made when it is run again.\n{MARKER}\n"

LOOPBACK = frozenset({"127.0.0.1", "localhost"})
# The crawl of a loopback server needs no patience, and both its hosts are private addresses.
CRAWL: dict[str, Any] = {
    "delay": 0.01,
    "no_autothrottle": True,
    "allow_private": True,
    "pages_only": False,
    "headers_only": False,
    "keep_images": True,
    "warc": False,
    "owned": (),
}


@click.command("demo")
@click.option(
    "--case",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=FOLDER,
    help=f"Where to put the demo (default: ./{FOLDER}; an earlier demo is replaced).",
)
@click.option("--keep-serving", is_flag=True, help="Leave the invented site running to look at.")
def command(folder: Path, keep_serving: bool) -> int:
    """Try everything with an invented artist's site and data set; nothing leaves this computer.

    \b
    Example:
      optout demo
    Serves a small site on 127.0.0.1, scans it, searches a bundled file shaped like Re-LAION-5B,
    and writes request lists and a report into the folder.
    """
    from optout.commands.run import all_steps
    from optout.demo.server import serving

    make_room(folder)
    with serving() as where:
        note(f"an invented artist's site at {where.site}, her pictures at {where.cdn}")
        case = make_case(folder, where)
        dataset = str(folder / "laion_demo.parquet")
        failed = all_steps(case, [dataset], CRAWL, look=_look)
        wrote(case.report, "open it in your browser")
        if keep_serving:
            _wait(where)
    return 1 if failed else 0


def _look(case: Case) -> None:
    """Compare what the invented site serves; no other address is asked for."""
    from optout.report.looked import missing

    if missing():
        note(
            f'  left out: it needs pip install ".[vision]" in the folder of the program '
            f"({missing()} not installed)"
        )
        return
    from optout.commands.compare import VERDICTS
    from optout.looking.run import look_at_case

    looked = look_at_case(case, allow_private=True, only=LOOPBACK, delay=0)
    for verdict in VERDICTS:
        if looked.verdicts.get(verdict):
            note(f"  {verdict}: {looked.verdicts[verdict]}")


def make_room(folder: Path) -> None:
    """Remove what an earlier demo left in `folder`. Raises CaseError for any other full folder."""
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not is_demo(folder / FILE):
        raise CaseError(
            f"{folder} is not empty and not an earlier demo",
            "choose another folder: optout demo --case FOLDER",
        )
    for name in (*MADE, FILE):
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def make_case(folder: Path, where: Addresses) -> Case:
    """The invented artist's case and the data set beside it, for the addresses served."""
    from optout.demo.dataset import FILE as DATASET
    from optout.demo.dataset import planted, write_dataset

    facts = planted()
    case = create_case(
        folder,
        [f"{where.site}/"],
        names=[facts["artist"]],
        hosts=facts["declared_hosts"],
        contact="studio@tuva-lindqvarn.example",
    )
    path = folder / FILE
    path.write_text(_HEAD + path.read_text("utf-8"), "utf-8")
    write_dataset(folder / DATASET, where)
    return case


def is_demo(path: Path) -> bool:
    """Whether the optout.toml at `path` was made by a demo."""
    try:
        return tomllib.loads(path.read_text("utf-8")).get("demo") is True
    except (OSError, ValueError):
        return False


def _wait(where: Addresses) -> None:
    try:
        note(f"{where.site} stays until you press Ctrl+C")
        threading.Event().wait()
    except KeyboardInterrupt:
        note("the demo site is closed")
