"""Rows of data sets × training filters that makers of models have published."""

from optout.lineage.filters import Lineage, lineage

__all__ = ["Lineage", "lineage"]
