"""A host name → a connection to an address that the fetch policy allows, within a deadline.

The address that was checked is the one connected to: a name cannot answer twice differently.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from crawler.policy import Reach, address_refusal


class Refused(Exception):
    """The policy forbids every address the name has; the text says why."""


class NoAddress(Exception):
    """The name has no address; the text says so."""


class Network(httpcore.NetworkBackend):
    """Connections for one fetch. `deadline` is a `time.monotonic` value for all of it."""

    def __init__(self, reach: Reach, deadline: float) -> None:
        self.reach = reach
        self.deadline = deadline
        self.addresses: dict[str, str] = {}  # host → address connected to
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that is allowed and answers.

        Raises Refused, NoAddress or httpcore's ConnectError and ConnectTimeout.
        """
        failure: Exception | None = None
        for address in self._allowed(host, port, remaining(self.deadline, timeout)):
            left = remaining(self.deadline, timeout)
            try:
                stream = self._backend.connect_tcp(
                    address, port, left, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                self.addresses[host] = address
                return _Timed(stream, self)
        raise failure or NoAddress(f"the name {host} has no address")

    def _allowed(self, host: str, port: int, timeout: float) -> list[str]:
        addresses = _resolve(host, port, timeout)
        refusals = [address_refusal(host, address, self.reach) for address in addresses]
        if addresses and all(refusals):
            raise Refused(str(refusals[0]))
        return [a for a, refusal in zip(addresses, refusals, strict=True) if not refusal]


class _Timed(httpcore.NetworkStream):
    """A stream whose every step ends with the deadline, so that a trickle cannot hold us."""

    def __init__(self, stream: httpcore.NetworkStream, network: Network) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, remaining(self._network.deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, remaining(self._network.deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = remaining(self._network.deadline, timeout)
        secure = self._stream.start_tls(ssl_context, server_hostname, left)
        return _Timed(secure, self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def remaining(deadline: float, timeout: float | None) -> float:
    """Seconds for the next step. Raises httpcore.ReadTimeout when the deadline has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("deadline")
    return left if timeout is None else min(left, timeout)


def _resolve(host: str, port: int, timeout: float) -> list[str]:
    """Addresses of a host, each once, in the system's order.

    The system's resolver knows no time-out, so it works beside us and may be left behind.
    """
    found: list[str] = []
    problem: list[Exception] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))
        except (OSError, UnicodeError) as error:
            problem.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout)
    if problem or not thread.is_alive():
        if not found:
            raise NoAddress(f"the name {host} has no address (DNS)")
        return found
    raise httpcore.ConnectTimeout("DNS")
