"""Decoding: one way to see a file, and a reason for every file that is no picture."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from optout.vision.decode import MAX_BYTES, Picture, Unreadable, decode, reasons
from tests.drawn import as_file, drawn


def png_header(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG that says to be of this size, whatever follows."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


REFUSED = {
    "nothing": (b"", "empty"),
    "a bomb of 10 gigapixels": (png_header(100_000, 100_000), "too_many_pixels"),
    "a bomb just above our limit": (png_header(20_000, 5_001), "too_many_pixels"),
    "a tracking pixel": (as_file(Image.new("RGB", (1, 1))), "too_small"),
    "a line one pixel high": (as_file(Image.new("RGB", (900, 1))), "too_small"),
    "SVG": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "vector"),
    "SVG with a comment first": (b"\xef\xbb\xbf<!-- x --><svg width='9'/>", "vector"),
    "a web page": (b"<!doctype html><title>gone</title>", "not_an_image"),
    "PostScript, which would start a program": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not_an_image"),
    "text": (b"not found", "not_an_image"),
    "half a JPEG": (as_file(drawn(1), "JPEG")[:6000], "truncated"),
    "half a PNG": (as_file(drawn(1))[:6000], "truncated"),
    "a PNG of broken pixels": (png_header(40, 40, b"rubbish"), "broken"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_seen_has_a_reason(name: str) -> None:
    data, reason = REFUSED[name]
    found = decode(data)
    assert isinstance(found, Unreadable)
    assert found.reason == reason
    assert found.text.startswith(reasons()[reason])


def test_more_bytes_than_we_read_are_refused_before_they_are_looked_at() -> None:
    found = decode(bytes(MAX_BYTES + 1))
    assert isinstance(found, Unreadable)
    assert found.reason == "too_large"


@given(st.binary(max_size=300), st.integers(0, 2000), st.integers(0, 255))
def test_no_bytes_raise(noise: bytes, place: int, value: int) -> None:
    whole = bytearray(as_file(drawn(2, 40, 30), "GIF"))
    whole[place % len(whole)] = value
    for data in (noise, bytes(whole), bytes(whole)[:place], b"\x89PNG\r\n\x1a\n" + noise):
        found = decode(data)
        assert isinstance(found, Picture) or found.reason in reasons()


def seen(data: bytes) -> Picture:
    found = decode(data)
    assert isinstance(found, Picture), found
    return found


def test_the_content_decides_not_the_name() -> None:
    assert seen(as_file(drawn(1), "WEBP")).format == "WEBP"


def test_orientation_of_exif_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right to view
    picture = seen(as_file(drawn(1, 60, 40), "PNG", exif=exif))
    assert (picture.width, picture.height) == (40, 60)
    plain = np.asarray(drawn(1, 60, 40))
    assert np.array_equal(picture.pixels, np.rot90(plain, -1))


@pytest.mark.parametrize("value", range(1, 9))
def test_every_orientation_is_that_of_pillow(value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    data = as_file(drawn(1, 60, 40), "PNG", exif=exif)
    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(seen(data).pixels, expected)


def test_an_exif_that_cannot_be_read_leaves_the_pixels() -> None:
    for exif in (b"Exif\x00\x00rubbish", b"Exif\x00\x00MM\x00*\xff\xff\xff\xff"):
        data = as_file(drawn(1, 60, 40), "JPEG", exif=exif)
        assert seen(data).pixels.shape == (40, 60, 3)


def test_transparent_parts_lie_on_white() -> None:
    clear = Image.new("RGBA", (20, 20), (200, 0, 0, 0))
    assert (seen(as_file(clear)).pixels == 255).all()
    half = Image.new("RGBA", (20, 20), (0, 0, 0, 128))
    assert abs(int(seen(as_file(half)).pixels[0, 0, 0]) - 127) <= 1
    palette = Image.new("P", (20, 20), 3)
    palette.putpalette([10, 20, 30] * 8)
    assert (seen(as_file(palette, transparency=3)).pixels == 255).all()


def test_the_first_frame_of_an_animation_counts() -> None:
    first, second = drawn(1, 50, 50), drawn(2, 50, 50)
    for form in ("GIF", "WEBP"):
        options = {"lossless": True} if form == "WEBP" else {}
        data = as_file(first, form, save_all=True, append_images=[second], **options)
        picture = seen(data)
        assert "first frame of several" in picture.notes
        difference = np.abs(picture.pixels.astype(int) - np.asarray(first)).mean()
        assert difference < 8


def test_sixteen_bits_are_scaled() -> None:
    deep = Image.fromarray(np.full((20, 20), 0x8080, np.uint16))
    picture = seen(as_file(deep))
    assert (picture.pixels == 0x80).all()
    assert picture.pixels.shape == (20, 20, 3)


def test_four_inks_become_colours() -> None:
    picture = seen(as_file(Image.new("CMYK", (32, 32), (0, 255, 255, 0)), "JPEG"))
    red, green, blue = picture.pixels[16, 16]
    assert red > 200
    assert max(green, blue) < 60


def test_a_colour_profile_is_converted_and_a_broken_one_ignored() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    same = seen(as_file(drawn(1, 40, 40), "PNG", icc_profile=lab.tobytes()))
    assert "colour profile converted" in same.notes
    assert np.abs(same.pixels.astype(int) - np.asarray(drawn(1, 40, 40))).max() <= 2
    broken = seen(as_file(drawn(1, 40, 40), "PNG", icc_profile=b"no profile" * 20))
    assert "colour profile not usable" in broken.notes
    assert np.array_equal(broken.pixels, np.asarray(drawn(1, 40, 40)))


def test_grey_and_two_level_pictures_have_three_channels() -> None:
    for mode in ("L", "1", "LA", "P"):
        assert seen(as_file(drawn(3, 40, 30).convert(mode))).pixels.shape == (30, 40, 3)


def test_a_picture_is_decoded_alike_twice() -> None:
    data = as_file(drawn(5), "JPEG", quality=60)
    assert seen(data).pixels.tobytes() == seen(data).pixels.tobytes()
