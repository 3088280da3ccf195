"""What goes wrong while an address is asked → an outcome and its reason in words."""

from __future__ import annotations

import ssl
import zlib

import httpcore

from optout.network import NoAddress, Refused

# What an exchange may raise.
TROUBLE = (
    Refused,
    NoAddress,
    zlib.error,
    UnicodeError,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)

# Kinds of trouble in words, the most particular first.
_WORDS = (
    (ssl.SSLCertVerificationError, "its TLS certificate is not valid"),
    (ssl.SSLError, "the TLS connection cannot be made"),
    (ConnectionRefusedError, "the connection is refused"),
    (httpcore.TimeoutException, "it did not answer in time"),
    (httpcore.ConnectError, "no connection can be made"),
    (zlib.error, "the body's gzip compression is broken"),
    ((httpcore.NetworkError, httpcore.RemoteProtocolError), "the answer broke off or is not HTTP"),
)


def trouble(error: Exception) -> tuple[str, str]:
    """(outcome, reason) of one of TROUBLE, in words for a person."""
    if isinstance(error, Refused):
        return "private_address", str(error)
    if isinstance(error, NoAddress):
        return "failed", str(error)
    # httpcore takes the cause off its errors; what they were made from is still their context.
    for thing in (error.__context__, error):
        for kind, words in _WORDS:
            if isinstance(thing, kind):
                detail = getattr(thing, "verify_message", "")
                return "failed", f"{words} ({detail})" if detail else words
    return "failed", "the address cannot be read"
