"""Dates and waits that servers send: anything at all is one, or is none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.failures import retry_after
from crawler.http_date import asked_wait, moment

NOW = datetime(2015, 10, 21, 7, 27, tzinfo=UTC)
PIECES = st.sampled_from(
    [
        *[
            "0",
            "1",
            "31",
            "99",
            "2015",
            "9999",
            "12:00:00",
            "-0000",
            "+2359",
            "-9999",
            "GMT",
            "Oct",
            "Jan",
            "Wed,",
            "Wed",
            ",",
            ":",
            "-",
            "+",
        ],
        " ",
    ]
)


def test_both_forms_of_a_wait() -> None:
    assert asked_wait("Wed, 21 Oct 2015 07:28:00 GMT", NOW) == 60
    assert asked_wait(" 120 ") == 120
    assert asked_wait("Wed, 21 Oct 2015 07:26:00 GMT", NOW) == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "-1",
        "Wed, 21 Oct 99999999999999999999999 07:28:00 GMT",
        "Wed, 21 Oct 2015 99999999999999999999:28:00 GMT",
        "Wed, 21 Oct 2015 07:28:00 +999999999999999999999",
    ],
)
def test_what_is_no_date_asks_for_no_wait(text: str) -> None:
    assert moment(text) is None
    assert asked_wait(text) is None
    assert retry_after(text.encode()) is None


@given(st.text(max_size=60) | st.lists(PIECES, max_size=9).map(" ".join))
def test_anything_is_a_wait_or_none(text: str) -> None:
    wait = asked_wait(text, NOW)
    assert wait is None or wait >= 0
    found = retry_after(text.encode("latin-1", "replace"))
    assert found is None or 0 <= found <= 120
