"""Any bytes: every parser returns. Coverage-guided search for more is tests/fuzz/fuzz.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.fuzz import seeds
from tests.fuzz.parsers import PARSERS
from tests.image_files import data_mining

WORDS = st.sampled_from(
    [
        *(b"User-agent: *\n", b"Content-Usage: ", b"Content-Signal:", b"train-ai=n", b"#"),
        *(b"Disallow: *.", b"License: https://", b"datatrainingallowed=", b"\n", b"\r"),
        *(b'[{"location": "/', b'"tdm-reservation": 1}', b"unavailable_after: ", b", ", b"%"),
        *(b"<rsl>", b"<content url='", b"<license>", b"<prohibits type='usage'>", b"</", b"&x;"),
        *(b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n", b"RIFF", b"WEBP", b"XMP ", b"II*\0"),
        *(b"ftypavif", b"http://ns.adobe.com/xap/1.0/\0", b"\0"),
    ]
)
BODIES = st.binary(max_size=400) | st.lists(WORDS | st.binary(max_size=12), max_size=40).map(
    b"".join
)


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
@given(BODIES)
@example(b"")
@example(b"\xef\xbb\xbf")
@example(data_mining())
def test_any_bytes(parser: Callable[[bytes], object], body: bytes) -> None:
    parser(body)


@pytest.mark.parametrize("name", PARSERS)
def test_cut_and_bent_inputs(name: str) -> None:
    """Real inputs cut at many places, and with one octet changed."""
    parser = PARSERS[name]
    for seed in list(seeds(name))[:60]:
        step = max(len(seed) // 12, 1)
        for at in range(0, len(seed), step):
            parser(seed[:at])
            parser(seed[:at] + bytes([seed[at] ^ 0xFF]) + seed[at + 1 :])


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS)
@pytest.mark.parametrize(
    "piece",
    [
        b"a",
        b",",
        b"\n",
        b"(",
        b"[",
        b"{",
        b"*",
        b"/*",
        b"<a>",
        b"a=b,",
        b"\xff",
        b"User-agent: *\nDisallow: /*a\n",
    ],
)
def test_long_repetitions_end_soon(parser: Callable[[bytes], object], piece: bytes) -> None:
    parser(piece * (200_000 // len(piece)))
