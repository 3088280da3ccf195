"""A host name → a connection to an address that the fetch policy allows, for many hosts at once.

The address that was checked is the one connected to. Streams are asyncio's own: with thousands of
hosts, what lies between costs as much as the answers.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import httpcore

from crawler.policy import Reach, address_refusal
from optout.errors import OptoutError
from optout.network import NoAddress, Refused

# (host, port) → its addresses in order; raises OSError where there is none.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_DNS_THREADS = 64
_CONNECT_SECONDS = 10.0  # for one address of several
_OTHER_FILES = 256
_HELD = 256 * 2**10  # bytes that may wait to be read before the sender is stopped


def allow_connections(most: int) -> None:
    """Let this process have as many connections open at a time.

    Raises OptoutError where the system forbids it: a connection that we cannot open would be
    taken for a host that does not answer.
    """
    try:
        import resource
    except ImportError:  # no such limit there
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = most + _OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise OptoutError(
            f"the system lets one program have {hard} files and connections open, not {needed}",
            "lower --concurrency or --per-host",
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


class Network(httpcore.AsyncNetworkBackend):
    """Connections under the policy; deadlines are the caller's."""

    def __init__(self, reach: Reach, resolve: Resolve | None = None) -> None:
        self.reach = reach
        self._threads = ThreadPoolExecutor(_DNS_THREADS, "dns") if resolve is None else None
        self._resolve = resolve or self._ask_system

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of `host` that is allowed and answers.

        Raises Refused, NoAddress or httpcore's ConnectError.
        """
        loop = asyncio.get_running_loop()
        failure: Exception | None = None
        for address in await self._allowed(host, port):
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    _, stream = await loop.create_connection(_Stream, address, port)
            except TimeoutError:
                failure = httpcore.ConnectTimeout(f"{address} does not answer")
            except OSError as error:
                failure = httpcore.ConnectError(str(error))
                failure.__context__ = error  # says what kind of trouble it is
            else:
                return stream
        assert failure is not None
        raise failure

    async def _allowed(self, host: str, port: int) -> list[str]:
        try:
            addresses = list(dict.fromkeys(await self._resolve(host, port)))
        except (OSError, UnicodeError) as error:
            raise NoAddress(f"the name {host} has no address (DNS)") from error
        refusals = [address_refusal(host, address, self.reach) for address in addresses]
        if not addresses:
            raise NoAddress(f"the name {host} has no address (DNS)")
        if all(refusals):
            raise Refused(str(refusals[0]))
        return [a for a, refusal in zip(addresses, refusals, strict=True) if not refusal]

    async def _ask_system(self, host: str, port: int) -> Sequence[str]:
        """The system's resolver knows no time-out, so it works beside us in threads."""
        import socket

        loop = asyncio.get_running_loop()
        answers = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [str(answer[4][0]) for answer in answers]

    def close(self) -> None:
        """Let go of the threads; one that still waits for DNS is not waited for."""
        if self._threads:
            self._threads.shutdown(wait=False, cancel_futures=True)


class _Stream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection: bytes in and out."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._held = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._waiting: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._held += data
        if len(self._held) > _HELD and self._transport:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._ended = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._error = True, exc
        self._wake()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if not self._held and not self._ended:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        if not self._held and self._error:
            raise httpcore.ReadError(str(self._error)) from self._error
        data = bytes(self._held[:max_bytes])
        del self._held[:max_bytes]
        if self._transport and not self._ended:
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # Requests are small, so what the transport holds back is bounded.
        if self._transport is None or self._transport.is_closing():
            raise httpcore.WriteError("the connection is closed")
        if buffer:
            self._transport.write(buffer)

    async def aclose(self) -> None:
        if self._transport:
            self._transport.abort()  # nothing is left to say, and no farewell is waited for

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        assert self._transport is not None
        try:
            secure = await loop.start_tls(
                self._transport, self, ssl_context, server_hostname=server_hostname
            )
        except OSError as error:  # ssl.SSLError is one
            raise httpcore.ConnectError(str(error)) from error
        if secure is None:
            raise httpcore.ConnectError("the connection was closed")
        self._transport = secure
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # asked of an idle connection: has the server let go of it?
            return self._ended or bool(self._held)
        return self._transport.get_extra_info(info) if self._transport else None

    def _wake(self) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)
