"""Files by path → a folder that holds exactly these; what an earlier call made is replaced."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from crawler.whole import write_whole
from optout.errors import ProtectError

MANIFEST = "manifest.json"


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write `files` and a manifest with their sizes and hashes.

    Raises ProtectError when the folder holds something that an earlier call did not make; the
    user's own files are neither replaced nor removed.
    """
    made = _made_before(folder)
    for name in files:
        if (folder / name).exists() and name not in made:
            raise ProtectError(
                f"{folder / name} is there already and was not made by optout protect",
                "choose another folder with --out",
            )
    for name in sorted(made - set(files)):
        (folder / name).unlink(missing_ok=True)
    entries = {
        name: {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        for name, body in sorted(files.items())
    }
    manifest = json.dumps({"files": entries}, indent=2) + "\n"
    for name, body in (*files.items(), (MANIFEST, manifest.encode())):
        _write(folder / name, body)


def _made_before(folder: Path) -> set[str]:
    """Names in the manifest of an earlier call; only plain ones below the folder."""
    try:
        entries = json.loads((folder / MANIFEST).read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    names = (name for name in entries if isinstance(name, str))
    return {name for name in names if name and ".." not in Path(name).parts and name[0] != "/"}


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, body)
