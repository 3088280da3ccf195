"""Data sets as data: which are known, which files to search, what their columns are called."""

from optout.datasets.editions import DataSet, Edition, crawl_period, find, known
from optout.datasets.files import DataFile, resolve

__all__ = ["DataFile", "DataSet", "Edition", "crawl_period", "find", "known", "resolve"]
