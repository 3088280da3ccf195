"""The artist's accounts → what is looked for there, and their images by public API."""

from optout.accounts.fetching import FetchOptions, FetchResult, fetch_accounts
from optout.accounts.places import account_places
from optout.accounts.platforms import Platform, platforms

__all__ = [
    "FetchOptions",
    "FetchResult",
    "Platform",
    "account_places",
    "fetch_accounts",
    "platforms",
]
