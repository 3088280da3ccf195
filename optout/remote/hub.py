"""hf://datasets/OWNER/NAME → files of the Hub, or of a server that speaks as it does.

Interfaces of the Hub: https://huggingface.co/docs/hub/api (checked 2026-11-21); names of the
environment as in huggingface_hub: HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HOME.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from optout.errors import DatasetError
from optout.fetched import Reply
from optout.remote.address import HubAddress, hub_address
from optout.remote.file import RemoteFile
from optout.remote.session import Session, Start, origin

_ENDPOINT = "https://huggingface.co"
_NEXT = re.compile(r'<([^<>]+)>\s*;\s*rel="?next"?')
_JSON = 32 * 2**20  # bytes of one page of a listing
_MOST_FILES = 200_000
_SHA = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Repository:
    """A data set's repository at one revision."""

    at: HubAddress
    session: Session

    def file(self, path: str) -> RemoteFile:
        """The file at `path` of the repository."""
        address = str(replace(self.at, path=path))
        commit = _commit(self.at, self.session)
        url = f"{endpoint()}/datasets/{self.at.repo}/resolve/{quote(commit, safe='')}/{quote(path)}"
        pinned = commit if _SHA.fullmatch(commit) else None
        return RemoteFile(
            self.session,
            address,
            lambda: _start(url, self.session),
            _explain(self.at, path),
            pinned,
        )

    def paths(self, folder: str) -> list[str]:
        """All files below `folder`."""
        commit = _commit(self.at, self.session)
        base = f"{endpoint()}/api/datasets/{self.at.repo}/tree/{quote(commit, safe='')}"
        url = f"{base}/{quote(folder.rstrip('/'))}".rstrip("/") + "?recursive=true"
        found = [
            entry["path"]
            for page in _pages(url, self.at, self.session)
            for entry in page
            if isinstance(entry, dict) and entry.get("type") == "file" and _plain(entry.get("path"))
        ]
        return sorted(found)


def place(address: str, session: Session) -> Repository:
    """The repository of an hf:// address. Raises DatasetError for a bad address."""
    session.door.begin_at(endpoint())
    return Repository(hub_address(address), session)


def endpoint() -> str:
    """The Hub's base address: HF_ENDPOINT, else huggingface.co. Raises DatasetError."""
    base = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or _ENDPOINT
    if not re.match(r"https?://[^/]", base):
        raise DatasetError(
            f"HF_ENDPOINT is {base[:200]!r}, which is no http(s) address",
            "set it right, or unset it",
        )
    return base


def token() -> str | None:
    """The user's token, from the usual places; None where there is none."""
    found = os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN")
    if not found:
        caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        home = os.environ.get("HF_HOME") or f"{caches}/huggingface"
        path = Path(os.environ.get("HF_TOKEN_PATH") or f"{home}/token").expanduser()
        try:
            found = path.read_text("utf-8", errors="replace")
        except OSError:
            return None
    words = found.split()
    # Anything but printable letters would break out of the header line.
    return words[0] if words and words[0].isascii() and words[0].isprintable() else None


def _start(url: str, session: Session) -> Start:
    known = token()
    # Not in the clear over a public network, whatever HF_ENDPOINT says.
    if known and (url.startswith("https:") or session.door.is_private(url)):
        return Start(url, (("Authorization", f"Bearer {known}"),))
    return Start(url)


def _commit(at: HubAddress, session: Session) -> str:
    """The commit that a revision is now, so that all files are of one state."""
    if _SHA.fullmatch(at.revision):
        return at.revision
    url = f"{endpoint()}/api/datasets/{at.repo}/revision/{quote(at.revision, safe='')}"
    if url not in session.revisions:
        found, _ = _json(url, at, session)
        sha = found.get("sha") if isinstance(found, dict) else None
        session.revisions[url] = (
            sha if isinstance(sha, str) and _SHA.fullmatch(sha) else at.revision
        )
    return session.revisions[url]


def _pages(url: str, at: HubAddress, session: Session) -> Iterator[list[Any]]:
    seen: set[str] = set()
    listed = 0
    while url and url not in seen:
        seen.add(url)
        page, following = _json(url, at, session)
        if not isinstance(page, list):
            raise _odd(at)
        yield page
        listed += len(page)
        if listed > _MOST_FILES:
            raise DatasetError(
                f"{at} lists more than {_MOST_FILES:,} files", "name one of its folders"
            )
        found = _NEXT.search(following)
        url = found[1] if found else ""
        if url and origin(url) != origin(endpoint()):
            raise _odd(at)


def _json(url: str, at: HubAddress, session: Session) -> tuple[Any, str]:
    """A JSON answer, and its Link header line."""

    def read(reply: Reply, start: Start) -> tuple[bytes, str]:
        if reply.status != 200:
            raise _explain(at, at.path)(reply.status, reply.headers)
        return reply.first(_JSON + 1), reply.headers.get("link", "")

    body, link = session.ask(lambda: _start(url, session), str(at), read)
    try:
        return json.loads(body), link
    except (ValueError, RecursionError) as error:
        raise _odd(at) from error


def _odd(at: HubAddress) -> DatasetError:
    return DatasetError(
        f"{endpoint()} does not list the files of {at.repo} as the Hub does",
        "check HF_ENDPOINT, or load the files and name their folder",
    )


def _plain(path: object) -> bool:
    return (
        isinstance(path, str)
        and path.isprintable()
        and not any(part in ("", ".", "..") for part in path.split("/"))
    )


def _explain(at: HubAddress, path: str) -> Callable[[int, dict[str, str]], DatasetError]:
    page = f"{endpoint()}/datasets/{at.repo}"

    def explain(status: int, headers: dict[str, str]) -> DatasetError:
        code = headers.get("x-error-code", "")
        if status == 403 or code == "GatedRepo":
            return DatasetError(
                f"{at.repo} is gated: its owner lets in only those who asked ({status})",
                f"accept the conditions at {page}, then set HF_TOKEN to a token of that account "
                "(or: hf auth login)",
            )
        if status == 401 or code == "RepoNotFound":
            known = "your token does not open it" if token() else "it may need a token"
            return DatasetError(
                f"{at.repo} is not there, or not for everybody: {known} ({status})",
                f"check the name; open {page}, ask for access there, then set HF_TOKEN",
            )
        if status == 404 and code == "RevisionNotFound":
            return DatasetError(
                f"{at.repo} has no revision {at.revision[:100]!r}", f"see {page}/tree/main"
            )
        if status in (404, 410):
            return DatasetError(
                f"{at.repo} has no {path or 'files'} ({status})", f"see {page}/tree/main"
            )
        return DatasetError(f"{endpoint()} answered {status} for {at}", "try again later")

    return explain
