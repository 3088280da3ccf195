"""
OptoutError
├── CaseError       the case folder or optout.toml is missing something or contradicts itself
├── CrawlError      the crawl cannot start or cannot be written
├── FetchError      a single address cannot be fetched, or must not be
├── DatasetError    files not found, not readable, or without the columns needed
├── RequestError    a request list cannot be made
├── MembersError    a members file or an organisation's folder cannot be used
├── EmbeddingError  a model, its weights or a file of vectors cannot be used
├── ClusterError    Ray cannot be reached, or its workers cannot do the work
├── ProtectError    a protective change cannot be made or checked
└── VisionError     pictures cannot be compared, or a library for it is missing
"""

from __future__ import annotations


class OptoutError(Exception):
    """A problem a user can mend: `message` says what and where, `hint` the next step."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class CaseError(OptoutError):
    """The case folder or optout.toml is missing something or contradicts itself."""


class CrawlError(OptoutError):
    """The crawl cannot start or cannot be written."""


class FetchError(OptoutError):
    """A single address cannot be fetched, or must not be."""


class DatasetError(OptoutError):
    """Data set files not found, not readable, or without the columns needed."""


class RequestError(OptoutError):
    """A request list cannot be made."""


class MembersError(OptoutError):
    """A members file or an organisation's folder cannot be used."""


class ProtectError(OptoutError):
    """A protective change cannot be made or checked."""


class EmbeddingError(OptoutError):
    """A model, its weights or a file of vectors cannot be used."""


class ClusterError(OptoutError):
    """Ray cannot be reached, or its workers cannot do the work."""


class VisionError(OptoutError):
    """Pictures cannot be compared, or a library for it is missing."""
