"""Reservations inside image files: PLUS Data Mining, C2PA and CAWG; rights fields as context."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from crawler import file_metadata
from crawler.signals import c2pa, image_metadata, vocabulary, xmp
from crawler.sniff import sniff
from tests.conftest import Answer, Respond
from tests.image_files import (
    FORMATS,
    PLUS,
    VOCABULARY,
    assertion,
    data_mining,
    image,
    packet,
    signed,
    with_extended,
    with_itxt,
    with_notice,
)

EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
PLUS_NS = f'xmlns:plus="{PLUS}"'


def read(body: bytes) -> image_metadata.ImageMetadata:
    """What is read of an image file."""
    return image_metadata.read(file_metadata.read(body, sniff(body)))


def mined(body: bytes) -> list[str]:
    """Codes of all Data Mining statements in an image file."""
    return [one.code for found in read(body).packets for one in xmp.parse(found).data_mining]


# --- files ---


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("code", vocabulary.words("plus"))
def test_every_value_in_every_format(kind: str, code: str) -> None:
    assert mined(image(kind, data_mining(code))) == [code]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_without_a_packet_says_nothing(kind: str) -> None:
    found = read(image(kind))
    assert (found.packets, found.fields, found.not_read, found.faults) == ((), (), "", ())


def test_png_packets_compressed_and_behind_the_pixels() -> None:
    plain = image("PNG")
    assert mined(with_itxt(plain, data_mining(), compressed=True)) == ["DMI-PROHIBITED"]
    assert mined(with_itxt(plain, data_mining(), behind=True)) == ["DMI-PROHIBITED"]


def test_a_compressed_bomb_is_a_fault() -> None:
    bomb = with_itxt(image("PNG"), b"<" * 50_000_000, compressed=True)
    found = read(bomb)
    assert found.packets == ()
    assert found.faults == ("xmp in iTXt XML:com.adobe.xmp: it is cut",)


def test_extended_xmp_is_put_together() -> None:
    body = with_extended(image("JPEG", data_mining("DMI-ALLOWED")), data_mining())
    assert sorted(mined(body)) == ["DMI-ALLOWED", "DMI-PROHIBITED"]


def test_extended_xmp_with_another_digest_is_a_fault() -> None:
    body = with_extended(image("JPEG"), data_mining(), b"0" * 32)
    found = read(body)
    assert found.packets == ()
    assert found.faults == ("xmp in APP1 extension: it has not the digest that it names",)


def test_a_picture_that_claims_many_pixels_is_read_all_the_same() -> None:
    """Pillow's Image.open refuses such scans; no pixel is decoded here."""
    body = image("PNG", data_mining())
    header = b"IHDR" + (60_000).to_bytes(4) + (60_000).to_bytes(4) + body[24:29]
    large = body[:12] + header + zlib.crc32(header).to_bytes(4) + body[33:]
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(large))
    assert mined(large) == ["DMI-PROHIBITED"]
    size = image("JPEG", data_mining()).replace(b"\0\x0c\0\x10\x03", b"\xff\xf0\xff\xf0\x03")
    assert size != image("JPEG", data_mining())
    assert mined(size) == ["DMI-PROHIBITED"]


@pytest.mark.parametrize("kind", ["TIFF", "AVIF"])
def test_a_damaged_file_says_that_it_was_not_read(kind: str) -> None:
    body = image(kind, data_mining())
    assert read(body[:20]).not_read


def test_rights_fields_are_context() -> None:
    exif = Image.Exif()
    exif[0x8298] = "(c) 2026 Ana Example"
    for kind in FORMATS:
        fields = read(image(kind, exif=exif)).fields
        assert [(one.name, one.text) for one in fields] == [
            ("EXIF Copyright", "(c) 2026 Ana Example")
        ], kind
    fields = read(with_notice(image("JPEG"), "© Ana".encode())).fields
    assert [(one.name, one.text) for one in fields] == [("IIM 2:116", "© Ana")]
    assert vocabulary.no_signal("field", "EXIF Copyright")


