"""A failed exchange → what became of it, in one plain phrase, and whether to try again."""

from __future__ import annotations

from typing import Any

from scrapy import exceptions

from crawler.http_date import asked_wait
from crawler.urls import host_of

# Part of the error's name → outcome, words, worth a second try.
_KINDS = (
    ("DNSLookup", "failed", "no such host (DNS gives no address)", False),
    ("CannotResolveHost", "failed", "no such host (DNS gives no address)", False),
    ("Refused", "failed", "the connection was refused", True),
    ("Timeout", "failed", "no answer in time", True),
    ("DataLoss", "failed", "the transfer broke off before its end", True),
    ("Cancelled", "too_large", "larger than allowed", False),
)
_MAX_WAIT = 120.0  # seconds; a server may ask for more, the next run can go on then


def explain(failure: Any, refused: dict[str, str]) -> tuple[str, str, bool]:
    """(outcome, reason, worth a second try) of a Twisted failure.

    `refused` says which hosts the address check turned away, and why.
    """
    host = host_of(failure.request.url)
    error = failure.value
    text = str(error)
    if host in refused:
        return (
            "private_address",
            f"{host} leads to a place not to be reached: {refused[host]}",
            False,
        )
    if isinstance(error, exceptions.IgnoreRequest):
        return "too_large", "larger than allowed once decompressed", False
    name = type(error).__name__
    if any(word in f"{name} {text}".lower() for word in ("certificate", "ssl", "tls")):
        return "failed", f"{host}: the TLS certificate or connection is not valid", False
    for part, outcome, words, transient in _KINDS:
        if part in name:
            return outcome, f"{host}: {words}", transient
    return "failed", f"{host}: the connection failed ({name})", True


def retry_after(value: bytes | None) -> float | None:
    """Seconds a Retry-After header asks for, at most two minutes (RFC 9110, 10.2.3).

    >>> retry_after(b"7"), retry_after(b"soon")
    (7.0, None)
    """
    wait = asked_wait((value or b"").decode("latin-1"))
    return None if wait is None else min(wait, _MAX_WAIT)
