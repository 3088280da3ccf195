"""A file is whole or as it was: what stands in it after an error, a long name, a kill before."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.whole import whole, write_whole


def test_the_content_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("old")
    write_whole(path, "new é \udc80", lasting=True)
    assert path.read_bytes() == "new é ?".encode()
    write_whole(path, b"\0\r\n")
    assert path.read_bytes() == b"\0\r\n"
    assert list(tmp_path.iterdir()) == [path]


def test_after_an_error_the_file_is_as_it_was_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("old")
    with pytest.raises(ValueError), whole(path) as beside:
        beside.write_text("half")
        raise ValueError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_program_left_beside_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    with whole(path) as beside:
        left = beside
        beside.write_text("x")
    left.write_text("half of something longer")
    write_whole(path, "whole")
    assert path.read_text() == "whole"
    assert not left.exists()


def test_the_longest_name_a_system_takes_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 127 + "x")  # 255 bytes
    write_whole(path, "text")
    assert path.read_text() == "text"
