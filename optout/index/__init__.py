"""Data sets → an index: sorted copies that answer in milliseconds what a scan answers in hours."""

from optout.index.building import build, merge
from optout.index.layout import Manifest, read_manifest
from optout.index.lookup import Index, open_index
from optout.index.verify import Problem, verify

__all__ = [
    "Index",
    "Manifest",
    "Problem",
    "build",
    "merge",
    "open_index",
    "read_manifest",
    "verify",
]
