"""The columnar index of an archive: captures of robots.txt, read from Parquet over HTTP ranges.

Files and row groups whose statistics rule the host out are not read.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.errors import FetchError
from optout.fetched import Reply
from optout.history.archive import Archive
from optout.history.captures import ROBOTS, capture_of
from optout.history.host import Host
from optout.history.index import Found
from optout.history.place import Place
from optout.history.ranged import RangedFile, RangeError

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_MAX_PATHS = 8 * 2**20  # bytes of a list of files, unpacked
_MAX_FILES = 2000  # of one crawl
_MAX_GROUP = 2**30  # unpacked bytes of the columns read of one row group
_PATH = re.compile(r"(?!.*\.\.)[A-Za-z0-9][\w.=/-]{0,500}\.parquet", re.ASCII)
# Column of the table → field of the CDX API.
_COLUMNS = {
    "url": "url",
    "fetch_time": "timestamp",
    "fetch_status": "status",
    "content_digest": "digest",
    "warc_filename": "filename",
    "warc_record_offset": "offset",
    "warc_record_length": "length",
}
_NAME = "url_host_name"
_KEY = "url_surtkey"


def table_files(host: Host, archive: Archive, crawl: str) -> list[str]:
    """Files of a crawl's table that hold robots.txt, in the order of the list.

    The list is `archive.table_paths`, on the data server or a file of this computer. Raises
    FetchError where there is none.
    """
    name = archive.table_paths.replace("{crawl}", crawl)
    body = _local(name) or host.ask(name.lstrip("/"), lambda reply: _listed(host, reply, name))
    names = _unpacked(body).decode("utf-8", "replace").split()
    mine = [f"/crawl={crawl}/", archive.robots_subset]
    found = [one for one in names if _PATH.fullmatch(one) and all(p in one for p in mine)]
    return found[:_MAX_FILES]


def ask_table(host: Host, files: list[str], crawl: str, place: Place) -> Found:
    """The captures of robots.txt of a place among the rows of `files`.

    Raises FetchError when a file cannot be read.
    """
    captures = []
    odd = 0
    for path in files:
        for entry in _entries(host, path, place):
            capture = capture_of(entry, ROBOTS, crawl, place.holds)
            odd += capture is None
            captures += [capture] if capture else []
    return Found(tuple({one.key: one for one in captures}.values()), odd)


def _entries(host: Host, path: str, place: Place) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with RangedFile(host, path) as remote, pq.ParquetFile(pa.PythonFile(remote)) as file:
            missing = {*_COLUMNS, _NAME} - set(file.schema_arrow.names)
            if missing:
                raise RangeError(f"it has no column {min(missing)}")
            for number in range(file.num_row_groups):
                if _may_hold(file, number, place):
                    yield from _rows(file, number, place)
    except (pa.ArrowException, RangeError, OSError, ValueError) as error:
        reason = error.message if isinstance(error, FetchError) else "it is no readable Parquet"
        raise FetchError(
            f"{path.rpartition('/')[2]} on {host.name}: {reason}",
            "go without the table (leave out --table), or try again later",
        ) from error


def _rows(file: pq.ParquetFile, number: int, place: Place) -> Iterator[dict[str, Any]]:
    """The rows of a row group that are of the place's host, as the CDX API names their fields."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if _unpacked_size(file, number) > _MAX_GROUP:
        raise RangeError("a row group is larger than is read at a time")
    hosts = file.read_row_group(number, columns=[_NAME])[_NAME]
    before = r"(?:.*\.)?" if place.subdomains else r"(?:www\.)?"
    bare = re.escape(place.host.removeprefix("www."))
    mask = pc.match_substring_regex(hosts, f"^{before}{bare}$")
    if not pc.any(mask).as_py():
        return
    rows = file.read_row_group(number, columns=list(_COLUMNS)).filter(mask)
    seconds = rows["fetch_time"].cast(pa.timestamp("s", tz="UTC"), safe=False)
    times = pc.strftime(seconds, "%Y%m%d%H%M%S")
    rows = rows.set_column(rows.schema.get_field_index("fetch_time"), "fetch_time", times)
    for row in rows.to_pylist():
        yield {_COLUMNS[name]: value for name, value in row.items()}


def _unpacked_size(file: pq.ParquetFile, number: int) -> int:
    group = file.metadata.row_group(number)
    columns = (group.column(i) for i in range(group.num_columns))
    return sum(c.total_uncompressed_size for c in columns if c.path_in_schema in (*_COLUMNS, _NAME))


def _may_hold(file: pq.ParquetFile, number: int, place: Place) -> bool:
    """Whether a row group's smallest and largest sort key leave room for the place's host."""
    group = file.metadata.row_group(number)
    for i in range(group.num_columns):
        column = group.column(i)
        if column.path_in_schema == _KEY:
            stats = column.statistics
            if stats is None or not stats.has_min_max:
                return True
            low, high = host_keys(place.host)
            return _text(stats.min) <= high and _text(stats.max) >= low
    return True


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def host_keys(host: str) -> tuple[str, str]:
    """The range of sort keys that a host and what is below it have.

    >>> host_keys("www.mira.example")
    ('example,mira', 'example,mira~')
    """
    key = ",".join(reversed(host.removeprefix("www.").split(".")))
    return key, f"{key}~"


def _local(name: str) -> bytes | None:
    path = Path(name)
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return file.read(_MAX_PATHS)


def _listed(host: Host, reply: Reply, name: str) -> bytes:
    if reply.status != 200:
        raise FetchError(
            f"{host.name} answered {reply.status} for the list of the table's files, {name}",
            "name the list with --table-paths (a file, or a path on the data server)",
        )
    return reply.first(_MAX_PATHS)


def _unpacked(body: bytes) -> bytes:
    if body[:2] != b"\x1f\x8b":
        return body
    try:
        return zlib.decompressobj(31).decompress(body, _MAX_PATHS)
    except zlib.error:
        return b""