def test_other_files_are_said_not_to_be_read() -> None:
    for body, kind in ((b"BM", "image/bmp"), (b"", "bytes of an unknown type")):
        assert read(body).not_read == f"no packets are looked for in {kind}"


# --- packets ---


@pytest.mark.parametrize(
    ("description", "form"),
    [
        (f'<rdf:Description {PLUS_NS} plus:DataMining="{VOCABULARY}DMI-PROHIBITED"/>', "attribute"),
        (
            f"<rdf:Description {PLUS_NS}><plus:DataMining>\n {VOCABULARY}DMI-PROHIBITED "
            "</plus:DataMining></rdf:Description>",
            "element",
        ),
        (
            f"<rdf:Description {PLUS_NS}><plus:DataMining "
            f'rdf:resource="{VOCABULARY}DMI-PROHIBITED"/></rdf:Description>',
            "element",
        ),
        (
            f'<rdf:Description {PLUS_NS}><plus:DataMining rdf:parseType="Resource"><rdf:value>'
            f"{VOCABULARY}DMI-PROHIBITED</rdf:value></plus:DataMining></rdf:Description>",
            "element",
        ),
        # The prefix is free, and the node may have a type.
        (
            f'<x:Photo xmlns:x="urn:x" xmlns:p="{PLUS}" '
            f'p:DataMining="{VOCABULARY}DMI-PROHIBITED"/>',
            "attribute",
        ),
    ],
)
def test_forms_of_the_value(description: str, form: str) -> None:
    found = xmp.parse(packet(description)).data_mining
    assert [(one.code, one.value, one.form, one.faults) for one in found] == [
        ("DMI-PROHIBITED", "disallowed", form, ())
    ]


@pytest.mark.parametrize(
    ("value", "code", "faults"),
    [
        ("DMI-PROHIBITED", "DMI-PROHIBITED", ("no address of the vocabulary",)),
        (
            "https://ns.useplus.org/ldf/vocab/DMI-PROHIBITED",
            "DMI-PROHIBITED",
            ("the address begins with https",),
        ),
        (f"{VOCABULARY}DMI-NEW", "DMI-NEW", ("no value of the vocabulary",)),
        ("", "", ("no address of the vocabulary", "no value of the vocabulary")),
    ],
)
def test_values_written_otherwise(value: str, code: str, faults: tuple[str, ...]) -> None:
    text = f'<rdf:Description {PLUS_NS} plus:DataMining="{value}"/>'
    found = xmp.parse(packet(text)).data_mining[0]
    assert (found.code, found.faults) == (code, faults)
    assert found.value == ("disallowed" if code == "DMI-PROHIBITED" else "unknown")


def test_a_property_of_another_namespace_is_another_property() -> None:
    text = f'<rdf:Description xmlns:plus="urn:x" plus:DataMining="{VOCABULARY}DMI-PROHIBITED"/>'
    assert xmp.parse(packet(text)).data_mining == ()


def test_what_an_ingredient_says_is_not_about_the_picture() -> None:
    inner = f'<rdf:li {PLUS_NS} plus:DataMining="{VOCABULARY}DMI-PROHIBITED"/>'
    text = (
        '<rdf:Description xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"><xmpMM:Ingredients>'
        f"<rdf:Bag>{inner}</rdf:Bag></xmpMM:Ingredients></rdf:Description>"
    )
    assert xmp.parse(packet(text)).data_mining == ()


def test_constraints_are_kept_and_missed() -> None:
    code = f'plus:DataMining="{VOCABULARY}DMI-PROHIBITED-SEECONSTRAINT"'
    text = (
        f"<rdf:Description {PLUS_NS} {code}><plus:OtherConstraints><rdf:Alt>"
        '<rdf:li xml:lang="x-default">Ask me first</rdf:li></rdf:Alt></plus:OtherConstraints>'
        "</rdf:Description>"
    )
    found = xmp.parse(packet(text)).data_mining[0]
    assert [one.values for one in found.constraints] == [("Ask me first",)]
    assert found.faults == ()
    alone = xmp.parse(packet(f"<rdf:Description {PLUS_NS} {code}/>")).data_mining[0]
    assert alone.faults == ("plus:OtherConstraints is missing",)
    assert alone.value == "disallowed"


