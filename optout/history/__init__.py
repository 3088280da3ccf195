"""The past: what a public archive kept of the artist's pages and robots.txt, and when."""

from optout.history.archive import Archive, archive_for, known_archive
from optout.history.options import HistoryOptions, HistoryResult
from optout.history.recording import read_history

__all__ = [
    "Archive",
    "HistoryOptions",
    "HistoryResult",
    "archive_for",
    "known_archive",
    "read_history",
]
