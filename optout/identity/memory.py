"""A function of one text → its answers, kept for the texts that come again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

V = TypeVar("V")

_MOST = 65536  # answers kept; then all are forgotten, which costs less than choosing some
_LONGEST = 100  # letters of a text; longer ones hardly come again and would fill the memory


class Memory(dict[str, V]):
    """`memory[text]` is `function(text)`; a text seen before costs one look into a dictionary.

    >>> lengths = Memory(len)
    >>> lengths["fox"], "fox" in lengths
    (3, True)
    """

    __slots__ = ("_function",)

    def __init__(self, function: Callable[[str], V]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, text: str) -> V:
        value = self._function(text)
        if len(text) <= _LONGEST:
            if len(self) >= _MOST:
                self.clear()
            self[text] = value
        return value
