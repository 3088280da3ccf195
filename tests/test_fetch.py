"""Single fetches: hops, policy, limits, every kind of trouble; real servers on loopback."""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.policy import USER_AGENT, Reach
from optout import fetch as fetch_module
from optout.fetch import fetch

from .conftest import Answer, Respond

LOCAL = Reach(started=frozenset({"127.0.0.1", "localhost"}))
Serve = Callable[[Respond], str]
Raw = Callable[[Callable[[socket.socket], None]], str]


@pytest.fixture
def raw() -> Iterator[Raw]:
    """raw(handle) → base address of a server that hands each connection to `handle`."""
    listeners: list[socket.socket] = []

    def start(handle: Callable[[socket.socket], None]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def loop() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(connection,), daemon=True).start()

        def one(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):  # the other side has gone
                handle(connection)

        threading.Thread(target=loop, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        listener.close()


def said(body: bytes = b"", *headers: tuple[str, str], status: int = 200) -> Respond:
    return lambda method, path, request: (status, list(headers), body)


def test_header_lines_are_kept_apart_in_order(serve: Serve) -> None:
    lines = [("X-Robots-Tag", "noai"), ("Content-Type", "a/b"), ("X-Robots-Tag", "bot: noindex")]
    got = fetch(serve(said(b"x", *lines, ("Set-Cookie", "secret=1"))) + "/", LOCAL)
    assert (got.outcome, got.status, got.body, got.reason) == ("fetched", 200, b"x", "")
    kept = [(name, value) for name, value in got.hops[0].headers if name in dict(lines)]
    assert kept == lines
    assert "secret" not in repr(got.hops)
    assert got.hops[0].address == "127.0.0.1"


def test_we_say_who_we_are(serve: Serve) -> None:
    seen: list[dict[str, str]] = []

    def respond(method: str, path: str, headers: dict[str, str]) -> Answer:
        seen.append({"method": method, **headers})
        return 200, [], b""

    base = serve(respond)
    fetch(base + "/", LOCAL, method="HEAD")
    assert seen[0]["User-Agent"] == USER_AGENT
    assert seen[0]["Host"] == base.removeprefix("http://")
    assert seen[0]["method"] == "HEAD"


def test_redirects_are_walked_hop_by_hop(serve: Serve) -> None:
    def respond(method: str, path: str, headers: dict[str, str]) -> Answer:
        if path == "/a":
            return 301, [("Location", "/b?x=1"), ("X-Robots-Tag", "noai")], b"moved"
        if path == "/b?x=1":
            return 307, [("Location", base.replace("127.0.0.1", "localhost") + "/c")], b""
        return 200, [], path.encode()

    base = serve(respond)
    asked: list[str] = []

    def note(url: str) -> None:
        asked.append(url)

    got = fetch(base + "/a#part", LOCAL, obey=note)
    assert [hop.status for hop in got.hops] == [301, 307, 200]
    assert asked == [hop.url for hop in got.hops]
    assert got.body == b"/c"
    assert got.final_url.startswith("http://localhost:")
    assert got.hops[0].value("x-robots-tag") == "noai"


def test_redirects_end(serve: Serve) -> None:
    got = fetch(serve(said(b"", ("Location", "/x"), status=302)), LOCAL, max_redirects=3)
    assert (got.outcome, got.reason) == ("failed", "it redirects more than 3 times")
    assert len(got.hops) == 4


@pytest.mark.parametrize("to", ["ftp://a.example/", "javascript:alert(1)", "http://[", "mailto:x"])
def test_a_redirect_to_nowhere(serve: Serve, to: str) -> None:
    got = fetch(serve(said(b"", ("Location", to), status=302)), LOCAL)
    assert (got.outcome, got.reason) == ("failed", "it redirects to no http(s) address")


def test_a_redirect_without_a_place_is_the_answer(serve: Serve) -> None:
    got = fetch(serve(said(b"here", status=302)), LOCAL)
    assert (got.outcome, got.status, got.body) == ("fetched", 302, b"here")


@pytest.mark.parametrize(
    "url", ["", "ftp://a.example", "http://", "http://[::1", "\x00", "nothing"]
)
def test_what_is_no_address(url: str) -> None:
    got = fetch(url, Reach())
    assert (got.outcome, got.reason) == ("failed", "it is no http(s) address")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1/", "127.0.0.1 is a loopback address"),
        ("http://[::ffff:10.0.0.1]/", "10.0.0.1 is a private address"),
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254 is a link-local address"),
        ("http://0x7f000001/", "127.0.0.1 is a loopback address"),
    ],
)
def test_private_addresses_are_not_asked(url: str, why: str) -> None:
    got = fetch(url, Reach())
    assert (got.outcome, got.reason, got.hops) == ("private_address", why, ())


