"""JPEG bytes → the same with another XMP segment (XMP part 3, 1.1.3.1). Nothing else moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from optout.protect.tagging.values import FileProblem

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXIF = b"Exif\0"
_APP0, _APP1, _APP11, _SOS = 0xE0, 0xE1, 0xEB, 0xDA
_ROOM = 0xFFFF - 2  # bytes of a segment beside its length
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length


def rewrite(data: bytes, change: Callable[[bytes | None], bytes]) -> bytes:
    """Put `change(present packet)` in place of the present packet, or after the Exif segment."""
    segments = list(_segments(data))
    if any(marker == _APP11 and b"jumb" in data[a:b][:64] for marker, a, b in segments):
        raise FileProblem(CREDENTIALS)
    found = [(a, b) for marker, a, b in segments if marker == _APP1 and _is_xmp(data[a:b])]
    if len(found) > 1:
        raise FileProblem("it holds two XMP packets, and readers differ on which one counts")
    if found:
        start, end = found[0]
        packet = change(data[start + 4 + len(_XMP) : end])
    else:
        start = end = _place(data, segments)
        packet = change(None)
    body = _XMP + packet
    if len(body) > _ROOM:
        raise FileProblem("its XMP packet has no room for the tag (64 kB is the most)")
    segment = b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body
    return data[:start] + segment + data[end:]


CREDENTIALS = (
    "it carries Content Credentials (C2PA), which any change would break; state the wish there"
)


def _is_xmp(segment: bytes) -> bool:
    return segment[4:].startswith(_XMP)


def _place(data: bytes, segments: list[tuple[int, int, int]]) -> int:
    """After JFIF and Exif, which must come first; before tables of other pictures in the file."""
    place = 2
    for marker, start, end in segments:
        exif = marker == _APP1 and data[start + 4 :].startswith(_EXIF)
        if start != place or not (marker == _APP0 or exif):
            break
        place = end
    return place


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each segment before the picture's data."""
    place = 2
    while place + 4 <= len(data):
        if data[place] != 0xFF:
            raise FileProblem("its JPEG segments cannot be read")
        marker = data[place + 1]
        if marker == 0xFF:  # a fill byte
            place += 1
            continue
        if marker in _ALONE:
            place += 2
            continue
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4])
        if end > len(data) or end < place + 4:
            break
        yield marker, place, end
        if marker == _SOS:
            return
        place = end
    raise FileProblem("it is cut short")
