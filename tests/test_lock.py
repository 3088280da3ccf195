"""Who has a file: one alone, several that look, none after a kill; a system without locks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.lock import give_part, held, take_part
from optout.cli import main

HOLD = """
import sys, time
from pathlib import Path
from crawler.lock import held
with held(Path(sys.argv[1])) as ours:
    print(ours, flush=True)
    time.sleep(60)
"""


def test_one_has_the_file_alone_and_some_share_it(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with held(path) as first, held(path) as second, held(path, shared=True) as third:
        assert (first, second, third) == (True, False, False)
    with held(path, shared=True) as first, held(path, shared=True) as second, held(path) as third:
        assert (first, second, third) == (True, True, False)


def test_a_killed_program_blocks_nobody(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout
    with child.stdout:
        assert child.stdout.readline() == "True\n"
        with held(path) as ours:
            assert not ours
        child.kill()
        child.wait()
    with held(path) as ours:
        assert ours


def test_parts_of_a_file_are_given_back(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "parts", os.O_RDWR | os.O_CREAT)
    assert take_part(fd, 8, 8) and take_part(fd, 16, 8)
    give_part(fd, 8, 8)
    assert take_part(fd, 8, 8)
    os.close(fd)


def test_without_locks_a_command_says_so_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    members = tmp_path / "members.csv"
    members.write_text("number,names,sites\n1,Mira Solberg,https://a.example\n")
    folder = str(tmp_path / "organisation")
    assert main(["members", "import", str(members), "--folder", folder]) == 1
    assert "use Linux or macOS, on Windows inside WSL" in capsys.readouterr().err
