"""Header lines made by a grammar → x_robots_tag.json: what the real packages do with each.

python tests/differential/make_x_robots_tag.py [VENV]: installs the packages in a virtual
environment of its own (in a temporary folder, or kept as VENV and used again), asks them, and
writes the table beside this file. The same seed gives the same lines.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).parent
TABLE = HERE / "x_robots_tag.json"
SEED = 9309
ROWS = 2500
WANTED = ("img2dataset==1.47.0", "datadiligence==0.1.7")
FIELDS = (
    *("img2dataset", "img2dataset, named"),
    *("datadiligence, all lines", "datadiligence, all lines, named"),
    *("datadiligence, first line", "datadiligence, first line, named"),
    *("datadiligence, last line", "datadiligence, last line, named"),
)

DATES = ("Wed, 03 Dec 2025 13:09:53 GMT", "Wednesday, 03-Dec-25 13:09:53 GMT", "2025-12-03")
AI = ("noai", "noimageai", "noindex", "noimageindex")
RULES = (
    *("none", "all", "nofollow", "noml", "noarchive", "nocache", "nosnippet", "notranslate"),
    *("indexifembedded", "max-snippet: 20", "max-snippet:-1", "max-image-preview:none"),
    *("max-image-preview: large", "max-video-preview : 3", "noai;noimageai", "no ai", "noai=1"),
    *("noai:", ":noai", "noai noimageai", "", "x"),
    *(f"unavailable_after: {date}" for date in DATES),
)
AGENTS = (
    *("googlebot", "otherbot", "bingbot", "img2dataset", "img2dataset", "datadiligence"),
    *("img2dataset/1.0", "img2", "*", "robots", "none", "noai", "unavailable_after", ""),
)
SPACES = ("", "", "", "", " ", " ", "  ", "\t")
# Some are white space to Python's strip() and not to HTTP; some come as UTF-8 read as Latin-1.
ODD = ("\xa0", "\x85", "\x1f", "\x0b", "\x0c", "\xad", "\xb5", "\xdf", "\xc0", "noa\xcf")
FOREIGN = ("ｎｏａｉ", "noaı", "İMG2DATASET", "ツ", "\u200b", "\ufeff", "“noai”")
RESERVED = ("1", " 1", "1 ", "0", "", "01", "1.0", "true", "1, 1", "1;a", "\xa01", "\t1\t")


class Grammar:
    """Makes header lines from one stream of random numbers."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def space(self) -> str:
        return self.random.choice(SPACES)

    def cased(self, word: str) -> str:
        how = self.random.choice((str, str, str, str.upper, str.title, str.swapcase))
        return how(word)

    def rule(self) -> str:
        word = self.random.choice(AI if self.random.random() < 0.4 else RULES)
        if self.random.random() < 0.04:
            odd = self.random.choice(ODD)
            word = self.random.choice((odd + word, word + odd, word[:2] + odd + word[2:]))
        if self.random.random() < 0.02:
            word = self.random.choice(FOREIGN).encode().decode("latin-1")
        return self.cased(word).encode("latin-1", "replace").decode("latin-1")

    def part(self) -> str:
        rule = self.space() + self.rule() + self.space()
        if self.random.random() < 0.25:
            agent = self.cased(self.random.choice(AGENTS))
            return f"{self.space()}{agent}{self.space()}:{rule}"
        return rule

    def line(self) -> str:
        line = ",".join(self.part() for _ in range(self.random.choice((1, 1, 1, 2, 2, 3, 4))))
        if self.random.random() < 0.1:  # two lines that were joined on the way
            line = f"{line}, {self.line()}"
        return line

    def row(self) -> tuple[list[str], list[str]]:
        tags = [self.line() for _ in range(self.random.choice((0, 1, 1, 1, 1, 1, 2, 2, 3)))]
        some = self.random.random() < 0.15 or not tags
        reserved = [self.random.choice(RESERVED) for _ in range(self.random.choice((1, 1, 2)))]
        return tags, reserved if some else []


def rows() -> list[tuple[list[str], list[str]]]:
    """The lines of each response, X-Robots-Tag and tdm-reservation; no row twice."""
    grammar = Grammar(SEED)
    found: dict[str, tuple[list[str], list[str]]] = {}
    while len(found) < ROWS:
        row = grammar.row()
        found.setdefault(json.dumps(row), row)
    return list(found.values())


def asked(folder: Path, given: list[tuple[list[str], list[str]]]) -> dict[str, object]:
    """Answers of the packages in the virtual environment at `folder`, made where it is absent."""
    python = folder / "bin/python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        for further in (
            [],
            ["--no-deps"],
        ):  # img2dataset alone, where what it needs is not to be had
            command = [str(python), "-m", "pip", "install", "-q", *further]
            for package in WANTED:
                subprocess.run([*command, package], check=False)
    out = subprocess.run(
        [str(python), str(HERE / "ask_packages.py")],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    if out.returncode:
        raise SystemExit(out.stderr)
    found: dict[str, object] = json.loads(out.stdout)
    return found


def main() -> None:
    """Ask, and write the table: a line of JSON per row."""
    given = rows()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(temporary) / "venv"
        found = asked(folder, given)
    answers = found.pop("answers")
    assert isinstance(answers, list)
    head = {**found, "seed": SEED, "fields": FIELDS}
    lines = [json.dumps([*row, digits]) for row, digits in zip(given, answers, strict=True)]
    text = json.dumps(head, indent=1)[:-2] + ',\n "rows": [\n' + ",\n".join(lines) + "\n]}\n"
    TABLE.write_text(text, "utf-8")
    print(f"wrote {TABLE}: {len(lines)} rows")


if __name__ == "__main__":
    main()
