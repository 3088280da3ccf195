"""manifest.json ↔ Manifest: what an index holds, from which sources, in which files.

docs/reference/index.md describes the folder; FORMAT changes when an older program would misread it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import md5, sha256
from pathlib import Path
from typing import Any

from crawler.whole import write_whole
from optout.errors import DatasetError

FORMAT = 2  # of 1, fewer addresses were read closely
MANIFEST = "manifest.json"

# Columns of the table of rows, in the order of queries/index_rows.sql, and of the others.
TEXTS = ("url", "caption", "sample_id", "hash", "nsfw", "license", "language", "phash", "md5")
NUMBERS = ("similarity", "punsafe", "pwatermark", "aesthetic")
SIZES = ("width", "height", "file_width", "file_height")
ROWS: dict[str, str] = {
    "pos": "BIGINT",
    "domain": "VARCHAR",
    "site": "VARCHAR",
    "odd": "BOOLEAN",
    "file": "INTEGER",
    "dataset_row": "BIGINT",
    **dict.fromkeys((*TEXTS, "sha256"), "VARCHAR"),
    **dict.fromkeys(NUMBERS, "DOUBLE"),
    **dict.fromkeys(SIZES, "BIGINT"),
}
# These are in every index; the others only where a source has them.
ALWAYS = ("pos", "domain", "site", "odd", "file", "dataset_row", "url")
TABLES: dict[str, dict[str, str]] = {
    "rows": ROWS,
    "places": {"domain": "VARCHAR", "site": "VARCHAR", "pos": "BIGINT"},
    "names": {"short": "VARCHAR", "name": "VARCHAR", "pos": "BIGINT"},
    "parts": {"part": "VARCHAR", "pos": "BIGINT"},
    "hashes": {"value": "VARCHAR", "kind": "VARCHAR", "pos": "BIGINT"},
}
BOUNDS = "bounds"  # where the row groups of all the others begin
# What tables are sorted by, as far as it is looked for.
KEYS: dict[str, tuple[str, ...]] = {
    "rows": ("domain", "site"),
    "places": ("domain", "site"),
    "names": ("name",),
    "parts": ("part",),
    "hashes": ("value",),
}
LEVELS = ("address", "host", "file name", "content hash")
# What no index answers: captions are searched in the data files themselves.
NOT_COVERED = ("alternative text", "name in a caption")


@dataclass(frozen=True, slots=True)
class Source:
    """One data file that an index was made from."""

    dataset: str
    edition: str
    name: str  # `dataset_file` of its rows
    path: str  # where it was
    size: int
    modified: int  # nanoseconds since 1970
    sha256: str  # of a Parquet file's footer, of any other file whole
    rows: int = 0
    null_urls: int = 0
    skipped: int = 0
    examples: tuple[tuple[int, str], ...] = ()  # row, what stands there


@dataclass(frozen=True, slots=True)
class TableFile:
    """One file of a table, relative to the index."""

    file: str
    rows: int
    bytes: int
    sha256: str
    first: str = ""  # key of its first row


@dataclass(frozen=True, slots=True)
class Copied:
    """A data file that was left out, and the source that holds the same."""

    file: str
    same_as: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that must be known to read an index."""

    format: int
    optout: str
    rules: str  # sha256 of what was known of addresses: odd rows and marks of size rest on it
    levels: tuple[str, ...]
    covered: tuple[str, ...]  # domains whose rows are in the table of parts
    sources: tuple[Source, ...]
    tables: dict[str, tuple[TableFile, ...]]
    built: dict[str, Any]  # how: memory, threads
    same_content: tuple[Copied, ...] = ()

    def rows(self, table: str = "rows") -> int:
        """Rows of one table."""
        return sum(file.rows for file in self.tables.get(table, ()))

    def bytes(self) -> int:
        """Of all tables."""
        return sum(file.bytes for files in self.tables.values() for file in files)


def read_manifest(index: Path) -> Manifest:
    """The manifest of an index. Raises DatasetError where there is none or it cannot be read."""
    try:
        text = (index / MANIFEST).read_text("utf-8")
    except OSError as error:
        raise DatasetError(
            f"{index} is no finished index: it has no {MANIFEST}",
            f"build one: optout index build --dataset SPEC --out {index}",
        ) from error
    return parse_manifest(text, str(index))


def parse_manifest(text: str, where: str) -> Manifest:
    """The text of a manifest, checked: every file lies inside the index."""
    try:
        data = json.loads(text)
        version = int(data["format"])
        if version > FORMAT:
            raise DatasetError(
                f"{where} was built by a newer optout (format {version})", "update optout"
            )
        manifest = _manifest(data)
        safe = all(_inside(f.file) for files in manifest.tables.values() for f in files)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DatasetError(
            f"{MANIFEST} of {where} is damaged", "build the index again, or load it again"
        ) from error
    if not safe or not {*TABLES, BOUNDS} <= set(manifest.tables):
        raise DatasetError(
            f"{MANIFEST} of {where} names files that are no part of an index", "build it again"
        )
    return manifest


def _inside(name: str) -> bool:
    folder, _, file = name.partition("/")
    known = folder in {*TABLES, BOUNDS}
    return known and file.endswith(".parquet") and not set(file) & set('/\\*?["')


def _manifest(data: dict[str, Any]) -> Manifest:
    sources = tuple(
        Source(**{**one, "examples": tuple((int(row), str(text)) for row, text in one["examples"])})
        for one in data["sources"]
    )
    tables = {
        name: tuple(TableFile(**file) for file in files) for name, files in data["tables"].items()
    }
    lists = {name: tuple(map(str, data[name])) for name in ("levels", "covered")}
    copies = tuple(Copied(**one) for one in data.get("same_content", ()))
    found = {"sources": sources, "tables": tables, "same_content": copies}
    return Manifest(**{**data, **lists, **found})


def write_manifest(index: Path, manifest: Manifest) -> None:
    """Write beside, then rename: an index with a manifest is whole."""
    text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1)
    write_whole(index / MANIFEST, text + "\n", lasting=True)


def digest(path: Path) -> str:
    """sha256 of a whole file."""
    found = sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            found.update(block)
    return found.hexdigest()


def rules_digest() -> str:
    """sha256 of the rules of addresses and hosts that this program knows."""
    from importlib import resources

    from optout.identity.rules import text

    hosts = (resources.files("optout.identity") / "shared_hosts.toml").read_text("utf-8")
    return sha256((text() + hosts).encode()).hexdigest()


def key(host: str, labels: int) -> str:
    """How an index writes the last `labels` labels of a host: short, alike in every version.

    >>> key("img.mira.example", 2) == key("mira.example", 2)
    True
    """
    name = ".".join(host.split(".")[-labels:])
    return md5(name.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:8]
