"""Evidence packs on the page: made by a process of its own, looked at, verified, downloaded."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from optout.case import Case
from optout.requests import write_requests
from optout.web import job, packs
from tests.conftest import Answer, Respond
from tests.harness import jpeg
from tests.page_window import Window, harmless
from tests.request_case import add_run, image, make_case, match, matched

Serve = Callable[[Respond], str]
HOSTILE = "=cmd|' /C calc'!A0 <script>1</script>\u202e\x00"


class Site:
    """A server that notes what was asked of it; `slow` seconds for each answer."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.slow = 0.0

    def __call__(self, method: str, path: str, headers: dict[str, str]) -> Answer:
        self.asked.append(path)
        time.sleep(self.slow)
        if path.endswith(".jpg"):
            return 200, [("Content-Type", "image/jpeg")], jpeg(len(path))
        if path == "/fox":
            return 200, [("Content-Type", "text/html")], b"<title>Fox</title><img src=/fox.jpg>"
        return 404, [], b""


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def case(tmp_path: Path, serve: Serve, site: Site) -> Case:
    base = serve(site)
    made = make_case(tmp_path / "case", sites=(f"{base}/",), hosts=())
    add_run(made, "2026-11-20T080000Z", images=[image(f"{base}/fox.jpg", jpeg(8))])
    own = {"image_url": f"{base}/fox.jpg", "page_url": f"{base}/fox"}
    matched(made, [
        match(1, url=f"{base}/fox.jpg", **own),
        match(2, url=f"{base}/unsafe.jpg", punsafe=0.9, image_url=None, page_url=None),
        match(3, url=f"{base}/withdrawn.jpg", dataset="laion5b", edition="laion2B-en",
              image_url=None, page_url=None),
        match(4, url=f"{base}/nsfw.jpg", nsfw="NSFW", image_url=None, page_url=None),
    ])  # fmt: skip
    write_requests(made)
    return made


@pytest.fixture
def window(case: Case) -> Iterator[Window]:
    opened = Window(case.folder)
    with opened.client:
        yield opened


def ended(case: Case) -> job.State:
    end = time.monotonic() + 60
    while job.watch(case.folder, job.PACK).running:
        assert time.monotonic() < end
        time.sleep(0.05)
    return job.read(case.folder, job.PACK)


def begin(window: Window, case: Case, **fields: object) -> job.State:
    shown = job.read(case.folder, job.PACK).began
    answer = window.post("/evidence/start", shown=shown, pause="0", **fields)
    assert answer.headers["location"] == "/evidence", answer.text
    return ended(case)


def test_a_pack_is_made_looked_at_verified_and_saved(
    window: Window, case: Case, site: Site
) -> None:
    matches = [f"m-{n:016x}" for n in (1, 2, 3, 4)]
    state = begin(window, case, match=matches, by=HOSTILE)
    assert state.outcome == job.DONE, state.lines
    assert not {"/unsafe.jpg", "/withdrawn.jpg", "/nsfw.jpg"} & set(site.asked)
    assert "/fox.jpg" in site.asked
    one, *others = packs.packs(case)
    assert one.name == state.made and not others
    for path in ("/evidence", f"/evidence/pack/{one.name}"):
        text = window.get(path).text
        harmless(text)
        assert one.name in text and "&lt;script&gt;" in text
    assert "calls the picture unsafe" in text and "the edition was withdrawn" in text
    assert one.manifest_sha256 in text
    saved = window.get(f"/evidence/zip/{one.name}")
    names = zipfile.ZipFile(io.BytesIO(saved.content)).namelist()
    assert f"{one.name}/verify.html" in names
    assert "none changed, missing or added" in window.post(f"/evidence/pack/{one.name}").text
    log = json.loads((one.archive.with_suffix("") / "custody.json").read_text("ascii"))
    assert log["made_by"] == HOSTILE.strip()
    assert log["command"].startswith("optout serve, as: optout evidence --match m-")