def test_a_name_is_checked_by_what_it_resolves_to(serve: Serve) -> None:
    """localhost is a name like any other to the policy: only DNS tells where it leads."""
    base = serve(said(b"secret")).replace("127.0.0.1", "localhost")
    got = fetch(base, Reach())
    assert (got.outcome, got.body) == ("private_address", b"")
    assert "is a loopback address" in got.reason
    assert fetch(base, Reach(allow_private=True)).body == b"secret"


def test_a_redirect_into_the_private_net_is_refused(serve: Serve) -> None:
    inside = serve(said(b"secret"))
    to = inside.replace("127.0.0.1", "localhost")
    got = fetch(serve(said(b"", ("Location", to), status=302)), Reach(frozenset({"127.0.0.1"})))
    assert (got.outcome, got.body, len(got.hops)) == ("private_address", b"", 1)


def test_the_address_checked_is_the_address_used(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers differently the second time (DNS rebinding) gains nothing."""
    port = int(serve(said(b"secret")).rpartition(":")[2])
    answers = [["93.184.215.14"], ["127.0.0.1"]]
    connected: list[Any] = []

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        return [(2, 1, 6, "", (address, port)) for address in answers.pop(0)]

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    got = fetch(f"http://rebind.example:{port}/", Reach())
    assert connected == [("93.184.215.14", port)]
    assert got.reason == "the connection is refused"


def test_robots_may_stop_any_hop(serve: Serve) -> None:
    base = serve(said(b"", ("Location", "/closed"), status=302))

    def obey(url: str) -> tuple[str, str] | None:
        return ("robots_disallowed", "line 3") if url.endswith("/closed") else None

    got = fetch(base + "/open", LOCAL, obey=obey)
    assert (got.outcome, got.reason, len(got.hops)) == ("robots_disallowed", "line 3", 1)


def test_a_large_body_is_cut(serve: Serve) -> None:
    base = serve(said(b"a" * 100_001))
    got = fetch(base, LOCAL, max_bytes=100_000)
    assert (got.outcome, len(got.body), got.truncated) == ("too_large", 100_000, True)
    assert got.reason == "the body is larger than 100000 bytes"
    assert not fetch(base, LOCAL, max_bytes=100_001).truncated


def test_an_endless_body_is_cut(raw: Raw) -> None:
    def endless(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000000\r\n\r\n")
        while True:
            connection.sendall(b"\0" * 65536)

    got = fetch(raw(endless), LOCAL, max_bytes=2**20)
    assert (got.outcome, len(got.body)) == ("too_large", 2**20)


def test_gzip_is_undone(serve: Serve) -> None:
    packed = gzip.compress(b"hello " * 1000, mtime=0)
    got = fetch(serve(said(packed, ("Content-Encoding", "GZIP"))), LOCAL)
    assert (got.outcome, got.body) == ("fetched", b"hello " * 1000)


def test_a_bomb_stops_at_the_limit(serve: Serve) -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, mtime=0)
    started = time.monotonic()
    got = fetch(serve(said(bomb, ("Content-Encoding", "gzip"))), LOCAL, max_bytes=1000)
    assert (got.outcome, len(got.body)) == ("too_large", 1000)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("body", "coding", "reason"),
    [
        (b"no gzip", "gzip", "the body's gzip compression is broken"),
        (gzip.compress(b"x" * 99, mtime=0)[:-9], "gzip", "the body's gzip compression is broken"),
        (b"?", "br", "the body is compressed in a way that was not asked for"),
        (b"?", "gzip, gzip", "the body is compressed in a way that was not asked for"),
    ],
)
def test_broken_compression(serve: Serve, body: bytes, coding: str, reason: str) -> None:
    got = fetch(serve(said(body, ("Content-Encoding", coding))), LOCAL)
    assert (got.outcome, got.reason, got.status) == ("failed", reason, 200)


def test_an_unwanted_body_is_not_read(raw: Raw) -> None:
    def image(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Robots-Tag: noai\r\nContent-Length: 99\r\n\r\n")
        time.sleep(3)  # the body never comes

    started = time.monotonic()
    got = fetch(raw(image), LOCAL, wanted=lambda hop: False)
    assert (got.outcome, got.status, got.body) == ("fetched", 200, b"")
    assert time.monotonic() - started < 2


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    got = fetch(f"http://127.0.0.1:{port}/", LOCAL)
    assert (got.outcome, got.reason) == ("failed", "the connection is refused")


def test_a_name_that_does_not_exist() -> None:
    got = fetch("https://no-such-host.invalid/", Reach())
    assert got.reason == "the name no-such-host.invalid has no address (DNS)"


def test_silence_ends(raw: Raw) -> None:
    got = fetch(raw(lambda connection: time.sleep(5)), LOCAL, seconds=0.3)
    assert (got.outcome, got.reason) == ("failed", "it did not answer in time")


def test_a_trickle_ends(raw: Raw) -> None:
    """Each byte comes well within the time for one read; the whole does not."""

    def trickle(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
        for _ in range(100):
            connection.sendall(b"a")
            time.sleep(0.05)

    started = time.monotonic()
    got = fetch(raw(trickle), LOCAL, seconds=0.5)
    assert (got.outcome, got.reason) == ("failed", "it did not answer in time")
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000 + b"\r\n\r\n",
    ],
    ids=["nothing", "not HTTP", "too short", "broken chunks", "endless header"],
)
def test_what_is_no_whole_answer(raw: Raw, answer: bytes) -> None:
    def speak(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    got = fetch(raw(speak), LOCAL)
    assert (got.outcome, got.reason) == ("failed", "the answer broke off or is not HTTP")


# --- TLS ---


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost and its key, signed by itself, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "localhost.pem"
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(encoding))
    return file


@pytest.fixture
def secure(raw: Raw, certificate: Path) -> str:
    """Base address of an HTTPS server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def speak(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            asked = wrapped.recv(65536)
            host = asked.partition(b"Host: ")[2].partition(b"\r\n")[0]
            answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
            wrapped.sendall(answer % (len(host), host))

    return raw(speak).replace("http://127.0.0.1", "https://localhost")


def test_an_unknown_certificate_is_not_accepted(secure: str) -> None:
    got = fetch(secure, LOCAL)
    assert (got.outcome, got.body) == ("failed", b"")
    assert got.reason.startswith("its TLS certificate is not valid (")


def test_a_certificate_is_checked_against_the_name_not_the_address(
    secure: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to an address; Host, SNI and the certificate stay with the name."""
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(fetch_module, "_tls", lambda: context)
    got = fetch(secure, LOCAL)
    assert (got.outcome, got.body) == ("fetched", secure.removeprefix("https://").encode())
    assert got.hops[0].address in ("127.0.0.1", "::1")
    by_number = fetch(secure.replace("localhost", "127.0.0.1"), LOCAL)
    assert by_number.reason.startswith("its TLS certificate is not valid (")


def test_no_tls_at_all(serve: Serve) -> None:
    got = fetch(serve(said(b"")).replace("http:", "https:"), LOCAL)
    assert (got.outcome, got.reason) == ("failed", "the TLS connection cannot be made")
