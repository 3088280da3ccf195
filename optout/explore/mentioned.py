"""Names → which of them stand in a caption, whatever their number."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterable

from optout.matching.texts import Names, folded, names

SEPARATOR = "\x1f"  # between names in one text; no name holds it
_WORD = re.compile(r"[^\W_]+")


class Mentioned:
    """Finds names in captions as words of their own, without case and accents.

    A name is a run of words; of each word of a caption only the names that begin with it are
    tried, so that five thousand names cost hardly more than five.
    """

    def __init__(self, written: Iterable[str]) -> None:
        """`written` names; single short words are left out, see `left_out`."""
        prepared: Names = names(written)
        self.left_out = prepared.left_out
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        self._spaceless: list[tuple[str, re.Pattern[str]]] = []
        for one in prepared.searched:
            name, pattern = one.written, one.pattern
            words = tuple(_WORD.findall(folded(name)))
            if all(word.isascii() or (word.isalpha() and _spaced(word)) for word in words):
                self._by_first[words[0]].append((words, name))
            else:
                self._spaceless.append((name, pattern))

    @property
    def any(self) -> bool:
        """Whether there is a name to look for."""
        return bool(self._by_first or self._spaceless)

    def in_caption(self, caption: str) -> list[str]:
        """The names that stand in `caption`, each once, sorted.

        >>> Mentioned(["Mira Solberg", "Jonas Weiß"]).in_caption("fox, MIRA-SÓLBERG & jonas weiss")
        ['Jonas Weiß', 'Mira Solberg']
        """
        text = folded(html.unescape(caption) if "&" in caption else caption)
        words = _WORD.findall(text)
        found = {
            name
            for place, word in enumerate(words)
            for sequence, name in self._by_first.get(word, ())
            if tuple(words[place : place + len(sequence)]) == sequence
        }
        found |= {name for name, pattern in self._spaceless if pattern.search(text)}
        return sorted(found)

    def joined(self, caption: str | None) -> str | None:
        """`in_caption` as one text, None where there is none."""
        found = self.in_caption(caption) if caption else []
        return SEPARATOR.join(found) if found else None


def _spaced(word: str) -> bool:
    """Whether words of this script stand apart: neither Han, kana nor Hangul."""
    return not re.search(r"[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]", word)
