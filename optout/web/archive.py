"""Files by name → one zip file as an answer; the same files give the same bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from starlette.responses import Response, StreamingResponse

from optout.zipped import write_zip

_IN_MEMORY = 8 * 2**20
_CHUNK = 2**16


def zip_response(name: str, files: Mapping[str, Path | bytes]) -> Response:
    """An answer that is saved as `name`, made on disk when it is large."""
    out = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 (closed by _sent)
    write_zip(out, files)
    size = out.tell()
    out.seek(0)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(size)}
    return StreamingResponse(_sent(out), media_type="application/zip", headers=headers)


def _sent(out: tempfile.SpooledTemporaryFile[bytes] | IO[bytes]) -> Iterator[bytes]:
    with out:
        while chunk := out.read(_CHUNK):
            yield chunk
