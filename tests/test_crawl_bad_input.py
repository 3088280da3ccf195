"""Sites and folders that misbehave: one sentence with the next step, nothing gathered is lost."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.harness import FAST, Page, html, jpeg, optout, rows, serving


def told(result: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit code 1, one sentence and a hint, no traceback."""
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert "hint:" in result.stderr
    for word in words:
        assert word in result.stderr


def test_a_site_that_is_down(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    result = optout("crawl", f"http://127.0.0.1:{port}", "--case", "c", *FAST, cwd=tmp_path)
    told(result, "refused")
    assert rows(tmp_path / "c", "pages")[0]["outcome"] == "failed"


def test_no_such_host(tmp_path: Path) -> None:
    told(optout("crawl", "https://nothing.invalid", "--case", "c", *FAST, cwd=tmp_path), "DNS")


@pytest.mark.parametrize("address", ["ftp://a.example", "mira", "https://", "javascript:alert(1)"])
def test_not_an_address(tmp_path: Path, address: str) -> None:
    told(optout("crawl", address, "--case", "c", cwd=tmp_path), "https://your-site.example")
    assert not (tmp_path / "c").exists()


def test_broken_tls(tmp_path: Path) -> None:
    context = _self_signed(tmp_path)
    with serving(lambda path, handler: html("hello"), tls=context) as base:
        result = optout("crawl", base, "--case", "c", *FAST, cwd=tmp_path)
    told(result, "TLS")


def test_robots_txt_with_an_error_closes_the_site(tmp_path: Path) -> None:
    """RFC 9309, 2.3.1.4: a server error means complete disallow."""

    def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        return (503, [("Retry-After", "0")], b"busy") if path == "/robots.txt" else html("hello")

    with serving(site) as base:
        result = optout("crawl", base, "--case", "c", *FAST, cwd=tmp_path)
    told(result, "2.3.1.4")
    assert rows(tmp_path / "c", "pages")[0]["outcome"] == "robots_disallowed"


def test_i_own_this_site_is_recorded(tmp_path: Path) -> None:
    def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        if path == "/robots.txt":
            return 200, [], b"User-agent: *\nDisallow: /"
        return html("hello") if path == "/" else (404, [], b"")

    with serving(site) as base:
        result = optout(
            "crawl", base, "--case", "c", *FAST, "--i-own-this-site", "127.0.0.1", cwd=tmp_path
        )
    assert result.returncode == 0, result.stderr
    assert "read, not obeyed" in result.stderr
    assert rows(tmp_path / "c", "pages")[0]["status"] == 200


def test_a_site_that_hangs_and_one_image_that_breaks_off(tmp_path: Path) -> None:
    def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        if path == "/":
            return html('<img src="/hang.jpg"><img src="/short.jpg"><img src="/ok.jpg">')
        if path == "/hang.jpg":
            time.sleep(3)
        if path == "/short.jpg":
            handler.send_response(200)
            handler.send_header("Content-Length", "5000")
            handler.end_headers()
            handler.wfile.write(b"abc")
            handler.close_connection = True
            return None
        return (200, [], jpeg(1)) if path == "/ok.jpg" else (404, [], b"")

    with serving(site) as base:
        result = optout("crawl", base, "--case", "c", *FAST, "--timeout", "1", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    images = {r["image_url"].rsplit("/", 1)[1]: r for r in rows(tmp_path / "c", "images")}
    assert images["ok.jpg"]["status"] == 200
    assert "in time" in images["hang.jpg"]["reason"]
    assert "broke off" in images["short.jpg"]["reason"]


def test_compressed_bomb(tmp_path: Path) -> None:
    import gzip

    bomb = gzip.compress(b"\0" * (200 * 2**20))

    def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        if path == "/":
            return html('<img src="/bomb.jpg"><a href="/bomb">x</a>')
        if path.startswith("/bomb"):
            return 200, [("Content-Type", "text/html"), ("Content-Encoding", "gzip")], bomb
        return 404, [], b""

    with serving(site) as base:
        result = optout("crawl", base, "--case", "c", *FAST, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert rows(tmp_path / "c", "images")[0]["outcome"] == "too_large"


def test_a_case_from_a_newer_version(tmp_path: Path) -> None:
    (tmp_path / "optout.toml").write_text('version = 99\ncase_id = "x"\n')
    told(optout("crawl", cwd=tmp_path), "version 99")


def test_optout_toml_that_is_broken(tmp_path: Path) -> None:
    (tmp_path / "optout.toml").write_text("version = 1\ncase_id = \n")
    told(optout("crawl", cwd=tmp_path), "not valid TOML")


def test_no_case_here(tmp_path: Path) -> None:
    told(optout("crawl", cwd=tmp_path), "optout.toml")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_keeps_what_was_gathered(tmp_path: Path) -> None:
    """A size limit on the process's files stands in for a full disk."""

    def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        if path == "/robots.txt":
            return 404, [], b""
        n = int(path[1:] or 0)
        return html(f'<a href="/{n + 1}">next</a>' + "<img src=/x.jpg>" * 100)

    with serving(site) as base:
        code = (
            "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000));"
            "from optout.cli import main; sys.exit(main(sys.argv[1:]))"
        )
        result = subprocess.run(
            [sys.executable, "-c", code, "crawl", base, "--case", "c", *FAST, "--max-pages", "60"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        told(result, "cannot write", "is kept")
        assert list(tmp_path.glob("c/observations/.run=*/journal.jsonl"))
        resumed = optout("crawl", base, "--case", "c", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert len(rows(tmp_path / "c", "pages")) > 5


def test_a_read_only_folder(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        target = Path("/proc/optout-case")  # nobody, root included, may write there
    else:
        target = tmp_path / "locked"
        target.mkdir(mode=0o500)
    told(optout("crawl", "https://a.example", "--case", str(target / "c"), cwd=tmp_path), "write")


def _self_signed(folder: Path) -> ssl.SSLContext:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
