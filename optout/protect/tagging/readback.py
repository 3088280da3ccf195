"""A picture's bytes → the tag it carries, and a fingerprint of its pixels.

The packet is found by Pillow and read by the standard library's parser; the code that writes it
uses neither.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, ParseError

from optout.protect.tagging.values import NAMESPACE, FileProblem

if TYPE_CHECKING:
    from PIL import Image

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")
MOST_PIXELS = 178_956_970  # decoded and compared, over all frames: where Pillow itself stops
_TOO_MANY = f"it has more than {MOST_PIXELS:,} pixels to compare"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_TAG = f"{{{NAMESPACE}}}DataMining"


def data_mining(data: bytes) -> str | None:
    """The value of plus:DataMining, whichever of its three forms it is written in; None if absent.

    Raises FileProblem when the picture or its packet cannot be read, or when it says two things.
    """
    packet = _packet(data)
    if not packet:
        return None
    values = set(_values(_parsed(packet)))
    if len(values) > 1:
        raise FileProblem("its XMP packet says two things about data mining")
    return values.pop() if values else None


def pixels(data: bytes) -> str:
    """SHA-256 over colour profile, size, mode, palette and pixels of every frame.

    Raises FileProblem when they cannot be read, or are more than can be compared.
    """
    from PIL import ImageSequence

    digest = hashlib.sha256()
    left = MOST_PIXELS
    with _opened(data) as image:
        digest.update(image.info.get("icc_profile") or b"")
        for frame in ImageSequence.Iterator(image):
            left -= frame.width * frame.height
            if left < 0:
                raise FileProblem(_TOO_MANY)
            digest.update(f"{frame.size} {frame.mode} {frame.getpalette()}".encode())
            digest.update(frame.tobytes())
    return digest.hexdigest()


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    from PIL import Image

    with warnings.catch_warnings():
        # About many pixels, which are counted, and about odd fields, which are not ours.
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                yield image
        except Image.DecompressionBombError as error:
            raise FileProblem(_TOO_MANY) from error
        except FileProblem:
            raise
        except Exception as error:  # decoders raise a dozen kinds of errors on hostile bytes
            raise FileProblem("it cannot be read as a picture") from error


def _packet(data: bytes) -> bytes:
    with _opened(data) as image:
        packet = image.info.get("xmp") or b""
    return packet if isinstance(packet, bytes) else str(packet).encode()


def _parsed(packet: bytes) -> Element:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(packet.strip(b"\0"), forbid_dtd=True)
    except (ParseError, ValueError, DefusedXmlException) as error:
        raise FileProblem("its XMP packet cannot be read back") from error
    return root


def _values(root: Element) -> list[str]:
    found = []
    for node in root.iter():
        if node.tag == _TAG:
            found.append(node.get(f"{_RDF}resource") or (node.text or "").strip())
        if _TAG in node.attrib:
            found.append(node.attrib[_TAG])
    return found
