"""Packets of metadata in image files: every container, damaged ones, and any bytes at all."""

from __future__ import annotations

import hashlib
import io
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin, TiffImagePlugin

from crawler import file_metadata
from crawler.file_metadata import Packet, read
from crawler.file_metadata.packet import MAX_PACKET
from crawler.sniff import sniff

XMP = b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta>\xe2\x98\x83</x:xmpmeta>'
NOTICE = b"(c) Mira Solberg\0"
STORE = b"c2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71"


def saved(kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 10, 10)).save(out, kind, **options)
    return out.getvalue()


def with_copyright() -> Any:
    tags = Image.Exif()
    tags[0x8298] = NOTICE[:-1].decode()
    return tags


def told(body: bytes) -> list[tuple[str, str | None, bytes | None, str | None]]:
    """Kind, place, bytes and problem of every packet; each lies where it is said to lie."""
    found = read(body, sniff(body))
    for one in found:
        if one.offset is not None and one.data and "zTXt" not in (one.place or ""):
            assert one.data in (body[one.offset :][: len(one.data)], one.data)
    return [(one.kind, one.place, one.data, one.problem) for one in found]


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(content))


def in_png(*chunks: bytes) -> bytes:
    plain = saved("PNG")
    return plain[:33] + b"".join(chunks) + plain[33:]


def in_jpeg(*segments: tuple[int, bytes]) -> bytes:
    plain = saved("JPEG")
    made = (b"\xff%c" % code + struct.pack(">H", len(c) + 2) + c for code, c in segments)
    return plain[:2] + b"".join(made) + plain[2:]


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def store(size: int = 100) -> bytes:
    """A box that says it is a C2PA manifest store."""
    return box(b"jumb", box(b"jumd", STORE + b"\x03c2pa\0") + bytes(range(256)) * (size // 256 + 1))


XAP = b"http://ns.adobe.com/xap/1.0/\0"
MORE = b"http://ns.adobe.com/xmp/extension/\0"


@pytest.mark.parametrize(
    ("kind", "exif_place", "xmp_place"),
    [
        ("JPEG", "APP1 tag 33432", "APP1"),
        ("WEBP", "EXIF tag 33432", "XMP"),
        ("AVIF", "Exif item tag 33432", "mime item"),
    ],
)
def test_as_pillow_writes_them(kind: str, exif_place: str, xmp_place: str) -> None:
    body = saved(kind, xmp=XMP, exif=with_copyright())
    assert told(body) == [
        ("exif_copyright", exif_place, NOTICE, None),
        ("xmp", xmp_place, XMP, None),
    ]


def test_tiff() -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[700], tags[33432] = XMP, NOTICE[:-1].decode()
    iim = b"\x1c\x02\x05\0\x03abc" + b"\x1c\x02\x74\0\x05(c) M"
    tags.tagtype[33723] = 1
    tags[33723] = iim
    assert told(saved("TIFF", tiffinfo=tags)) == [
        ("xmp", "tag 700", XMP, None),
        ("exif_copyright", "tag 33432", NOTICE, None),
        ("iptc_copyright", "tag 33723 2:116", b"(c) M", None),
    ]


@pytest.mark.parametrize("packed", [True, False])
def test_png_texts(packed: bool) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=packed)
    info.add_itxt("Comment", "not it", zip=packed)
    body = saved("PNG", pnginfo=info, exif=with_copyright())
    assert told(body) == [
        ("xmp", "iTXt XML:com.adobe.xmp", XMP, None),
        ("exif_copyright", "eXIf tag 33432", NOTICE, None),
    ]


def test_png_raw_profiles() -> None:
    def profile(name: bytes, content: bytes) -> bytes:
        digits = content.hex().encode()
        lines = b"\n".join(digits[n : n + 72] for n in range(0, len(digits), 72))
        text = b"\n%s\n%8d\n%s\n" % (name, len(content), lines)
        return chunk(b"zTXt", b"Raw profile type " + name + b"\0\0" + zlib.compress(text))

    iim = b"\x1c\x02\x74\0\x05(c) M"
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iim)) + iim
    body = in_png(profile(b"xmp", XMP), profile(b"iptc", resource), profile(b"exif", b"x"))
    assert [(kind, data) for kind, _, data, _ in told(body)] == [
        ("xmp", XMP),
        ("iptc_copyright", b"(c) M"),
    ]


