"""Parts of remote files ↔ a folder on disk that stays under a size: the oldest used go first.

One file is one part as it was read: a digest of the bytes, then the bytes. What is damaged or
half-written counts as absent. fsspec's caches know no limit, HTTP caches no parts.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
from pathlib import Path

from optout.errors import DatasetError

LIMIT = 2 * 10**9  # bytes
_LONGEST = 16 * 2**20  # of one part; a scan of whole files would only push out what is used again
_SPARE = 10  # prune when a tenth over the limit has been written
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_DIGEST = 32  # bytes of SHA-256


class Cache:
    """The cache of this user (OPTOUT_CACHE, else the system's place for caches)."""

    def __init__(self, limit: str | None = None) -> None:
        """`limit` is a size; None is OPTOUT_CACHE_LIMIT, else 2 GB. "0" keeps nothing."""
        self.limit = size_limit(
            os.environ.get("OPTOUT_CACHE_LIMIT", "") if limit is None else limit
        )
        self.folder = cache_folder() / "remote"
        self._written = 0
        self._lock = threading.Lock()

    def get(self, key: str, length: int) -> bytes | None:
        """The `length` bytes kept under `key`; None where they are not, or not whole."""
        if not self.limit:
            return None
        path = self._path(key)
        try:
            kept = path.read_bytes()
        except OSError:
            return None
        body = kept[_DIGEST:]
        if len(body) != length or hashlib.sha256(body).digest() != kept[:_DIGEST]:
            _remove(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # used now
        return body

    def put(self, key: str, body: bytes) -> None:
        """Keep `body`, if it is not too long and the disk has room; never an error."""
        if len(body) > min(_LONGEST, self.limit):
            return
        path = self._path(key)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(body).digest() + body)
                Path(name).replace(path)
            except OSError:
                _remove(Path(name))
                raise
        with self._lock:
            self._written += len(body)
            full = self._written > max(self.limit // _SPARE, _LONGEST)
        if full:
            self.prune()

    def prune(self) -> None:
        """Remove what was used longest ago, until the rest is within the limit."""
        with self._lock:
            if not self._written:
                return
            self._written = 0
            found = sorted(_parts(self.folder))
            total = sum(size for _, size, _ in found)
            for _, size, path in found:
                if total <= self.limit:
                    break
                _remove(path)
                total -= size

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / name[:2] / name


def cache_folder() -> Path:
    """OPTOUT_CACHE, else optout/ in the user's folder for caches."""
    own = os.environ.get("OPTOUT_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "optout"


def size_limit(text: str) -> int:
    """Bytes that `text` names. Raises DatasetError where it names none.

    >>> size_limit("500 MB"), size_limit("0")
    (500000000, 0)
    """
    words = text.strip().upper()
    if not words:
        return LIMIT
    number = words.rstrip("BKMGT ")
    try:
        return max(0, int(float(number) * _UNITS[words[len(number) :].strip()]))
    except (ValueError, KeyError, OverflowError) as error:
        raise DatasetError(
            f"{text!r} is no size for the cache", "write it like 500 MB, 2 GB or 0"
        ) from error


def _parts(folder: Path) -> list[tuple[int, int, Path]]:
    """Time of last use, size and place of everything kept, also what a kill left half-written."""
    found = []
    for path in folder.glob("??/*"):
        with contextlib.suppress(OSError):
            info = path.stat()
            found.append((info.st_mtime_ns, info.st_size, path))
    return found


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
