"""Proof of control: the token in a file or a DNS record, dated; nothing else shows anything."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.policy import Reach
from optout.case import Case
from optout.cli import main
from optout.control import Proof, places, proofs, prove, token_of
from optout.control.looking import text_of
from tests.conftest import Respond
from tests.request_case import make_case

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 12, 22, 9, 0, tzinfo=UTC)
LOOPBACK = Reach(allow_private=True)
Serve = Callable[[Respond], str]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_case(tmp_path / "case")


def shown(case: Case, site: str, reach: Reach = LOOPBACK, now: datetime = NOW) -> list[str]:
    with nameserver({}) as port:
        looks = prove(case, f"{site}/", reach, nameserver=("127.0.0.1", port), now=now)
    return [one.outcome for one in looks]


@contextmanager
def nameserver(records: dict[str, list[str]]) -> Iterator[int]:
    """A DNS server on loopback that knows `records` of type TXT."""
    import dns.message
    import dns.rcode
    import dns.rrset

    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def run() -> None:
        while True:
            data, sender = server.recvfrom(4096)
            if data == b"end":
                return
            answer = dns.message.make_response(dns.message.from_wire(data))
            name = answer.question[0].name
            texts = records.get(name.to_text(omit_final_dot=True))
            if texts is None:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            else:
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *texts))
            server.sendto(answer.to_wire(), sender)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.sendto(b"end", server.getsockname())
        thread.join(5)
        server.close()


@pytest.mark.parametrize("where", [0, 1])
def test_a_file_shows_it_dated_first_and_last(case: Case, serve: Serve, where: int) -> None:
    pages: dict[str, bytes] = {}
    site = serve(lambda m, path, h: (200, [], pages[path]) if path in pages else (404, [], b""))
    token, new = token_of(case, f"{site}/")
    assert new and token_of(case, f"{site}/") == (token, False)
    assert shown(case, site) == ["not shown"] * 3
    url = places(f"{site}/", token)[where]
    pages[url.removeprefix(site)] = f"{text_of(token)}\n".encode()
    assert shown(case, site)[-1] == "shown"
    shown(case, site, now=LATER)
    [proof] = proofs(case)
    assert proof == Proof(
        "127.0.0.1", "file", url, NOW.isoformat(), LATER.isoformat(), proof.sha256
    )
    assert proof.sentence == (
        f"Control of 127.0.0.1 was shown on 2026-12-22 by a text placed there for this "
        f"purpose at {url}."
    )


@pytest.mark.parametrize(
    "body", [b"", b"optout-proof=", b"<p>{line}</p>", b"{line} and more", b"x" * 10**6]
)
def test_a_page_that_answers_everything_shows_nothing(
    case: Case, serve: Serve, body: bytes
) -> None:
    site = serve(lambda m, path, h: (200, [], body.replace(b"{line}", line)))
    line = text_of(token_of(case, f"{site}/")[0]).encode()
    assert shown(case, site) == ["not shown"] * 3
    assert proofs(case) == ()


def test_a_redirect_to_another_host_shows_nothing(case: Case, serve: Serve) -> None:
    other = serve(lambda m, path, h: (200, [], line)).replace("127.0.0.1", "localhost")
    site = serve(lambda m, path, h: (302, [("Location", other + path)], b""))
    line = text_of(token_of(case, f"{site}/")[0]).encode()
    assert shown(case, site) == ["not shown"] * 3


def test_a_private_address_is_not_asked(case: Case, serve: Serve) -> None:
    asked: list[str] = []
    site = serve(lambda m, path, h: (asked.append(path), (200, [], b""))[1])
    token_of(case, f"{site}/")
    assert shown(case, site, Reach()) == ["not shown"] * 3
    assert not asked


def test_a_dns_record_shows_it(case: Case, serve: Serve) -> None:
    site = serve(lambda m, path, h: (404, [], b"")).replace("127.0.0.1", "localhost")
    token, _ = token_of(case, f"{site}/")
    with nameserver({"_optout-proof.localhost": ['"v=other"', f'"{text_of(token)}"']}) as port:
        looks = prove(case, f"{site}/", LOOPBACK, nameserver=("127.0.0.1", port), now=NOW)
    assert [one.outcome for one in looks] == ["not shown", "not shown", "shown"]
    [proof] = proofs(case)
    assert proof.sentence.endswith("in the DNS record _optout-proof.localhost.")
    with nameserver({"_optout-proof.localhost": ['"optout-proof=other"']}) as port:
        looks = prove(case, f"{site}/", LOOPBACK, nameserver=("127.0.0.1", port), now=LATER)
    assert looks[-1].outcome == "not shown"


def test_the_command_says_what_to_place_and_then_looks(
    case: Case, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    pages: dict[str, bytes] = {}
    site = serve(lambda m, path, h: (200, [], pages[path]) if path in pages else (404, [], b""))
    words = ["prove", site, "--case", str(case.folder)]
    assert main(words) == 0
    told = capsys.readouterr().err
    assert "place this line: optout-proof=" in told and "/.well-known/optout-proof-" in told
    with nameserver({}) as port:
        server = ["--nameserver", f"127.0.0.1:{port}"]
        assert main([*words, *server]) == 1
        assert "does not show the token" in capsys.readouterr().err
        token, _ = token_of(case, f"{site}/")
        pages[places(f"{site}/", token)[1].removeprefix(site)] = text_of(token).encode()
        assert main([*words, *server, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["host"] == "127.0.0.1"
    assert main(["prove", "ftp://x", "--case", str(case.folder)]) == 1
