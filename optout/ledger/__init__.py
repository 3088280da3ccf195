"""All runs of a case → when each signal was first and last seen, what changed, and the gaps."""

from optout.ledger.check import Checked, check
from optout.ledger.export import export, export_lines
from optout.ledger.page import write_page
from optout.ledger.read import groups, open_ledger, periods

__all__ = [
    "Checked",
    "check",
    "export",
    "export_lines",
    "groups",
    "open_ledger",
    "periods",
    "write_page",
]
