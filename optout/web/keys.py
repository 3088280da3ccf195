"""Start addresses, windows and their forms → who may ask this server for anything.

A start address works once. It is exchanged for a cookie that only this server's pages send.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from threading import Lock

_BYTES = 32


class Keys:
    """The secrets of one running server; they end with it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._starts: set[str] = set()
        self._windows: set[str] = set()
        self._secret = secrets.token_bytes(_BYTES)
        self.again = secrets.token_urlsafe(_BYTES)  # with it a second start asks for an address

    def new_start(self) -> str:
        """A token for a start address."""
        token = secrets.token_urlsafe(_BYTES)
        with self._lock:
            self._starts.add(token)
        return token

    def exchange(self, token: str) -> str | None:
        """A window's key for a start token, which then is used up; None for any other text."""
        with self._lock:
            if token not in self._starts:
                return None
            self._starts.remove(token)
            window = secrets.token_urlsafe(_BYTES)
            self._windows.add(window)
            return window

    def knows(self, window: str) -> bool:
        """Whether this server gave the key out."""
        with self._lock:
            return window in self._windows

    def form(self, window: str) -> str:
        """What every form of a window carries, and no other site can know."""
        return hmac.new(self._secret, window.encode(), hashlib.sha256).hexdigest()

    def fits(self, window: str, form: str) -> bool:
        """Whether a form was made for the window."""
        return hmac.compare_digest(self.form(window).encode(), form.encode("utf-8", "replace"))
