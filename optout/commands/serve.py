"""`optout serve`: the page for people who use no command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path

import click

from optout.case import DEFAULT_FOLDER, FILE, find_case, load_case
from optout.commands.options import note, wrote
from optout.errors import CaseError

_NEEDS = ("starlette", "uvicorn", "tomlkit")


@click.command("serve")
@click.option(
    "--case",
    "case_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"The case folder (default: this folder, else ./{DEFAULT_FOLDER}, made when missing).",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port (default: a free one)."
)
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option("--demo", is_flag=True, help="Try the page with the invented artist.")
@click.option(
    "--starter",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Only write a file into this folder that opens the page by a double click.",
)
def command(
    case_folder: Path | None, port: int, no_browser: bool, demo: bool, starter: Path | None
) -> None:
    """Open a page in your browser that leads from your sites to letters, on this computer alone.

    \b
    Example:
      optout serve
      optout serve --demo
    The address works once and for one browser; the page answers nobody else. Press Ctrl+C to end;
    everything is in the case folder, and the next optout serve goes on there.
    """
    from optout.web.serve import serve

    missing = [name for name in _NEEDS if find_spec(name) is None]
    if missing:
        raise CaseError(
            f"the page needs {' and '.join(missing)}",
            'install it: pip install ".[page]" in the folder of the program',
        )
    if starter:
        from optout.web.starters import write_starter

        wrote(write_starter(starter, _folder(case_folder)), "open it by a double click")
        return
    with _demo(case_folder) if demo else nullcontext(_folder(case_folder)) as folder:
        serve(folder, port, note, lambda address: _show(address, not no_browser))


def _folder(named: Path | None) -> Path:
    """The case there is, else where a new one will be."""
    try:
        return find_case(named)
    except CaseError:
        return named or Path(DEFAULT_FOLDER)


@contextmanager
def _demo(named: Path | None) -> Iterator[Path]:
    """The invented artist's case with her site running; an earlier one is gone on with."""
    from optout.commands.demo import FOLDER, is_demo, make_case, make_room
    from optout.demo.dataset import FILE as DATASET
    from optout.demo.server import serving
    from optout.editing import edit_case
    from optout.web.serve import is_open

    folder = named or Path(FOLDER)
    if is_open(folder):
        yield folder
        return
    with serving() as where:
        if not is_demo(folder / FILE) or load_case(folder).sites != (f"{where.site}/",):
            make_room(folder)
            case = make_case(folder, where)
            edit_case(case, {"datasets": {"search": [str((folder / DATASET).resolve())]}})
        note(f"an invented artist's site at {where.site}, her pictures at {where.cdn}")
        yield folder


def _show(address: str, browser: bool) -> None:
    """The address is data (stdout); the browser is opened beside."""
    click.echo(address)
    if browser:
        import threading
        import webbrowser

        # A browser of the terminal would keep us waiting, and the page with us.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
