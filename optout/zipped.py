"""Files by name → a zip file; the same files at the same time give the same bytes."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)  # that a zip file knows
_CHUNK = 2**16  # bytes of a file held at once


def write_zip(
    out: IO[bytes],
    files: Mapping[str, Path | bytes],
    *,
    made_at: datetime = _EARLIEST,
    mode: int = 0o600,
    stored: bool = False,
) -> None:
    """Zip `files` in the order of their names, each with the time `made_at` (aware) and `mode`.

    `stored`: not compressed. Raises OSError for a file that cannot be read and a full disk.
    """
    packed = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(out, "w", packed) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, made_at.astimezone(UTC).timetuple()[:6])
            entry.compress_type = packed
            entry.create_system = 3  # Unix, whatever machine makes it
            entry.external_attr = mode << 16
            _add(archive, entry, files[name])


def _add(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, source: Path | bytes) -> None:
    if isinstance(source, bytes):
        archive.writestr(entry, source)
        return
    with source.open("rb") as file, archive.open(entry, "w", force_zip64=True) as inside:
        while chunk := file.read(_CHUNK):
            inside.write(chunk)
