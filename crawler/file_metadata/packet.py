"""What is found in a file, and the file's bytes read with a look at its end and at the work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MAX_PACKET = 2**20  # bytes kept of one packet
MAX_READS = 300_000  # numbers and names read of one file: a fraction of a second
Order = Literal["big", "little"]


class Damaged(Exception):
    """A file is not what it says it is; the message says how."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of metadata as it lies in a file, at most MAX_PACKET bytes of it."""

    kind: str  # xmp, exif_copyright, iptc_copyright, c2pa, jumbf; none or not_read
    place: str | None = None  # the part of the file that holds it, e.g. "APP1"
    offset: int | None = None  # of its first byte in the file; of a compressed one, of that form
    size: int | None = None  # of the whole packet; None where only its beginning is known
    data: bytes | None = None
    problem: str | None = None

    def truncated(self) -> bool:
        """Whether only its beginning was kept."""
        return self.data is not None and (self.size is None or self.size > len(self.data))


@dataclass(slots=True)
class Source:
    """The bytes of a file. Reading counts, so that no file can make for endless work."""

    data: bytes
    reads: int = MAX_READS  # left

    def number(self, at: int, size: int, order: Order = "big") -> int:
        """An unsigned number of `size` bytes. Raises Damaged past the end of the file.

        >>> Source(b"abc\\x01\\x02").number(3, 2)
        258
        """
        return int.from_bytes(self.piece(at, size), order)

    def piece(self, at: int, size: int) -> bytes:
        """`size` bytes from `at`. Raises Damaged past the end of the file."""
        self.spend(1)
        found = self.data[at : at + size]
        if len(found) != size:
            raise Damaged(f"the file ends at byte {len(self.data)}, inside one of its parts")
        return found

    def spend(self, reads: int) -> None:
        """Count work. Raises Damaged when there was too much."""
        self.reads -= reads
        if self.reads < 0:
            raise Damaged("it has more parts than are looked at")

    def packet(self, kind: str, place: str, at: int, size: int, end: int | None = None) -> Packet:
        """The packet of `size` bytes that begins at `at`, within the part that ends at `end`."""
        end = len(self.data) if end is None else min(end, len(self.data))
        kept = self.data[at : max(at, min(at + min(size, MAX_PACKET), end))]
        problem = "the part that holds it ends inside it" if at + size > end else None
        return Packet(kind, place, at, size, kept, problem)
