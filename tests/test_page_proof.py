"""Proof of control on the page: the text, where it goes, a look for it, and its date."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from optout.case import Case
from optout.control import looking, proofs, tokens
from tests.conftest import Answer, Respond
from tests.page_window import Window, harmless
from tests.request_case import make_case

Serve = Callable[[Respond], str]
HOST = "127.0.0.1"


@pytest.fixture
def files() -> dict[str, bytes]:
    return {}


@pytest.fixture
def case(tmp_path: Path, serve: Serve, files: dict[str, bytes]) -> Case:
    def answer(method: str, path: str, headers: dict[str, str]) -> Answer:
        return (200, [], files[path]) if path in files else (404, [], b"")

    return make_case(tmp_path / "case", sites=(f"{serve(answer)}/",), hosts=())


@pytest.fixture
def window(case: Case, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    def no_dns(name: str, token: str, nameserver: object) -> looking.Looked:
        return looking.Looked(looking.DNS, name, looking.NOT_SHOWN, "no such record", None, b"")

    monkeypatch.setattr(looking, "_dns", no_dns)  # a test asks no server outside this machine
    opened = Window(case.folder)
    with opened.client:
        yield opened


def test_a_site_shows_its_text(window: Window, case: Case, files: dict[str, bytes]) -> None:
    assert "Make the text for this site" in window.get("/proof").text
    assert tokens(case) == {}, "looking makes nothing"
    assert window.post("/proof/token", site=case.sites[0]).headers["location"] == "/proof#site-1"
    made = tokens(case)
    window.post("/proof/token", site=case.sites[0])
    assert tokens(case) == made and list(made) == [HOST]
    text = window.get("/proof").text
    assert f"optout-proof={made[HOST]}" in text and "_optout-proof." in text
    saved = window.get(f"/proof/file/{HOST}")
    name = saved.headers["content-disposition"].partition('"')[2].strip('"')
    assert f"/.well-known/{name}" in text
    window.post("/proof/check", host=HOST)
    text = window.get("/proof").text
    assert "did not find it" in text and "it answered 404" in text and proofs(case) == ()
    files[f"/.well-known/{name}"] = saved.content
    assert window.post("/proof/check", host=HOST).headers["location"] == "/proof#site-1"
    text = window.get("/proof").text
    assert "Shown for the first time on" in text and proofs(case)[0].sentence in text
    assert "did not find it" not in text


@pytest.mark.parametrize(
    "text",
    ["", " ", "<script>1</script>", "ftp://mira.example", "\u202eelpmaxe.arim", "a\x00b",
     "javascript:1", "https://", "x" * 70_000],
)  # fmt: skip
def test_what_is_no_site_is_said_beside_the_form(window: Window, case: Case, text: str) -> None:
    answer = window.post("/proof/token", site=text)
    assert answer.status_code in (303, 409)
    harmless(answer.text)
    harmless(window.get("/proof").text)


def test_a_look_without_a_text_is_told(window: Window, case: Case) -> None:
    for host in (HOST, "", "other.example", "<b>"):
        answer = window.post("/proof/check", host=host)
        assert answer.status_code == 409 and "no text was made" in answer.text
        assert window.get(f"/proof/file/{host or 'x'}").status_code == 404
    assert window.post("/proof/token", site="other.example").headers["location"] == "/proof#site-2"
    assert "https://other.example/.well-known/optout-proof-" in window.get("/proof").text
