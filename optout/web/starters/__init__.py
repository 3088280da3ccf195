"""This program and a case → a file that opens the page by a double click.

That for Linux was tried; those for macOS and Windows were written from their documentation only.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from optout.errors import CaseError


def write_starter(folder: Path, case: Path, system: str = sys.platform) -> Path:
    """Write the starter for `system` (as sys.platform names it) into `folder`; its path.

    An earlier starter is replaced. Raises CaseError when the folder cannot be written.
    """
    name, quote, end = _KINDS.get(system, _KINDS["linux"])
    words = [sys.executable, "-m", "optout", "serve", "--case", str(case.resolve())]
    template = (resources.files(__package__) / name).read_text("utf-8")
    text = template.replace("{{command}}", " ".join(map(quote, words))).replace("\n", end)
    path = folder / name
    try:
        path.write_bytes(text.encode("utf-8"))
        path.chmod(0o755)
    except OSError as error:
        raise CaseError(
            f"cannot write {path}: {error.strerror or error}", "name a folder you may write to"
        ) from error
    return path


def _in_desktop_entry(word: str) -> str:
    """An argument of Exec (Desktop Entry Specification 1.5, "The Exec key").

    >>> print(_in_desktop_entry("/a $b/100%"))
    "/a \\\\$b/100%%"
    """
    if word.replace("/", "").replace(".", "").replace("-", "").replace("_", "").isalnum():
        return word
    quoted = "".join(f"\\{c}" if c in '"`$\\' else c for c in word)
    # The value is a string too, in which a backslash is written twice.
    return '"' + quoted.replace("\\", "\\\\").replace("%", "%%") + '"'


def _in_batch(word: str) -> str:
    return '"' + word.replace("%", "%%") + '"' if " " in word or "%" in word else word


# File, how one word of a command is written in it, line end.
_KINDS: dict[str, tuple[str, Callable[[str], str], str]] = {
    "linux": ("optout.desktop", _in_desktop_entry, "\n"),
    "darwin": ("optout.command", shlex.quote, "\n"),
    "win32": ("optout.bat", _in_batch, "\r\n"),
}
