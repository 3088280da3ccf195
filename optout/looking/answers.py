"""What listed addresses answered, each time ↔ looked_at/answers.jsonl and looked_at/files/."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from crawler.whole import write_whole
from optout.case import Case
from optout.errors import VisionError
from optout.looking.journal import add, read


@dataclass(frozen=True, slots=True)
class Answer:
    """One look at one address; `sha256` is None where no picture came."""

    url: str
    observed_at: datetime
    outcome: str  # of crawler.records.OUTCOMES
    reason: str = ""
    status: int | None = None
    final_url: str = ""
    sha256: str | None = None
    size: int | None = None
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""


class Answers:
    """All looks of a case, oldest first for each address; files by their SHA-256."""

    def __init__(self, case: Case) -> None:
        self._journal = case.looked_at / "answers.jsonl"
        self._files = case.looked_at / "files"
        self._by_url: dict[str, list[Answer]] = {}
        for record in read(self._journal):
            answer = _answer(record)
            if answer:
                self._by_url.setdefault(answer.url, []).append(answer)

    def of(self, url: str) -> list[Answer]:
        """Every look at `url`, oldest first."""
        return self._by_url.get(url, [])

    def last(self, url: str) -> Answer | None:
        """The last look at `url`."""
        found = self.of(url)
        return found[-1] if found else None

    def add(self, answer: Answer) -> None:
        """Keep a look for ever. Raises VisionError for a full disk."""
        add(self._journal, {**asdict(answer), "observed_at": answer.observed_at.isoformat()})
        self._by_url.setdefault(answer.url, []).append(answer)

    def keep(self, body: bytes) -> str:
        """Keep a file and return its SHA-256. Raises VisionError for a full disk."""
        sha256 = hashlib.sha256(body).hexdigest()
        path = self.file(sha256)
        try:
            self._files.mkdir(parents=True, exist_ok=True)
            if not path.is_file():
                write_whole(path, body)
        except OSError as error:
            raise VisionError(
                f"cannot write {path}: {error.strerror or error}",
                "free some space; the next look goes on where this one ended",
            ) from error
        return sha256

    def file(self, sha256: str) -> Path:
        """Where a file is, if it is kept."""
        return self._files / sha256

    def drop(self, sha256: str) -> None:
        """Keep a stranger's picture no longer than the comparison needs it."""
        self.file(sha256).unlink(missing_ok=True)


def _answer(record: dict[str, object]) -> Answer | None:
    try:
        time = datetime.fromisoformat(str(record.pop("observed_at")))
        found = Answer(observed_at=time, **record)  # type: ignore[arg-type]
        # It becomes part of a path.
        plain = found.sha256 is None or (len(found.sha256) == 64 and found.sha256.isalnum())
        return found if plain and isinstance(found.url, str) else None
    except (KeyError, TypeError, ValueError):
        return None
