"""Which kind a JUMBF box is: a C2PA manifest store or another (ISO/IEC 19566-5, C2PA 2.1, 11)."""

from __future__ import annotations

_STORE = b"c2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71"


def box_kind(box: bytes) -> str:
    """`c2pa` for a box whose description says that it is a manifest store, else `jumbf`.

    >>> box_kind(b"\\0\\0\\0\\x28jumb" + b"\\0\\0\\0\\x20jumd" + _STORE), box_kind(b"")
    ('c2pa', 'jumbf')
    """
    head = 16 if box[:4] == b"\0\0\0\1" else 8
    return "c2pa" if box[head + 8 : head + 24] == _STORE else "jumbf"
