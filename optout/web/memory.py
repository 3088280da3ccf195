"""Results that take long, kept between two requests while the case stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

_MOST = 8


class Memory:
    """Computed once for a state of the case; a few at a time, and gone with the server."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[Hashable, tuple[Hashable, Any]] = {}

    def of(self, name: Hashable, state: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` gave for `name` in this `state`; made anew when the state has changed."""
        with self._lock:
            found = self._kept.get(name)
            if found and found[0] == state:
                return found[1]
            made = make()
            self._kept.pop(name, None)
            while len(self._kept) >= _MOST:
                self._kept.pop(next(iter(self._kept)))
            self._kept[name] = (state, made)
            return made

    def keep(self, name: Hashable, value: Any) -> None:
        """Remember a value until the server ends."""
        self.of(name, object(), lambda: value)

    def last(self, name: Hashable) -> Any:
        """The value kept last under this name, or None."""
        with self._lock:
            found = self._kept.get(name)
            return found[1] if found else None