def test_links_to_rights_expressions_are_kept() -> None:
    text = (
        f'<rdf:Description {PLUS_NS} xmlns:e="{EXTENSION}" '
        f'plus:DataMining="{VOCABULARY}DMI-PROHIBITED-SEELINKEDRIGHTSEXPR"><e:LinkedEncRightsExpr>'
        '<rdf:Bag><rdf:li rdf:parseType="Resource"><e:LinkedRightsExpr>https://example.org/r.json'
        "</e:LinkedRightsExpr></rdf:li></rdf:Bag></e:LinkedEncRightsExpr></rdf:Description>"
    )
    (constraint,) = xmp.parse(packet(text)).data_mining[0].constraints
    assert constraint.name == "iptcExt:LinkedEncRightsExpr"
    assert constraint.values == ("https://example.org/r.json",)


def test_context_is_no_reservation() -> None:
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    text = (
        f'<rdf:Description {PLUS_NS} xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:iptcExt="{EXTENSION}" iptcExt:DigitalSourceType="{source}"><dc:rights><rdf:Alt>'
        '<rdf:li xml:lang="x-default">No AI training</rdf:li></rdf:Alt></dc:rights><plus:Licensor>'
        '<rdf:Seq><rdf:li rdf:parseType="Resource"><plus:LicensorURL>https://example.org/licence'
        "</plus:LicensorURL></rdf:li></rdf:Seq></plus:Licensor></rdf:Description>"
    )
    found = xmp.parse(packet(text))
    assert found.data_mining == ()
    assert {one.name: one.values for one in found.context} == {
        "iptcExt:DigitalSourceType": (source,),
        "dc:rights": ("No AI training",),
        "plus:Licensor": ("https://example.org/licence",),
    }
    for one in found.context:
        assert vocabulary.no_signal("property", one.name)


def test_packets_with_entities_are_refused() -> None:
    text = b'<!DOCTYPE x [<!ENTITY a "b">]>' + data_mining()
    assert xmp.parse(text).fault == "a document type that may define entities"


def test_packets_in_utf_16() -> None:
    text = data_mining().decode().replace("\ufeff", "")
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        found = xmp.parse(text.encode(encoding))
        assert [one.code for one in found.data_mining] == ["DMI-PROHIBITED"], encoding


def test_padding_behind_a_packet_is_left_out() -> None:
    assert xmp.parse(data_mining() + b" \n" * 1000 + b"\0\0").data_mining


# --- Content Credentials ---


@pytest.mark.shared
def test_the_sample_of_c2pa_1(shared: Path) -> None:
    body = (shared / "data" / "inline" / "sample_c2pa.png").read_bytes()
    found = c2pa.read(body)
    assert (found.present, found.state, found.problems) == (
        True,
        "Valid",
        ("signingCredential.untrusted",),
    )
    assert [(one.relation, one.key, one.use, one.value) for one in found.entries] == [
        ("active", f"c2pa.{key}", "notAllowed", "disallowed")
        for key in ("ai_generative_training", "ai_inference", "ai_training", "data_mining")
    ]
    assert found.signer == "C2PA Test Signing Cert"


@pytest.mark.parametrize("kind", FORMATS)
def test_cawg_in_every_format(kind: str) -> None:
    uses = {
        "ai_generative_training": "notAllowed",
        "ai_inference": "allowed",
        "ai_training": {"use": "constrained"},
        "data_mining": {"use": "constrained", "constraint_info": "https://example.org/terms"},
    }
    found = c2pa.read(signed(kind, [assertion("cawg.training-mining", **uses)]))
    assert (found.state, found.signer) == ("Valid", "Made for tests")
    assert {one.key: (one.value, one.constraint) for one in found.entries} == {
        "cawg.ai_generative_training": ("disallowed", ""),
        "cawg.ai_inference": ("allowed", ""),
        "cawg.ai_training": ("disallowed", ""),
        "cawg.data_mining": ("unknown", "https://example.org/terms"),
    }


