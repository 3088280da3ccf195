"""robots.txt files made by a grammar → robots_google.json: what Google's own parser answers.

python tests/differential/make_robots_google.py FOLDER: FOLDER is a checkout of google/robotstxt.
Compiles it with robots_google.cc in a temporary folder; needs g++, git and Abseil (on Debian:
libabsl-dev). The same seed gives the same files.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
TABLE = HERE / "robots_google.json"
SEED = 9309
FILES = 600
LIBRARIES = ("strings", "base", "raw_logging_internal", "throw_delegate")

KEYS = (
    *("User-agent", "user-agent", "useragent", "User Agent", "user-agents", "USER-AGENT"),
    *("Allow", "allow", "Allowed", "Disallow", "disallow", "DISALLOW", "Dissallow", "disalow"),
    *("diasllow", "disallaw", "alow", "DisallowAITraining", "Sitemap", "site-map"),
    *("Crawl-delay", "Content-Signal", "x", ""),
)
COMMON = ("User-agent", "Allow", "Allow", *("Disallow",) * 5)
SEPARATORS = (": ", ": ", ": ", ": ", ":", " : ", ":\t", " ", "\t", "", "  ")
NAMES = (
    "*",
    "*",
    "*",
    "*",
    "* x",
    "*\tx",
    "*x",
    "a",
    "A",
    "foo",
    "Foo Bar",
    "foo/1.0",
    "foo9",
    "9foo",
    "",
)
PATTERNS = (
    *("/", "/", "/", "/a", "/a/", "/a*", "/*a", "/**a$", "/a$", "/a$b", "/%62", "/ツ", "/*"),
    *("/%e3%83%84",),
    *("/a/index.html", "/a/index.htm", "/a/index.htmlx", "/index.html?x", "*/b", "b", "/a b"),
    *("/a%2fb", "/a/b/c", "/*/", "*", "$", "/$", "/%", "/%2", "/a\0b", "/a;b?c", ""),
)
ENDS = ("\n", "\n", "\r\n", "\r", "\n\n", "\n\r")
TAILS = ("", "", "", "", " ", "# c", " #x", " x")
TARGETS = (
    *("/", "/a", "/a/", "/a/b", "/b", "/%62", "/%E3%83%84", "/%e3%83%84", "/a/index.html"),
    *("/index.html", "/a%2Fb", "/a%2fb", "/a$b", "/a;b?c", "/robots.txt", "/ba", "/a/b/c"),
)
AGENTS = ("a", "foo", "FOO", "Foo Bar", "bar")

# A body as Latin-1, and what is asked of it.
Given = tuple[str, list[tuple[str, str]]]


def body(chance: random.Random) -> str:
    """Lines of every kind; some files begin with a byte order mark, some hold a stray octet."""
    text = chance.choice(("", "", "", "\ufeff"))
    if chance.random() < 0.8:
        text += f"User-agent: {chance.choice(('*', '*', 'a', 'foo'))}{chance.choice(ENDS)}"
    for _ in range(chance.randint(1, 10)):
        key = chance.choice(KEYS if chance.random() < 0.3 else COMMON)
        values = NAMES if key.lower().startswith("user") else PATTERNS
        line = key + chance.choice(SEPARATORS) + chance.choice(values) + chance.choice(TAILS)
        text += chance.choice(("", "", " ", "\t")) + line + chance.choice(ENDS)
    octets = text.encode()
    if chance.random() < 0.05:
        octets = octets[1:]
    if chance.random() < 0.05:
        at = chance.randrange(len(octets))
        octets = octets[:at] + bytes([chance.randrange(256)]) + octets[at:]
    return octets.decode("latin-1")


def given() -> Iterator[Given]:
    """Files, each with agents and targets to ask for."""
    chance = random.Random(SEED)
    for _ in range(FILES):
        asked = [(a, t) for a in chance.sample(AGENTS, 2) for t in chance.sample(TARGETS, 3)]
        yield body(chance), asked


def compiled(checkout: Path, folder: Path) -> Path:
    """The program that asks the parser."""
    program = folder / "ask"
    sources = [checkout / "robots.cc", HERE / "robots_google.cc"]
    libraries = [f"-labsl_{name}" for name in LIBRARIES]
    command = ["g++", "-std=c++17", "-O1", f"-I{checkout}", *map(str, sources), *libraries]
    subprocess.run([*command, "-o", str(program)], check=True)
    return program


def hexed(octets: bytes) -> str:
    return octets.hex() or "-"


def main() -> None:
    """Compile, ask, and write the table: a line of JSON per file."""
    checkout = Path(sys.argv[1])
    rows = list(given())
    questions = [
        " ".join(map(hexed, (text.encode("latin-1"), agent.encode(), b"http://a.example" + t)))
        for text, asked in rows
        for agent, t in ((agent, target.encode()) for agent, target in asked)
    ]
    with tempfile.TemporaryDirectory() as folder:
        out = subprocess.run(
            [str(compiled(checkout, Path(folder)))],
            input="\n".join(questions),
            capture_output=True,
            text=True,
            check=True,
        )
    answers = iter(out.stdout.splitlines())
    lines = []
    for text, asked in rows:
        told = [[*question, *map(int, next(answers).split())] for question in asked]
        lines.append(json.dumps([text, told]))
    commit = subprocess.run(
        ["git", "-C", str(checkout), "rev-parse", "--short=7", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
    )
    head = f' "google/robotstxt": "{commit.stdout.strip()}",\n "seed": {SEED},\n'
    TABLE.write_text("{\n" + head + ' "rows": [\n' + ",\n".join(lines) + "\n]}\n", "utf-8")
    print(f"wrote {TABLE}: {len(questions)} answers")


if __name__ == "__main__":
    main()
