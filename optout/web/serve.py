"""A case folder → a running page on this computer, and its address in the browser."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.lock import take
from optout.errors import CaseError
from optout.web import job
from optout.web.job import FOLDER

if TYPE_CHECKING:
    import uvicorn

    from optout.web.guard import App

HOST = "127.0.0.1"
_LOCK, _ADDRESS = "page.lock", "page.json"
_GRACE = 2  # seconds for answers that are under way when the server ends


def serve(
    folder: Path, port: int, tell: Callable[[str], None], show: Callable[[str], None]
) -> None:
    """Serve the page of the case in `folder` until it is told to end.

    `tell` hears what goes on, `show` the address to open. Where this case is being served
    already, a fresh address of that page is shown instead. Raises CaseError when the port is
    taken.
    """
    import uvicorn

    from optout.web.app import make_app
    from optout.web.ask import Site
    from optout.web.keys import Keys
    from optout.web.memory import Memory

    keys = Keys()
    with _alone(folder) as alone:
        if alone is False:
            show(_running(folder))
            tell("this case is open already; its page is shown again")
            return
        with _listening(port) as listener:
            number = listener.getsockname()[1]
            if alone is None:
                tell(f"{folder} cannot be written to: you can look, but nothing can be changed")
            else:
                _publish(folder, number, keys.again)
            site = Site(folder, number, keys, Memory(), writable=alone is not None)
            server = uvicorn.Server(_config(make_app(site)))
            show(f"http://{HOST}:{number}/start/{keys.new_start()}")
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            with suppress(KeyboardInterrupt):  # uvicorn ends cleanly, then raises it again
                server.run(sockets=[listener])
            if job.stop(folder):
                tell("the check that was running has been stopped; what it gathered is kept")
            if job.stop(folder, job.PACK):
                tell("the evidence pack that was being made has been stopped")


def _config(app: App) -> uvicorn.Config:
    import uvicorn

    return uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        access_log=False,  # addresses hold the start token
        log_level="error",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE,
    )


@contextmanager
def _alone(folder: Path) -> Iterator[bool | None]:
    """True: this server has the case; False: another has it; None: the folder is read-only."""
    try:
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / FOLDER / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        yield None
        return
    try:
        yield take(lock)
    finally:
        os.close(lock)


def is_open(folder: Path) -> bool:
    """Whether a server has this case now."""
    return job.locked(folder / FOLDER / _LOCK)


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    """A listening socket on loopback. Raises CaseError when the port is taken."""
    with socket.socket() as listener:
        # A port in the wait after an earlier server is free; one that is listened on is not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen(128)
        except OSError as error:
            raise CaseError(
                f"port {port} of this computer cannot be used: {error.strerror or error}",
                "leave --port out, and a free one is taken",
            ) from error
        yield listener


def _publish(folder: Path, port: int, again: str) -> None:
    """Where a second start finds this server; readable by this user alone."""
    beside = folder / FOLDER / f"{_ADDRESS}.new"
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"port": port, "key": again}, file)
    beside.replace(folder / FOLDER / _ADDRESS)


def _running(folder: Path) -> str:
    """A fresh start address of the server that has the case. Raises CaseError."""
    import httpx

    try:
        found = json.loads((folder / FOLDER / _ADDRESS).read_text("utf-8"))
        base = f"http://{HOST}:{int(found['port'])}"
        headers = {"Authorization": f"Bearer {found['key']}"}
        answer = httpx.post(f"{base}/again", headers=headers, timeout=10, trust_env=False)
        answer.raise_for_status()
        return f"{base}{answer.text}"
    except (OSError, ValueError, LookupError, TypeError, httpx.HTTPError) as error:
        raise CaseError(
            f"the page of {folder} is open in another program, which does not answer",
            "wait a moment and try again, or end that program",
        ) from error
