"""A case and choices → long work in a child process: begun, watched, stopped.

The work is a check or an evidence pack, each with files of its own name in .page/. The child works
on when this server is killed or its window closed. What it has done stands in the case; how far it
is stands in .page/<work>.json, renamed into place. Whoever holds .page/<work>.lock is running.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from crawler.lock import take
from crawler.whole import write_whole
from optout.case import Case
from optout.errors import CaseError

FOLDER = ".page"  # in the case folder
CHECK, PACK = WORKS = ("job", "pack")
_PATIENCE = 50  # tenths of a second
LINES = 200  # of what the steps said, kept for the page

DONE, FAILED, STOPPED, BROKEN = "done", "failed", "stopped", "broken"


@dataclass(frozen=True, slots=True)
class Choices:
    """How a check is made; each is an option of `optout run`."""

    keep_images: bool = True
    allow_private: bool = False
    delay: float | None = None  # seconds between two requests to a host
    owned: tuple[str, ...] = ()  # hosts whose robots.txt is read, not obeyed
    demo: bool = False  # the invented site needs no patience


@dataclass(frozen=True, slots=True)
class PackChoices:
    """What a pack is about and how it is made; each is an option of `optout evidence`."""

    requests: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    by: str = ""
    screenshots: bool = True
    allow_private: bool = False
    owned: tuple[str, ...] = ()
    pause: float | None = None  # seconds between two requests to a host
    demo: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """How far a check or a pack is."""

    pid: int = 0
    began: str = ""  # ISO 8601, UTC
    ended: str = ""
    step: int = 0  # 1 to `steps`; 0 before the first
    steps: int = 0
    title: str = ""
    counts: dict[str, Any] = field(default_factory=dict)  # of the step that runs
    lines: tuple[str, ...] = ()
    outcome: str = ""  # done, failed, stopped, broken; "" while it runs or when it was killed
    failed: tuple[str, ...] = ()  # titles of steps
    news: dict[str, int] = field(default_factory=dict)  # since the check before; see worker.news
    choices: dict[str, Any] = field(default_factory=dict)
    made: str = ""  # name of the pack


@dataclass(frozen=True, slots=True)
class Watched:
    """A State, and whether its process is alive."""

    state: State
    running: bool

    @property
    def interrupted(self) -> bool:
        """Begun, not ended, and nobody is at work."""
        return bool(self.state.began) and not self.running and not self.state.outcome


def watch(folder: Path, work: str = CHECK) -> Watched:
    """How far the latest work of this sort on the case in `folder` is."""
    running = locked(_place(folder, work, "lock"))  # asked first: it may end in between
    return Watched(read(folder, work), running)


def read(folder: Path, work: str = CHECK) -> State:
    """.page/<work>.json; an empty State where there is none or it is damaged."""
    try:
        data = json.loads(_place(folder, work, "json").read_text("utf-8"))
        lines, failed = tuple(data.pop("lines")), tuple(data.pop("failed"))
        return State(**data, lines=lines, failed=failed)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return State()


def save(folder: Path, state: State, work: str = CHECK) -> None:
    """Write .page/<work>.json beside and rename it. Raises OSError."""
    write_whole(_place(folder, work, "json"), json.dumps(asdict(state), ensure_ascii=False))


def start(case: Case, choices: Choices | PackChoices, began: str, work: str = CHECK) -> bool:
    """Begin the work, or go on with an interrupted check; False when it is running already.

    Raises CaseError when the folder cannot be written.
    """
    place = case.folder / FOLDER
    try:
        place.mkdir(exist_ok=True)
        lock = os.open(_place(case.folder, work, "lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unwritable(place, error) from error
    try:
        if not take(lock):
            return False
        save(case.folder, State(began=began, choices=asdict(choices)), work)
        _launch(case.folder, work, lock)
    except OSError as error:
        raise _unwritable(place, error) from error
    finally:
        os.close(lock)  # the child has inherited it, and with it the lock
    return True


def _launch(folder: Path, work: str, lock: int) -> None:
    with _place(folder, work, "log").open("wb") as log:
        child = subprocess.Popen(  # noqa: S603 (this Python, our own module)
            [sys.executable, "-m", "optout.web.worker", str(folder.resolve()), work],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock,),
            start_new_session=True,  # a Ctrl-C in the terminal is for the server
        )
    threading.Thread(target=child.wait, daemon=True).start()  # so that it is collected


def stop(folder: Path, work: str = CHECK) -> bool:
    """Ask the running work to stop after what it is at; False when none runs."""
    for _ in range(_PATIENCE):
        watched = watch(folder, work)
        if not watched.running:
            return False
        if watched.state.pid > 0:
            with suppress(ProcessLookupError):
                os.kill(watched.state.pid, signal.SIGINT)
            return True
        time.sleep(0.1)  # it has been started this moment and has not said who it is
    return False


def with_line(state: State, line: str) -> State:
    """The state with one more line of what was said; a step's first line names the step."""
    number, slash, rest = line.partition("/")
    if slash and number.isdecimal():
        total, _, title = rest.partition(" ")
        if total.isdecimal():
            return replace(state, step=int(number), steps=int(total), title=title, counts={})
    return replace(state, lines=(*state.lines, line)[-LINES:])


def locked(path: Path) -> bool:
    """Whether a process holds the lock in this file."""
    try:
        lock = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not take(lock)
    except OSError:
        return True
    finally:
        os.close(lock)


def _place(folder: Path, work: str, suffix: str) -> Path:
    return folder / FOLDER / f"{work}.{suffix}"


def _unwritable(place: Path, error: OSError) -> CaseError:
    return CaseError(
        f"nothing can be written to {place.parent}: {error.strerror or error}",
        "free some space, or allow writing to the folder, then try again",
    )
