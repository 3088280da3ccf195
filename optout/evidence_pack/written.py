"""The files of a pack → a folder and a zip with the same content; each is whole or absent."""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from optout.errors import CaseError
from optout.zipped import write_zip


def write(folder: Path, files: dict[str, bytes], made_at: datetime) -> Path:
    """Write `files` as `folder` and `folder`.zip; the zip's path.

    Raises CaseError where such a pack is there already (none is ever overwritten) or the disk is
    full.
    """
    archive = folder.with_name(f"{folder.name}.zip")
    if folder.exists() or archive.exists():
        raise CaseError(f"{folder} is there already", "wait a second, then try again")
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    beside_zip = beside.with_suffix(".zip.partial")
    try:
        for name, body in files.items():
            path = beside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        with beside_zip.open("wb") as out:
            pack(out, folder.name, files, made_at)
        beside.rename(folder)
        beside_zip.rename(archive)
    except OSError as error:
        raise CaseError(
            f"cannot write {folder}: {error.strerror or error}",
            "free some space or check the folder, then try again",
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        beside_zip.unlink(missing_ok=True)
    return archive


def pack(out: BinaryIO, name: str, files: dict[str, bytes], made_at: datetime) -> None:
    """Zip `files` in one folder `name`. The same files at the same time give the same bytes.

    Stored, not compressed: what is large in it is compressed already, and the page that verifies
    a pack can read it without a library.
    """
    inside = {f"{name}/{file}": body for file, body in files.items()}
    write_zip(out, inside, made_at=made_at, mode=0o100644, stored=True)
