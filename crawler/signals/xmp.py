"""An XMP packet → its Data Mining statements (IPTC/PLUS), and rights fields as context.

By namespace, not by prefix: another "DataMining" is another property. Of RDF's forms the value
may take an attribute, an element's text, rdf:resource or a structure (ISO 16684-1, 7).
Only properties of the picture itself count, not those of pictures it was made from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from crawler.signals import xml_tree
from crawler.signals.vocabulary import UNKNOWN, Status, Value, status, words

PLUS = "http://ns.useplus.org/ldf/xmp/1.0/"
_IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_VOCABULARY = ("http://ns.useplus.org/ldf/vocab/", "https://ns.useplus.org/ldf/vocab/")
_CONSTRAINTS = {
    (PLUS, "OtherConstraints"): "plus:OtherConstraints",
    (_IPTC_EXTENSION, "EmbdEncRightsExpr"): "iptcExt:EmbdEncRightsExpr",
    (_IPTC_EXTENSION, "LinkedEncRightsExpr"): "iptcExt:LinkedEncRightsExpr",
}
_MAX_VALUES = 100  # of one property


@dataclass(frozen=True, slots=True)
class Property:
    """One property of the picture."""

    name: str  # with the usual prefix, whatever the packet calls it
    form: str  # attribute or element
    values: tuple[str, ...]  # texts and addresses in it, in order
    raw: str
    line: int  # in the packet, counted from 1


@dataclass(frozen=True, slots=True)
class DataMining:
    """One plus:DataMining."""

    code: str  # e.g. DMI-PROHIBITED; as written where it is none of the vocabulary
    value: Value  # for the purposes that vocabulary.toml names
    status: Status  # of the code
    raw: str
    form: str
    line: int
    # What the code points to, where the packet holds it; () beside such a code is a fault.
    constraints: tuple[Property, ...] = ()
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Packet:
    """What was read of a packet. Context is never a reservation."""

    data_mining: tuple[DataMining, ...] = ()
    context: tuple[Property, ...] = ()
    fault: str = ""


def parse(packet: bytes) -> Packet:
    """Read a packet, with or without its wrapper.

    >>> text = (b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/'
    ...         b'22-rdf-syntax-ns#"><r:Description xmlns:p="http://ns.useplus.org/ldf/xmp/1.0/" '
    ...         b'p:DataMining="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"/></r:RDF></x:xmpmeta>')
    >>> parse(text).data_mining[0].code
    'DMI-PROHIBITED'
    """
    root, fault = xml_tree.read(packet)
    if root is None:
        return Packet(fault=fault)
    found = list(_properties(root))
    constraints = tuple(one for key, one in found if key in _CONSTRAINTS)
    return Packet(
        data_mining=tuple(
            _data_mining(one, constraints) for key, one in found if key == (PLUS, "DataMining")
        ),
        context=tuple(one for key, one in found if key in _context()),
    )


@cache
def _context() -> dict[tuple[str, str], str]:
    """(namespace, local name) → name with prefix, of the properties kept as context."""
    table = words("xmp_context")
    return {(one["namespace"], name.partition(":")[2]): name for name, one in table.items()}


def _data_mining(one: Property, constraints: tuple[Property, ...]) -> DataMining:
    written = one.values[0] if one.values else ""
    code, faults = _code(written)
    known = words("plus").get(code, {})
    pointed = known.get("constraint")
    named = tuple(c for c in constraints if c.name == pointed) if pointed else ()
    if not known:
        faults.append("no value of the vocabulary")
    if len(one.values) > 1:
        faults.append("more than one value")
    if pointed and not named:
        faults.append(f"{pointed} is missing")
    value: Value = known.get("reads", UNKNOWN)
    return DataMining(
        code=code,
        value=value if len(one.values) == 1 else UNKNOWN,
        status=status("plus", code),
        raw=one.raw,
        form=one.form,
        line=one.line,
        constraints=named,
        faults=tuple(faults),
    )


def _code(written: str) -> tuple[str, list[str]]:
    """The vocabulary's code of a value, and what is wrong with how it is written."""
    for start in _VOCABULARY:
        if written.startswith(start):
            faults = [] if start == _VOCABULARY[0] else ["the address begins with https"]
            return written[len(start) :], faults
    return written, ["no address of the vocabulary"]


def _properties(root: Any) -> Iterator[tuple[tuple[str, str], Property]]:
    """(namespace, local name) and property, of the nodes right below rdf:RDF.

    A node in a property (an ingredient, a pantry) is about something else.
    """
    for rdf in root.iter(f"{{{_RDF}}}RDF"):
        for node in rdf:
            for written, value in node.attrib.items():
                key = _split(written)
                if _name(key):
                    raw = f'{key[1]}="{value[:4096]}"'
                    text, line = value.strip()[:4096], node.sourceline or 0
                    yield key, Property(_name(key), "attribute", (text,), raw, line)
            for child in node:
                key = xml_tree.names_of(child)
                if _name(key):
                    values = tuple(_values(child))
                    raw, line = xml_tree.raw_of(child), child.sourceline or 0
                    yield key, Property(_name(key), "element", values, raw, line)


def _name(key: tuple[str, str]) -> str:
    """The usual name of a property we keep; "" of others."""
    if key == (PLUS, "DataMining"):
        return "plus:DataMining"
    return _CONSTRAINTS.get(key) or _context().get(key, "")


def _values(element: Any) -> Iterator[str]:
    """Texts and addresses in a property, in document order; xml:lang and the like are none."""
    found = 0
    for one in element.iter():
        texts = [value for key, value in one.attrib.items() if _is_value(_split(key))]
        if len(one) == 0 or one is element:
            texts.append(one.text or "")
        for text in texts:
            if text.strip() and found < _MAX_VALUES:
                found += 1
                yield " ".join(text.split())[:4096]


def _is_value(key: tuple[str, str]) -> bool:
    """Attributes that say something: rdf:resource, rdf:value, and fields written short."""
    namespace, name = key
    if namespace == _RDF:
        return name in ("resource", "value")
    return namespace not in ("", "http://www.w3.org/XML/1998/namespace")


def _split(written: str) -> tuple[str, str]:
    namespace, brace, name = written[1:].partition("}") if written[:1] == "{" else ("", "", "")
    return (namespace, name) if brace else ("", written)
