"""Data sets → what is in them: hosts, sizes, scores, languages, names in captions."""

from optout.explore.gather import Exploration, explore

__all__ = ["Exploration", "explore"]