def test_a_chunk_that_unpacks_to_gigabytes() -> None:
    bomb = zlib.compress(b"a" * 200 * 2**20)
    key = b"XML:com.adobe.xmp\0"
    started = time.process_time()
    (one,) = read(in_png(chunk(b"zTXt", key + b"\0" + bomb)), "image/png")
    assert time.process_time() - started < 1
    assert (one.size, one.truncated(), len(one.data or b"")) == (None, True, MAX_PACKET)


def test_jpeg_extended_xmp() -> None:
    long = bytes(range(256)) * 300
    head = MORE + hashlib.md5(long).hexdigest().upper().encode() + struct.pack(">I", len(long))
    parts = [(at, long[at : at + 40_000]) for at in range(0, len(long), 40_000)]
    segments = [(0xE1, head + struct.pack(">I", at) + part) for at, part in reversed(parts)]
    assert told(in_jpeg((0xE1, XAP + XMP), *segments)) == [
        ("xmp", "APP1", XMP, None),
        ("xmp", "APP1 extension", long, None),
    ]
    (_, one) = told(in_jpeg((0xE1, XAP + XMP), segments[0]))
    assert one == ("xmp", "APP1 extension", parts[-1][1], "its parts do not make a whole")


def test_jpeg_manifest_store_over_several_segments() -> None:
    whole = store(150_000)
    header, rest = whole[:8], whole[8:]
    segments = [
        (0xEB, b"JP\0\x05" + struct.pack(">I", n + 1) + header + rest[at : at + 60_000])
        for n, at in enumerate(range(0, len(rest), 60_000))
    ]
    assert told(in_jpeg(*segments)) == [("c2pa", "APP11", whole, None)]
    other = box(b"jumb", box(b"jumd", b"json" + STORE[4:] + b"\0"))
    assert told(in_jpeg((0xEB, b"JP\0\1\0\0\0\1" + other)))[0][:3] == ("jumbf", "APP11", other)


def test_jpeg_photoshop_resources() -> None:
    iim = b"\x1c\x02\x74\x80\x04\0\0\0\x05(c) M\x1c\x02\x78\0\1x"
    odd = b"8BIM\x04\x22\x03abc\0\0\0\x03xyz\0"  # an odd name and odd data, padded
    resource = odd + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iim)) + iim
    assert told(in_jpeg((0xED, b"Photoshop 3.0\0" + resource))) == [
        ("iptc_copyright", "APP13 8BIM 0404 2:116", b"(c) M", None)
    ]


def test_manifest_stores_of_the_other_formats() -> None:
    held = store()
    assert told(in_png(chunk(b"caBX", held))) == [("c2pa", "caBX", held, None)]
    webp = saved("WEBP")
    webp += b"C2PA" + struct.pack("<I", len(held)) + held + b"\0" * (len(held) % 2)
    webp = webp[:4] + struct.pack("<I", len(webp) - 8) + webp[8:]
    assert told(webp) == [("c2pa", "C2PA", held, None)]
    uuid = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
    made = box(b"uuid", uuid + b"\0\0\0\0manifest\0" + b"\0" * 8 + held)
    assert told(saved("AVIF") + made) == [("c2pa", "uuid", held, None)]


def test_gif_and_svg() -> None:
    trailer = bytes([1, *range(255, -1, -1), 0])
    gif = saved("GIF")
    gif = gif[:-1] + b"\x21\xff\x0bXMP DataXMP" + XMP + trailer + b";"
    assert told(gif) == [("xmp", "application extension", XMP, None)]
    rdf = b"<rdf:RDF xmlns:rdf='x'><a/></rdf:RDF>"
    assert told(b"<svg><metadata>" + rdf + b"</metadata></svg>") == [("xmp", "rdf:RDF", rdf, None)]


