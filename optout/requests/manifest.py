"""The files of one day's request lists → requests/<date>/, written beside and renamed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from optout.case import Case
from optout.requests.plan import RequestList

MANIFEST = "manifest.json"
FORMAT = 1

Files = dict[str, bytes]  # name, or folder/name → content


def with_manifest(case: Case, asked: RequestList, files: Files, facts: dict[str, Any]) -> Files:
    """`files` and a manifest.json with size and SHA-256 of each of them, and `facts`."""
    recipient = asked.recipient
    manifest = {
        "format": FORMAT,
        "destination_id": recipient.id,
        "name": recipient.name if not asked.host else f"{recipient.name}: {asked.host}",
        "host": asked.host or None,
        "kind": asked.kind.id,
        "case_id": case.case_id,
        "date": case.as_of().date().isoformat(),
        **facts,
        "effect": recipient.effect,
        "effect_source": recipient.effect_source,
        "confidence": recipient.confidence,
        "checked": recipient.checked.isoformat(),
    }
    return files | {MANIFEST: _manifest(manifest, files)}


def with_set_manifest(case: Case, files: Files) -> Files:
    """The files of a whole date and a manifest.json of those that lie in no folder of it."""
    above = {name: content for name, content in files.items() if "/" not in name}
    head = {
        "format": FORMAT,
        "case_id": case.case_id,
        "date": case.as_of().date().isoformat(),
        "folders": sorted({name.split("/")[0] for name in files if "/" in name}),
    }
    return files | {MANIFEST: _manifest(head, above)}


def _manifest(head: dict[str, Any], files: Files) -> bytes:
    listed = {"files": [_entry(name, files[name]) for name in sorted(files)]}
    return (json.dumps(head | listed, indent=2, ensure_ascii=True) + "\n").encode("ascii")


def write_set(case: Case, files: Files) -> Path | None:
    """Make requests/<date>/ hold exactly `files` (name or folder/name); other dates stay.

    The folder is whole or absent. A set that somebody edited by hand is not lost: it is moved
    beside and its new place returned.
    """
    target = case.requests / case.as_of().date().isoformat()
    if _holds(target, files) or not files:
        return None  # letters written earlier today stay when there is nothing new to write
    beside = case.requests / f".{target.name}.{os.getpid()}.partial"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        for name, content in files.items():
            (beside / name).parent.mkdir(parents=True, exist_ok=True)
            (beside / name).write_bytes(content)
        return _exchange(target, beside)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def request_ids(day: Path) -> frozenset[str]:
    """Ids of all requests in requests/<date>/; damaged lines count as none."""
    found = set()
    for file in sorted(day.glob("*/requests.jsonl")):
        for line in file.read_text("utf-8", "replace").splitlines():
            match = re.search(r'"request_id": "(r-[0-9a-f]{16})"', line)
            if match:
                found.add(match[1])
    return frozenset(found)


def days(case: Case) -> list[Path]:
    """The dated folders of a case's requests, oldest first."""
    return sorted(p for p in case.requests.glob("[0-9]*") if p.is_dir())


def _exchange(target: Path, new: Path) -> Path | None:
    kept = None
    if target.exists():
        edited = _edited(target)
        old = _free(target.with_name(f"{'edited' if edited else '.old'}-{target.name}"))
        target.rename(old)
        kept = old if edited else None
    new.rename(target)
    if target.parent.is_dir():
        for old in target.parent.glob(f".old-{target.name}*"):
            shutil.rmtree(old, ignore_errors=True)
    return kept


def _holds(target: Path, wanted: Files) -> bool:
    present = {p.relative_to(target).as_posix(): p for p in target.rglob("*") if p.is_file()}
    return present.keys() == wanted.keys() and all(
        path.read_bytes() == wanted[name] for name, path in present.items()
    )


def _edited(target: Path) -> bool:
    """Whether the set differs from what its own manifests say."""
    if not target.is_dir():
        return True
    known: dict[Path, Any] = {}
    for manifest in target.rglob(MANIFEST):
        known[manifest] = None
        for entry in _manifest_files(manifest):
            known[manifest.parent / str(entry.get("name"))] = entry.get("sha256")
    present = {p for p in target.rglob("*") if p.is_file()}
    return present != known.keys() or any(
        digest != _sha256(path.read_bytes()) for path, digest in known.items() if digest
    )


def _manifest_files(manifest: Path) -> list[dict[str, Any]]:
    try:
        files = json.loads(manifest.read_text("utf-8"))["files"]
        return [entry for entry in files if isinstance(entry, dict)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _entry(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "size": len(content), "sha256": _sha256(content)}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _free(path: Path) -> Path:
    """`path`, or the first of path-2, path-3 … that does not exist."""
    number = 1
    candidate = path
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.name}-{number}")
    return candidate
