"""A folder of picture files → tagged copies in another one; each file succeeds or fails alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from crawler.whole import write_whole
from optout.errors import ProtectError
from optout.protect.tagging import avif, jpeg, png, readback, tiff, webp, xmp
from optout.protect.tagging.values import FileProblem, uri

MOST_BYTES = 512 * 2**20
Rewrite = Callable[[bytes, Callable[[bytes | None], bytes]], bytes]
# First bytes → how the container is changed; what is known and cannot be changed says so.
_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".avif"}
    | {".gif", ".heic", ".heif", ".bmp", ".jxl", ".psd", ".svg"}
)


@dataclass(frozen=True, slots=True)
class Tagged:
    """What became of one file."""

    name: str  # relative to the folder looked through, with "/"
    copy: Path | None  # None where there is none
    before: str | None = None  # what it said until now
    problem: str = ""  # why there is no copy: a clause

    @property
    def tagged(self) -> bool:
        return self.copy is not None


def tag_folder(source: Path, target: Path, value: str) -> Iterator[Tagged]:
    """Copy every picture below `source` to the same name below `target`, saying `value`.

    Files in the order of their names; other files are passed over. The originals are only read.
    Raises ProtectError when there is no such folder, or when copies would land among originals.
    """
    if not source.is_dir():
        raise ProtectError(f"{source} is no folder", "name a folder of picture files")
    if target.resolve() == source.resolve() or source.resolve() in target.resolve().parents:
        raise ProtectError(
            f"copies would be written into {source}, among the originals",
            "choose another folder with --out",
        )
    for path in sorted(p for p in source.rglob("*") if p.suffix.lower() in _SUFFIXES):
        name = path.relative_to(source).as_posix()
        if path.is_dir():
            continue
        try:
            before, data = _with_tag(path, uri(value))
        except FileProblem as problem:
            yield Tagged(name, None, problem=str(problem))
            continue
        copy = target / name
        _write(copy, data)
        yield Tagged(name, copy, before)


def _with_tag(path: Path, value: str) -> tuple[str | None, bytes]:
    """What the file said before, and its bytes with the tag, read back and compared."""
    data = _read(path)
    rewrite = _container(data)
    before = readback.data_mining(data)
    if before == value:
        return before, data
    changed = rewrite(data, lambda packet: xmp.with_tag(packet, value))
    if readback.data_mining(changed) != value:
        raise FileProblem("the tag could not be read back from the copy")
    if readback.pixels(data) != readback.pixels(changed):
        raise FileProblem("the copy would not show the same picture")
    return before, changed


def _read(path: Path) -> bytes:
    if path.is_symlink():
        raise FileProblem("it is a link to another place")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise FileProblem(f"it is larger than {MOST_BYTES // 2**20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise FileProblem(f"it cannot be read: {error.strerror}") from error


def _container(data: bytes) -> Rewrite:
    """By the first bytes: names are often wrong."""
    if data[:3] == b"\xff\xd8\xff":
        return jpeg.rewrite
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return png.rewrite
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return webp.rewrite
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return tiff.rewrite
    if data[4:8] == b"ftyp" and b"avif" in data[8:64]:
        return avif.rewrite
    if not data:
        raise FileProblem("it is empty")
    raise FileProblem("it is no JPEG, PNG, WebP, TIFF or AVIF file")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)
