"""Image files made at test time: XMP in five formats, Content Credentials with own certificates."""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import struct
import zlib
from functools import cache
from typing import Any

from PIL import Image, TiffImagePlugin

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")
PLUS = "http://ns.useplus.org/ldf/xmp/1.0/"
VOCABULARY = "http://ns.useplus.org/ldf/vocab/"


def packet(description: str, namespaces: str = "") -> bytes:
    """An XMP packet with its wrapper; `description` is an rdf:Description or several."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        f'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" {namespaces}>'
        f'{description}</rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'
    ).encode()


def data_mining(code: str = "DMI-PROHIBITED") -> bytes:
    """A packet that says `code` in an attribute."""
    return packet(
        f'<rdf:Description rdf:about="" xmlns:plus="{PLUS}" plus:DataMining="{VOCABULARY}{code}"/>'
    )


def image(kind: str, xmp: bytes | None = None, **options: Any) -> bytes:
    """A small picture of one format, with an XMP packet where one is given."""
    out = io.BytesIO()
    if xmp is not None and kind == "TIFF":
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[700] = xmp
        tags.tagtype[700] = 1
        options["tiffinfo"] = tags
    elif xmp is not None and kind != "PNG":
        options["xmp"] = xmp
    Image.new("RGB", (16, 12), (200, 40, 90)).save(out, kind, **options)
    body = out.getvalue()
    return with_itxt(body, xmp) if xmp is not None and kind == "PNG" else body


def with_itxt(body: bytes, xmp: bytes, *, compressed: bool = False, behind: bool = False) -> bytes:
    """A PNG with an iTXt chunk behind its header, or behind its pixels."""
    text = zlib.compress(xmp) if compressed else xmp
    content = b"XML:com.adobe.xmp\0" + bytes([compressed, 0]) + b"\0\0" + text
    chunk = struct.pack(">I", len(content)) + b"iTXt" + content
    chunk += struct.pack(">I", zlib.crc32(b"iTXt" + content))
    at = len(body) - 12 if behind else 33
    return body[:at] + chunk + body[at:]


def with_extended(body: bytes, extended: bytes, digest: bytes | None = None) -> bytes:
    """A JPEG with extended XMP in two portions, the second one first."""
    digest = digest or hashlib.md5(extended).hexdigest().upper().encode()
    half = len(extended) // 2
    segments = b""
    for offset, part in ((half, extended[half:]), (0, extended[:half])):
        head = b"http://ns.adobe.com/xmp/extension/\0" + digest
        content = head + struct.pack(">II", len(extended), offset) + part
        segments += b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content
    return body[:2] + segments + body[2:]


def with_notice(body: bytes, text: bytes) -> bytes:
    """A JPEG with an IIM copyright notice in Photoshop's segment."""
    record = b"\x1c\x02\x74" + struct.pack(">H", len(text)) + text
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record
    content = b"Photoshop 3.0\0" + resource + b"\0" * (len(resource) % 2)
    segment = b"\xff\xed" + struct.pack(">H", len(content) + 2) + content
    return body[:2] + segment + body[2:]


# --- Content Credentials ---


def assertion(label: str, **uses: Any) -> dict[str, Any]:
    """A training-mining assertion; a use is a word or the whole entry."""
    family = label.partition(".")[0]
    entries = {
        f"{family}.{key}": use if isinstance(use, dict) else {"use": use}
        for key, use in uses.items()
    }
    return {"label": label, "data": {"entries": entries}}


def signed(
    kind: str,
    assertions: list[dict[str, Any]],
    ingredient: bytes | None = None,
    remote: str | None = None,
) -> bytes:
    """A picture with a manifest that holds `assertions`; `ingredient` is a parent file.

    With `remote` the picture only names an address, as if its manifest lay there.
    """
    import c2pa

    media_type = f"image/{kind.lower()}"
    definition = {
        "claim_generator_info": [{"name": "tests", "version": "1"}],
        "format": media_type,
        "title": "picture",
        "assertions": assertions,
    }
    out = io.BytesIO()
    settings = c2pa.Settings.from_dict({"verify": {"verify_after_sign": False}})
    with c2pa.Builder(json.dumps(definition), c2pa.Context(settings)) as builder:
        if remote is not None:
            builder.set_no_embed()
            builder.set_remote_url(remote)
        if ingredient is None:
            builder.set_intent(
                c2pa.C2paBuilderIntent.CREATE, c2pa.C2paDigitalSourceType.DIGITAL_CREATION
            )
        else:
            builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
            source = io.BytesIO(ingredient)
            about = json.dumps({"title": "parent", "relationship": "parentOf"})
            builder.add_ingredient(about, media_type, source)
        with c2pa.Signer.from_info(_signer()) as signer:
            builder.sign(signer, media_type, io.BytesIO(image(kind)), out)
    return out.getvalue()


@cache
def _signer() -> Any:
    """A certificate of an own authority, as C2PA asks of one (ES256)."""
    import c2pa
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(text: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Made for tests"),
                x509.NameAttribute(NameOID.COMMON_NAME, text),
            ]
        )

    def usage(**uses: bool) -> x509.KeyUsage:
        names = ("digital_signature", "content_commitment", "key_encipherment", "key_cert_sign")
        names += ("data_encipherment", "key_agreement", "crl_sign", "encipher_only")
        flags = {one: uses.get(one, False) for one in (*names, "decipher_only")}
        return x509.KeyUsage(**flags)

    authority_key = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    start = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)

    def certificate(subject: str, public: Any, *extensions: tuple[Any, bool]) -> Any:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name("authority"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=36500))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
                False,
            )
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(authority_key, hashes.SHA256())

    authority = certificate(
        "authority",
        authority_key.public_key(),
        (x509.BasicConstraints(True, None), True),
        (usage(key_cert_sign=True, crl_sign=True), True),
    )
    leaf = certificate(
        "signer",
        key.public_key(),
        (x509.BasicConstraints(False, None), True),
        (usage(digital_signature=True), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
    )
    pem = serialization.Encoding.PEM
    chain = leaf.public_bytes(pem) + authority.public_bytes(pem)
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, chain, private, None)
