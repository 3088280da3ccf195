"""The answer to a request for robots.txt → whether we may ask for an address there."""

from __future__ import annotations

from crawler.policy import MAX_ROBOTS_REDIRECTS, PRODUCT_TOKEN
from crawler.urls import origin, target
from optout.fetched import Fetched
from optout.readers.verdicts import SiteFile, site_file


def robots_of(got: Fetched) -> SiteFile:
    """robots.txt as fetched with at most MAX_ROBOTS_REDIRECTS redirects.

    A chain longer than was followed counts by its last status (RFC 9309, 2.3.1.2).
    """
    return site_file(
        got.url,
        outcome="fetched" if len(got.hops) > MAX_ROBOTS_REDIRECTS else got.outcome,
        status=got.status,
        body=got.body,
        reason=got.reason,
        observed_at=got.observed_at,
    )


def keeps_out(file: SiteFile, url: str) -> tuple[str, str] | None:
    """(outcome, reason) why the robots.txt of its origin keeps us from `url`; None if it does not.

    Without an answer nothing may be asked for (RFC 9309, 2.3.1.4).
    """
    if file.outcome == "private_address":
        return file.outcome, file.reason
    if file.rules is None:
        return "failed", f"{file.reason} (asked for its robots.txt first)"
    decision = file.rules.decide(PRODUCT_TOKEN, target(url))
    if decision.allowed:
        return None
    rule = f"line {decision.line}" if decision.line else f"it answered {file.status}"
    return "robots_disallowed", f"robots.txt of {origin(url)} asks us not to ({rule})"
