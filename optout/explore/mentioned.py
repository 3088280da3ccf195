"""Names → which of them stand in a caption, whatever their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from optout.matching.texts import Name, as_searched, names, pieces

SEPARATOR = "\x1f"  # between names in one text; no name holds it


class Mentioned:
    """Finds names in captions as words of their own, without case and accents.

    Each name is tried where its longest word stands, as first names are common: so five thousand
    names cost hardly more than five.
    """

    def __init__(self, written: Iterable[str]) -> None:
        """`written` names; single short words are left out, see `left_out`."""
        prepared = names(written)
        self.left_out = prepared.left_out
        self._by_word: dict[str, list[Name]] = defaultdict(list)
        for one in prepared.searched:
            words = [piece for word in one.words for piece in pieces(word)]
            self._by_word[max(words, key=len, default="")].append(one)

    @property
    def any(self) -> bool:
        """Whether there is a name to look for."""
        return bool(self._by_word)

    def in_caption(self, caption: str) -> list[str]:
        """The names that stand in `caption`, each once, sorted.

        >>> Mentioned(["Mira Solberg", "Jonas Weiß"]).in_caption("fox, MIRA-SÓLBERG & jonas weiss")
        ['Jonas Weiß', 'Mira Solberg']
        """
        text = as_searched(caption)
        words = {"", *pieces(text)}
        near = (one for word in words for one in self._by_word.get(word, ()))
        return sorted(one.written for one in near if one.pattern.search(text))

    def joined(self, caption: str | None) -> str | None:
        """`in_caption` as one text, None where there is none."""
        found = self.in_caption(caption) if caption else []
        return SEPARATOR.join(found) if found else None
