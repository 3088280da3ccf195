"""An artist's site → observations: facts as served, with raw text and time.

This package holds no opinion (verdicts are computed later, per named reader) and
knows no data set. It imports nothing of `optout` or `queries`.
"""