def test_damage_is_told_and_costs_only_what_is_damaged() -> None:
    body = in_jpeg((0xE1, b"Exif\0\0MM\0\x2a\0\0\xff\xff"), (0xE1, XAP + XMP))
    assert told(body) == [
        ("not_read", "APP1", None, "APP1 points beyond its end"),
        ("xmp", "APP1", XMP, None),
    ]
    cut = in_png(chunk(b"caBX", store()))[:60]
    assert [(kind, problem) for kind, _, _, problem in told(cut)] == [
        ("jumbf", "the part that holds it ends inside it"),
        ("not_read", "the file ends at byte 60, inside one of its parts"),
    ]
    assert told(b"\xff\xd8\xff\xe0\xff\xff") == [
        ("not_read", None, None, "the segment at byte 2 does not fit into the file")
    ]


def test_too_many_packets_and_too_large_ones() -> None:
    found = read(in_jpeg(*[(0xE1, XAP + XMP)] * 40), "image/jpeg")
    assert len(found) == file_metadata.MAX_PACKETS + 1
    assert found[-1] == Packet("not_read", problem="only the first 32 packets were kept")
    found = read(in_png(*[chunk(b"caBX", store(3 * MAX_PACKET))] * 6), "image/png")
    assert sum(len(one.data or b"") for one in found) == file_metadata.MAX_TOTAL
    assert all(one.truncated() for one in found)
    assert found[0].size == len(store(3 * MAX_PACKET))


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xd8" + b"\xff\xd0" * 2_000_000,
        b"\xff\xd8" + b"\xff" * 4_000_000,
        b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0aaaa\0\0\0\0" * 500_000,
        b"RIFF\xff\xff\xff\x7fWEBP" + b"abcd\0\0\0\0" * 500_000,
        b"\0\0\0\x10ftypavif" + b"\0" * 4 + b"\0\0\0\x08free" * 500_000,
        # A directory whose chain and entries overlap, over and over.
        b"MM\0*\0\0\0\x08" + b"\xff\xff" * 3_000_000,
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(b"0" * 2**20)) * 500,
    ],
    ids=["markers", "fill", "chunks", "riff", "boxes", "directory", "profiles"],
)
def test_no_file_makes_for_endless_work(body: bytes) -> None:
    started = time.process_time()
    found = read(body, sniff(body))
    assert time.process_time() - started < 2
    assert found[-1].kind == "not_read"


SEEDS = [
    saved("JPEG", xmp=XMP, exif=with_copyright()),
    in_png(chunk(b"caBX", store()), chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0x")),
    saved("WEBP", xmp=XMP, exif=with_copyright()),
    saved("AVIF", xmp=XMP, exif=with_copyright()),
    saved("TIFF", tiffinfo={700: XMP, 33432: "x"}),
    in_jpeg((0xEB, b"JP\0\1\0\0\0\1" + store()), (0xED, b"Photoshop 3.0\x008BIM\4\4\0\0\0\0\0\7")),
]
TYPES = sorted(file_metadata._WALKS)


@given(st.sampled_from(TYPES), st.binary(max_size=300))
def test_any_bytes(media_type: str, body: bytes) -> None:
    assert read(body, media_type)


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 4000), st.binary(min_size=1, max_size=8)), max_size=6),
    st.integers(0, 4000),
)
def test_any_damage(seed: bytes, changes: list[tuple[int, bytes]], cut: int) -> None:
    """Real files with bytes overwritten and their end cut off."""
    body = bytearray(seed)
    for at, new in changes:
        body[at % len(body) : at % len(body) + len(new)] = new
    found = read(bytes(body[: max(16, len(body) - cut)]), sniff(seed))
    assert found
    for one in found:
        assert one.kind in ("xmp", "exif_copyright", "iptc_copyright", "c2pa", "jumbf") or (
            one.data is None
        )


def test_a_signed_picture(shared: Path) -> None:
    body = (shared / "data/inline/sample_c2pa.png").read_bytes()
    found = read(body, "image/png")
    assert [(one.kind, one.place, one.size) for one in found] == [
        ("c2pa", "caBX", 60_047),
        ("xmp", "iTXt XML:com.adobe.xmp", 448),
    ]
    assert (found[0].data or b"")[4:8] == b"jumb"
