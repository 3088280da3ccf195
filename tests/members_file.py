"""A members file of any size, the same every time: `python tests/members_file.py 5000`.

Invented people on invented sites; every so many rows a shared gallery, an account, a mandate that
has ended, a member who has left. With `broken`, three rows that no program can use.
"""

from __future__ import annotations

import csv
import io
import random
import sys

HEADER = (
    "member number",
    "names",
    "sites",
    "accounts",
    "languages",
    "mandate date",
    "mandate until",
    "mandate scope",
    "contact for publication",
    "status",
)
_FIRST = [
    "Mira",
    "Jonas",
    "Élodie",
    "Søren",
    "Ana",
    "Tomás",
    "Ingrid",
    "Luca",
    "Yuki",
    "Nadia",
    "Piotr",
    "Zoë",
    "Farid",
    "Greta",
]
_LAST = [
    "Solberg",
    "Weiß",
    "Moreau",
    "Lindqvist",
    "García",
    "Novák",
    "Okafor",
    "Rossi",
    "Tanaka",
    "Haddad",
    "Kowalska",
    "Vries",
]
_LETTERS = [
    "Abe",
    "Bell",
    "Cor",
    "Dan",
    "Eld",
    "Fin",
    "Gar",
    "Hol",
    "Iver",
    "Jan",
    "Kell",
    "Lor",
    "Mun",
    "Nor",
    "Oak",
    "Pell",
    "Quin",
    "Ros",
]
BROKEN_LINES = (100, 2000, 4000)  # of a file with 5,000 members, where 1 is the header


def members_csv(count: int, *, broken: bool = True, delimiter: str = ",") -> str:
    """The text of a members file with `count` rows."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(HEADER)
    chance = random.Random(5)
    for number in range(1, count + 1):
        row = _row(number, chance)
        if broken and number + 1 in BROKEN_LINES:
            row = _break(row, BROKEN_LINES.index(number + 1))
        writer.writerow(row)
    return out.getvalue()


def name_of(number: int) -> str:
    """The name of a member: no two of 5,000 have the same."""
    middle = _LETTERS[number // 168 % 18] + _LETTERS[number // (168 * 18) % 18].lower()
    return f"{_FIRST[number % 14]} {middle} {_LAST[number // 14 % 12]}"


def _row(number: int, chance: random.Random) -> list[str]:
    sites = [f"https://artist-{number:05d}.example/"]
    if number % 50 == 0:
        sites.append(f"https://gallery.example/artists/{number}")
    return [
        f"{number:05d}",
        name_of(number),
        "; ".join(sites),
        f"tumblr:artist{number:05d}" if number % 7 == 0 else "",
        chance.choice(["en", "de", "fr", "es", "de; en"]),
        "04.11.2025" if number % 2 else "2025-11-04",
        "2026-01-31" if number % 40 == 0 else "",
        "requests and statistics",
        f"agency-{number % 90}@agents.example",
        "left" if number % 100 == 0 else "active",
    ]


def _break(row: list[str], how: int) -> list[str]:
    if how == 0:
        return [*row[:5], "04/11/2025", *row[6:]]
    if how == 1:
        return ["", *row[1:]]
    return [*row, "one", "cell", "more"]


if __name__ == "__main__":
    sys.stdout.write(members_csv(int(sys.argv[1]) if len(sys.argv) > 1 else 5000))