def test_the_active_manifest_comes_before_its_ingredients() -> None:
    parent = signed("JPEG", [assertion("c2pa.training-mining", ai_training="notAllowed")])
    body = signed("JPEG", [assertion("cawg.training-mining", ai_training="allowed")], parent)
    found = c2pa.read(body)
    assert [(one.relation, one.assertion, one.value) for one in found.entries] == [
        ("active", "cawg.training-mining", "allowed"),
        ("ingredient", "c2pa.training-mining", "disallowed"),
    ]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_tampered_file_still_says_it_and_is_invalid(kind: str) -> None:
    body = bytearray(signed(kind, [assertion("cawg.training-mining", ai_training="notAllowed")]))
    body[body.index(b"notAllowed") - 1 : body.index(b"notAllowed") + 10] = b"jnotAllowEd"
    found = c2pa.read(bytes(body))
    assert found.state == "Invalid"
    assert "assertion.hashedURI.mismatch" in found.problems
    assert [(one.use, one.value, one.faults) for one in found.entries] == [
        ("notAllowEd", "unknown", ("no known use",))
    ]


def test_a_picture_changed_after_signing_is_invalid() -> None:
    body = bytearray(signed("PNG", [assertion("cawg.training-mining", ai_training="notAllowed")]))
    body[-14] ^= 0xFF  # in the pixels
    found = c2pa.read(bytes(body))
    assert (found.state, found.problems[-1]) == ("Invalid", "assertion.dataHash.mismatch")
    assert [one.value for one in found.entries] == ["disallowed"]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_without_manifest_was_read_and_holds_none(kind: str) -> None:
    assert c2pa.read(image(kind)) == c2pa.Credentials()


def test_a_manifest_elsewhere_is_named_and_not_fetched(serve: Callable[[Respond], str]) -> None:
    asked: list[str] = []

    def respond(method: str, path: str, headers: dict[str, str]) -> Answer:
        asked.append(path)
        return 404, [], b""

    address = serve(respond) + "/picture.c2pa"
    uses = [assertion("c2pa.training-mining", ai_training="notAllowed")]
    found = c2pa.read(signed("JPEG", uses, remote=address))
    assert (found.present, found.remote, found.entries) == (True, address, ())
    assert found.not_read == "not read because it lies elsewhere"
    assert asked == []


def test_a_damaged_file_is_not_read() -> None:
    body = signed("PNG", [assertion("cawg.training-mining", ai_training="notAllowed")])
    found = c2pa.read(body[: len(body) // 2])
    assert not found.present
    assert found.not_read.startswith("not read because the file is damaged")
    assert c2pa.read(b"BM" + b"\0" * 60).not_read.startswith("not read because the format")


def test_without_the_library_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "c2pa", None)
    found = c2pa.read(image("PNG"))
    assert found.not_read == 'not read because c2pa-python is missing (extra "metadata")'


def test_reports_of_odd_shape() -> None:
    entry = {"use": "constrained", "constraints_info": "by the text of CAWG"}
    store = {
        "active_manifest": "a",
        "manifests": {
            "old": {"assertions": [{"label": "c2pa.training-mining__1", "data": {"x.y": 7}}]},
            "a": {
                "assertions": [
                    {"label": "cawg.training-mining", "data": {"cawg.data_mining": entry}},
                    {"label": "cawg.training-mining-other", "data": {"x": {"use": "allowed"}}},
                ],
                "ingredients": [{"active_manifest": "a"}, {"active_manifest": "gone"}, 7],
            },
        },
    }
    found = c2pa.credentials(json.dumps(store))
    assert [(one.relation, one.key, one.value, one.faults) for one in found.entries] == [
        ("active", "cawg.data_mining", "unknown", ()),
        ("earlier", "x.y", "unknown", ("no known use", "a key of another family")),
    ]
