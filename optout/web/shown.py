"""Text of strangers → text that can stand in a page without moving or hiding anything.

Templates escape it; here is what escaping leaves: characters that turn the line around, that
cannot be seen, and too many of them.
"""

from __future__ import annotations

SHORT = 200  # characters of a caption or an address in a list
_JOINERS = "\u200c\u200d"  # Persian words and many emoji need them; they turn nothing around


def visible(value: object) -> str:
    """`value` with every character that cannot be seen spelled out.

    >>> visible("a\\u202eb\\x00")
    'a\\\\u202eb\\\\x00'
    """
    return "".join(
        c if c.isprintable() or c in _JOINERS else c.encode("unicode_escape").decode()
        for c in ("" if value is None else str(value)).encode("utf-8", "replace").decode("utf-8")
    )


def cut(value: object, most: int = SHORT) -> str:
    """The first `most` characters, visible, with a mark where there were more."""
    text = "" if value is None else str(value)
    return visible(text[:most]) + ("…" if len(text) > most else "")
