"""Bytes of an XML document from a stranger → its element tree, or why it is not read.

Nothing is fetched and nothing expanded: a document that declares entities is refused, however
they would be used (billion laughs, files of this machine, requests to others).
"""

from __future__ import annotations

from typing import Any

MAX_BYTES = 8 * 2**20
MAX_ELEMENTS = 100_000


def read(body: bytes) -> tuple[Any | None, str]:
    """(document element, "") or (None, why). Comments and processing instructions are left out.

    >>> read(b"<a/>")[0].tag, read(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')[1]
    ('a', 'a document type that may define entities')
    """
    from lxml import etree

    if len(body) > MAX_BYTES:
        return None, f"longer than {MAX_BYTES} bytes"
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,  # libxml2's own limits: depth, text, amplification
        remove_comments=True,
        remove_pis=True,
    )
    try:
        # Packets are padded behind their end; in UTF-16 every second octet is a NUL.
        text = body if b"\0" in body[:4] else body.strip(b" \t\r\n\0")
        root = etree.fromstring(text, parser)
    except (etree.LxmlError, ValueError) as error:
        return None, f"no XML: {str(error)[:200]}"
    inside = root.getroottree().docinfo.internalDTD
    if inside is not None and (inside.external_id or inside.system_url or any(inside.entities())):
        return None, "a document type that may define entities"
    if sum(1 for _ in zip(root.iter(), range(MAX_ELEMENTS + 1), strict=False)) > MAX_ELEMENTS:
        return None, f"more than {MAX_ELEMENTS} elements"
    return root, ""


def text_of(element: Any, limit: int = 4096) -> str:
    """All text within an element, blanks joined.

    >>> text_of(read(b"<a> x <b>y</b>\\n z</a>")[0])
    'x y z'
    """
    return " ".join(" ".join(element.itertext()).split())[:limit]


def raw_of(element: Any, limit: int = 4096) -> str:
    """The element as serialised, cut at `limit` characters."""
    from lxml import etree

    text: str = etree.tostring(element, encoding="unicode", with_tail=False)
    return text[:limit]


def names_of(element: Any) -> tuple[str, str]:
    """(namespace, local name) of an element; the namespace is "" where it has none.

    >>> names_of(read(b'<p:a xmlns:p="urn:x"/>')[0])
    ('urn:x', 'a')
    """
    from lxml import etree

    if not isinstance(element.tag, str):
        return "", ""  # an entity that was left as it is
    found = etree.QName(element)
    return found.namespace or "", found.localname
