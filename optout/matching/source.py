"""Where candidate rows come from: what a source must give, and what is counted of each file.

A search draws rows from a source and looks at each closely (look.py), which alone decides. So any
source that gives at least the rows that tie gives the same matches. Raw files (raw.py) are one, an
index of them is another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from optout.datasets import DataFile
from optout.matching.artist import Artist
from optout.matching.look import Row

# Called now and then with the rows of the present file that were read so far.
Reading = Callable[[int], None]


@dataclass(slots=True)
class FileCount:
    """What was read of one file."""

    file: DataFile
    rows: int = 0
    null_urls: int = 0
    skipped: int = 0
    examples: list[tuple[int, str]] = field(default_factory=list)  # row, what stands there


class Source(Protocol):
    """Gives the rows of a data file that may concern the artists of a search.

    Several files may be asked for at once, from different threads.
    """

    def rows(self, file: DataFile, count: FileCount, reading: Reading) -> Iterator[list[Row]]:
        """Rows of `file` by ascending `dataset_row`: that, url, caption, md5, sha256 and
        phash at least.

        Every row that ties to one of the artists must be among them (wanted.py says by what it is
        known); any other may be. A row whose `url` is NULL or no web address is counted when it
        comes; a source that does not hold such rows counts them itself in `count`. `count.rows`
        becomes the number of rows of the file, read or known. Raises DatasetError when the file
        cannot be read to its end; what came before is then not used.
        """

    def whole(self, file: DataFile, rows: Sequence[Row]) -> list[Row]:
        """These `rows` of `file` in all columns: COLUMNS. Raises DatasetError as rows() does."""


class Index(Protocol):
    """Something that stands in for data files: it knows which, and gives their rows."""

    def files(self) -> Sequence[DataFile]:
        """The files it was made of, in the order in which resolve() names them."""

    def twins(self) -> tuple[tuple[str, str], ...]:
        """Names of files left out of it since another, named second, holds the same."""

    def source(self, artists: Sequence[Artist], captions: bool) -> Source:
        """Their rows for a search for `artists`; without `captions` none need tie by its text."""


# Of a row in whole.
TEXTS = (
    "url", "caption", "sample_id", "hash", "nsfw", "license", "language", "phash", "md5", "sha256"
)  # fmt: skip
NUMBERS = ("similarity", "punsafe", "pwatermark", "aesthetic")
SIZES = ("width", "height", "file_width", "file_height")
COLUMNS = ("dataset_row", *TEXTS, *NUMBERS, *SIZES)
