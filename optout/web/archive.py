"""Files by name → one zip file as an answer; the same files give the same bytes."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from starlette.responses import Response, StreamingResponse

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip file knows
_IN_MEMORY = 8 * 2**20
_CHUNK = 2**16


def zip_response(name: str, files: Mapping[str, Path | bytes]) -> Response:
    """An answer that is saved as `name`, made on disk when it is large."""
    out = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 (closed by _sent)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside in sorted(files):
            info = zipfile.ZipInfo(inside, _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            _add(archive, info, files[inside])
    size = out.tell()
    out.seek(0)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(size)}
    return StreamingResponse(_sent(out), media_type="application/zip", headers=headers)


def _add(archive: zipfile.ZipFile, info: zipfile.ZipInfo, source: Path | bytes) -> None:
    if isinstance(source, bytes):
        archive.writestr(info, source)
        return
    with source.open("rb") as file, archive.open(info, "w", force_zip64=True) as inside:
        while chunk := file.read(_CHUNK):
            inside.write(chunk)


def _sent(out: tempfile.SpooledTemporaryFile[bytes] | IO[bytes]) -> Iterator[bytes]:
    with out:
        while chunk := out.read(_CHUNK):
            yield chunk
