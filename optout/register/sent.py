"""Requests that were sent → a copy of their lists and letters in sent/, kept as they went out.

requests/ is written anew by later runs; what somebody received must not change with it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from optout.case import Case
from optout.register.asked import Asked

FOLDER = "sent"


def keep(case: Case, requests: Iterable[Asked]) -> list[Path]:
    """Copy the folders that hold `requests` to sent/<date>/<destination>/; one that is there stays.

    Raises OSError where the disk is full; a copy is whole or absent.
    """
    kept = []
    for name in sorted({one.folder for one in requests if one.folder}):
        source = case.folder / name
        target = case.folder / FOLDER / Path(name).relative_to("requests")
        if not source.is_dir() or target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.{os.getpid()}.partial")
        try:
            shutil.copytree(source, beside, symlinks=True)
            beside.rename(target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        kept.append(target)
    return kept
