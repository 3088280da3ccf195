"""A text → whether it is a remote address, and the parts of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from crawler.policy import MAX_URL_LENGTH
from optout.errors import DatasetError

SCHEMES = ("hf", "https", "http", "s3")

_REMOTE = re.compile(rf"(?:{'|'.join(SCHEMES)})://", re.I)
_MAGIC = re.compile(r"[*?\[]")
# The forms that the Hub's own clients take: a plain name, one with %2F, or one under refs/.
_HUB = re.compile(
    r"datasets/(?P<repo>[\w.-]+/[\w.-]+)"
    r"(?:@(?P<revision>~parquet|refs/(?:convert|pr)/[\w.-]+|[^/]+))?(?:/(?P<path>.*))?",
    re.S,
)
_BUCKET = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9._-]{1,62})(?:/(?P<key>.*))?", re.S)


@dataclass(frozen=True, slots=True)
class HubAddress:
    """hf://datasets/OWNER/NAME[@REVISION]/PATH."""

    repo: str  # "laion/relaion400m"
    revision: str  # "main"
    path: str  # in the repository; "" for all of it

    def __str__(self) -> str:
        at = "" if self.revision == "main" else "@" + quote(self.revision, safe="")
        return f"hf://datasets/{self.repo}{at}/{self.path}"


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """s3://BUCKET/KEY."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def is_remote(text: str) -> bool:
    """Whether `text` is an address that this package reads.

    >>> is_remote("hf://datasets/a/b/*.parquet"), is_remote("data/part-0.parquet")
    (True, False)
    """
    return _REMOTE.match(text) is not None


def scheme_of(text: str) -> str:
    """The scheme of an address, in lower case."""
    return text.partition(":")[0].lower()


def hub_address(text: str) -> HubAddress:
    """The parts of an hf:// address. Raises DatasetError where it is none.

    >>> hub_address("hf://datasets/laion/relaion400m@~parquet/a/*.parquet")
    HubAddress(repo='laion/relaion400m', revision='refs/convert/parquet', path='a/*.parquet')
    """
    found = _HUB.fullmatch(text.partition("://")[2])
    if not found or not set(found["repo"].split("/")).isdisjoint({".", ".."}):
        raise DatasetError(
            f"{text[:200]} is no address of a data set at Hugging Face",
            "write hf://datasets/OWNER/NAME/FILES",
        )
    revision = unquote(found["revision"] or "main")
    if revision == "~parquet":
        revision = "refs/convert/parquet"
    return HubAddress(found["repo"], revision, _checked(text, found["path"] or ""))


def bucket_address(text: str) -> BucketAddress:
    """The parts of an s3:// address. Raises DatasetError where it is none."""
    found = _BUCKET.fullmatch(text.partition("://")[2])
    if not found:
        raise DatasetError(
            f"{text[:200]} is no address in a bucket", "write s3://BUCKET/FOLDER/FILES"
        )
    return BucketAddress(found["bucket"], _checked(text, found["key"] or ""))


def web_address(text: str) -> str:
    """An http(s) address without its fragment. Raises DatasetError where it names no host."""
    try:
        parts = urlsplit(text)
        named = parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        named = False
    if not named or len(text) > MAX_URL_LENGTH or any(c <= " " for c in text):
        raise DatasetError(f"{text[:200]!r} cannot be read as an address", "check its spelling")
    if parts.username is not None or parts.password is not None:
        raise DatasetError(
            f"the address at {parts.hostname} holds a user name, which is not sent",
            "name an address that needs none",
        )
    return text.partition("#")[0]


def path_of(text: str) -> str:
    """The path of an address, as file and folder names: without host, query and percent signs.

    >>> path_of("https://data.example/v1/part%200.parquet?sig=a/b")
    'v1/part 0.parquet'
    """
    if scheme_of(text) in ("http", "https"):
        return unquote(urlsplit(text).path).lstrip("/")
    return text.partition("://")[2].partition("/")[2]


def has_pattern(path: str) -> bool:
    """Whether stars, question marks or brackets ask for several files."""
    return _MAGIC.search(path) is not None


def fixed_part(path: str) -> str:
    """The folders of a pattern before its first part with a star, with a slash at the end.

    >>> fixed_part("data/2024/part-*.parquet"), fixed_part("*.parquet")
    ('data/2024/', '')
    """
    folders = path.split("/")[:-1]
    until = next((i for i, part in enumerate(folders) if has_pattern(part)), len(folders))
    return "".join(f"{part}/" for part in folders[:until])


def inside(relative: str) -> str:
    """`relative` as a path below a folder. Raises DatasetError where it leads elsewhere.

    Names in an index's manifest are a stranger's text.
    """
    parts = relative.split("/")
    odd = any(part in ("", ".", "..") or "\\" in part or not part.isprintable() for part in parts)
    if odd or is_remote(relative):
        raise DatasetError(
            f"{relative[:200]!r} is no name of a file below the address",
            "ask the publisher for a list with plain names",
        )
    return relative


def _checked(text: str, path: str) -> str:
    if any(part in (".", "..") for part in path.split("/")) or any(c < " " for c in path):
        raise DatasetError(f"{text[:200]!r} cannot be read as an address", "check its spelling")
    return path
