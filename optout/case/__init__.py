"""optout.toml → Case: who the artist is, where the work is shown, which data sets to search."""

from optout.case.creating import create_case
from optout.case.reading import find_case, load_case, parse_case
from optout.case.records import DEFAULT_FOLDER, FILE, Account, Case, DeclaredHost, read_summary

__all__ = [
    "DEFAULT_FOLDER",
    "FILE",
    "Account",
    "Case",
    "DeclaredHost",
    "create_case",
    "find_case",
    "load_case",
    "parse_case",
    "read_summary",
]