def test_a_changed_pack_is_told(window: Window, case: Case) -> None:
    begin(window, case, match="m-0000000000000001")
    one = packs.packs(case)[0]
    data = one.archive.read_bytes()
    one.archive.write_bytes(data.replace(b"README", b"READMF", 1))
    assert "It is not as it was made" in window.post(f"/evidence/pack/{one.name}").text
    one.archive.write_bytes(b"no zip")
    (one.archive.with_suffix("") / "addresses.json").write_text("{", "utf-8")
    (one.archive.with_suffix("") / "manifest.json").unlink()
    answer = window.post(f"/evidence/pack/{one.name}")
    assert answer.status_code == 200 and 'role="alert"' in answer.text
    assert window.get("/evidence").status_code == 200


def test_a_pack_of_a_whole_letter(window: Window, case: Case) -> None:
    day = next(case.requests.glob("2026*")).name
    assert f'value="{day}/laion"' in window.get("/evidence").text
    state = begin(window, case, request=f"{day}/laion", screenshots="")
    assert state.outcome == job.DONE and state.made.startswith("laion-")


@pytest.mark.parametrize(
    ("fields", "words"),
    [({}, "nothing was chosen"), ({"match": "m-1", "pause": "soon"}, "cannot be read"),
     ({"match": "m-1", "pause": "-1"}, "cannot be read")],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_the_form(
    window: Window, case: Case, fields: dict[str, str], words: str
) -> None:
    answer = window.post("/evidence/start", shown="", **fields)
    assert answer.status_code == 409 and words in answer.text
    assert job.read(case.folder, job.PACK) == job.State()


def test_what_is_not_there_fails_in_words_and_leaves_nothing(window: Window, case: Case) -> None:
    state = begin(window, case, match=HOSTILE)
    assert state.outcome == job.FAILED
    text = window.get("/evidence").text
    harmless(text)
    assert "could not be made" in text and "has no match" in text
    assert packs.packs(case) == []


def test_a_pack_that_is_stopped_leaves_nothing(window: Window, case: Case, site: Site) -> None:
    site.slow = 1.0
    window.post("/evidence/start", shown="", match="m-0000000000000001")
    window.post("/evidence/start", shown="", match="m-0000000000000001")
    end = time.monotonic() + 30
    while not job.read(case.folder, job.PACK).step:
        assert time.monotonic() < end
        time.sleep(0.05)
    text = window.get("/evidence").text
    assert "A pack is being made" in text and "Step 1 of 3: looking at http" in text
    assert window.post("/evidence/stop").headers["location"] == "/evidence?stopping=1"
    assert ended(case).outcome == job.STOPPED
    assert packs.packs(case) == [] and not list(case.folder.glob("evidence/*"))
    assert "It was stopped" in window.get("/evidence").text
    assert job.read(case.folder) == job.State(), "a check is another matter"


@pytest.mark.parametrize("name", ["none", "%2e%2e", "..%2f..%2foptout", "a%00b"])
def test_a_path_leads_to_packs_alone(window: Window, name: str) -> None:
    assert window.get(f"/evidence/pack/{name}").status_code == 404
    assert window.get(f"/evidence/zip/{name}").status_code == 404


def test_a_row_is_chosen_by_a_link(window: Window) -> None:
    text = window.get("/evidence?match=m-0000000000000001&request=2026-11-20/laion").text
    assert 'name="match" value="m-0000000000000001" checked' in text
    harmless(window.get("/evidence?match=%3Cscript%3E%E2%80%AE").text)


@pytest.mark.parametrize("number", [2, 3, 4])
def test_nor_does_comparing_ask_for_an_unsafe_picture(
    window: Window, site: Site, number: int
) -> None:
    row = f"/compare/m-{number:016x}"
    assert "This picture is not asked for" in window.get(row).text
    assert window.post(f"{row}/fetch").status_code == 303
    assert site.asked == []
