"""A case + data sets → matches: rows tied to the artist, each with all its evidence."""

from optout.matching.run import match_case, match_cases
from optout.matching.summary import MatchSummary

__all__ = ["MatchSummary", "match_case", "match_cases"]
