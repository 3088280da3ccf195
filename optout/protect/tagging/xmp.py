"""An XMP packet, or none → the same with plus:DataMining set (ISO 16684-1, 7)."""

from __future__ import annotations

from lxml import etree

from optout.protect.tagging.values import NAMESPACE, FileProblem

MOST = 16 * 2**20  # bytes of a packet that are looked at
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_FRESH = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{rdf}">
<rdf:Description rdf:about="" xmlns:plus="{plus}"><plus:DataMining>{value}</plus:DataMining>\
</rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def with_tag(packet: bytes | None, value: str) -> bytes:
    """A packet that says `value`, with everything else that `packet` says.

    Raises FileProblem when the present packet cannot be read: it is not thrown away.
    """
    if packet is None or not packet.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        return _FRESH.format(rdf=_RDF, plus=NAMESPACE, value=value).encode()
    tree = _parsed(packet)
    rdf = next(tree.getroot().iter(f"{{{_RDF}}}RDF"), None)
    if rdf is None:
        raise FileProblem("its XMP packet holds no RDF")
    _remove(rdf)
    about = next((a for d in rdf if (a := d.get(f"{{{_RDF}}}about"))), "")
    place = etree.SubElement(rdf, f"{{{_RDF}}}Description", nsmap={"plus": NAMESPACE})
    place.set(f"{{{_RDF}}}about", about)
    etree.SubElement(place, f"{{{NAMESPACE}}}DataMining").text = value
    written: bytes = etree.tostring(tree, encoding="UTF-8", xml_declaration=False)
    return written


def _parsed(packet: bytes) -> etree._ElementTree:
    if len(packet) > MOST:
        raise FileProblem(f"its XMP packet is larger than {MOST} bytes")
    # No entities, no DTD, no network, bounded depth and size: the packet comes from strangers.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        tree = etree.ElementTree(etree.fromstring(packet.strip(b"\0"), parser))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FileProblem("its XMP packet is not well-formed XML") from error
    if tree.docinfo.doctype or any(tree.iter(etree.Entity)):
        raise FileProblem("its XMP packet declares entities")
    return tree


def _remove(rdf: etree._Element) -> None:
    """Take out what the packet said of data mining until now, in any of its forms."""
    name = f"{{{NAMESPACE}}}DataMining"
    for node in [*rdf.iter(name)]:
        parent = node.getparent()
        if parent is not None:
            parent.remove(node)
    for node in rdf.iter(f"{{{_RDF}}}Description"):
        node.attrib.pop(name, None)
