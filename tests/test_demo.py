"""The demo, run once for real: every number of its report against planted.toml; `optout run`."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest
from bs4 import BeautifulSoup

from optout.case import load_case
from optout.commands.demo import MADE, make_room
from optout.demo.dataset import FILE, bundled, fill, planted, rows, table, write_dataset
from optout.demo.pictures import PICTURES
from optout.demo.server import PREFERRED, Addresses, at, respond, serving
from optout.errors import CaseError
from optout.pipeline import Step, run_steps
from optout.report.words import words as report_words
from optout.tables import STRENGTHS
from tests.conftest import Respond
from tests.harness import FAST, optout
from tests.harness import rows as observed

SITE = Path(__file__).parents[1] / "optout" / "demo" / "site"
READERS = {"img2dataset": None, "CCBot": 0, "GPTBot": 0, "Google-Extended": 1, "ClaudeBot": 1}
CERTAIN = {"same_address", "same_image"}  # what may enter a request by itself


@dataclass(frozen=True)
class Demo:
    folder: Path
    done: subprocess.CompletedProcess[str]
    where: Addresses

    def fill(self, text: str) -> str:
        return fill(text, self.where)

    def matches(self) -> list[dict[str, Any]]:
        found = pq.read_table(self.folder / "matches" / "matches.parquet").to_pylist()
        assert isinstance(found, list)
        return found

    def requests(self) -> dict[str, list[dict[str, Any]]]:
        """Destination folder → its request rows, without the head."""
        files = sorted(self.folder.glob("requests/*/*/requests.jsonl"))
        return {
            f.parent.name: [json.loads(line) for line in f.read_text("utf-8").splitlines()][1:]
            for f in files
        }


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One run of `optout demo` that finds its preferred ports taken."""
    place = tmp_path_factory.mktemp("demo")
    with ExitStack() as stack:
        for port in PREFERRED:
            taken = stack.enter_context(socket.socket())
            try:
                taken.bind(("127.0.0.1", port))
                taken.listen()
            except OSError:
                pass  # somebody else has it: as good
        done = optout("demo", "--case", "here", cwd=place)
    ports = re.search(r"127\.0\.0\.1:(\d+), .* http://localhost:(\d+)", done.stderr)
    assert done.returncode == 0 and ports, done.stderr
    yield Demo(place / "here", done, at(int(ports[1]), int(ports[2])))


def facts_of(report: Path) -> dict[str, int]:
    page = BeautifulSoup(report.read_text("utf-8"), "html.parser")
    elements = page.select("[data-fact]")
    assert len({e["data-fact"] for e in elements}) == len(elements), "a name stands once"
    for element in elements:
        # What a reader sees is what a program reads.
        assert element["data-value"] in element.get_text().replace(",", "")
    return {str(e["data-fact"]): int(str(e["data-value"])) for e in elements}


def expected_facts() -> dict[str, int]:
    """Every number of the report, counted from what was planted."""
    facts = planted()
    images, planted_rows, decoys = facts["image"], facts["row"], facts["decoy"]
    fetched = [i for i in images if outcome(i) == ("fetched", 200)]
    not_listed = [i for i in images if not i.get("listed") and not i.get("furniture")]
    waiting = [r for r in planted_rows if r["strength"] not in CERTAIN]
    numbers = {
        "pages_fetched": sum("outcome" not in p for p in facts["page"]) + facts["trap"]["pages"],
        "pages_not_fetched": sum("outcome" in p for p in facts["page"]) + facts["trap"]["left_out"],
        "images_found": len(images),
        "images_fetched": len(fetched),
        "datasets_searched": 1,
        "files_searched": 1,
        "rows_searched": facts["rows"],
        "rows_skipped": sum(d.get("count", 1) for d in decoys if d.get("skipped")),
        "rows_without_url": sum(d.get("count", 1) for d in decoys if d.get("without_url")),
        "matches_waiting": len(waiting),
        "contradictions": sum("contradiction" in r for r in planted_rows),
        "images_furniture": sum("furniture" in i for i in images),
        "images_in_shape": sum("shape" in i for i in images),
        "images_not_in_shape": sum("not_captured" in i for i in images),
        "images_searched": sum(not i.get("furniture") for i in images),
        "images_not_listed": len(not_listed),
        "images_not_listed_outside": sum(not i.get("shape") for i in not_listed),
        "request_destinations": 3 + len(repost_hosts()),
        "lint": len(facts["finding"]),
    }
    for strength in STRENGTHS:
        if strength == "similar_image":
            continue  # no model has looked for likeness: no number is printed
        numbers[f"matches_{strength}"] = sum(r["strength"] == strength for r in planted_rows)
    for row in planted_rows:
        name = f"looked_{row.get('serves', 'not looked at').replace(' ', '_')}"
        numbers[name] = numbers.get(name, 0) + 1
    for reader in READERS:
        for value in ("allowed", "disallowed", "unknown"):
            numbers[f"images_{value}_{reader}"] = sum(verdict(i, reader) == value for i in images)
    return numbers


def outcome(image: dict[str, Any]) -> tuple[str, int | None]:
    if "outcome" in image:
        return image["outcome"], None
    return "fetched", image.get("status", 200)


def verdict(image: dict[str, Any], reader: str) -> str:
    place = READERS[reader]
    found = image["img2dataset"] if place is None else image["others"][place]
    assert isinstance(found, str)
    return found


def repost_hosts() -> set[str]:
    """Hosts of strangers that hold her bytes, or serve her address through a proxy."""
    return {
        re.sub(r"^https?://([^/]+)/.*", r"\1", r["url"])
        for r in planted()["row"]
        if r["place"] == "elsewhere" and r["strength"] in CERTAIN
    }


# --- the numbers ---


def test_every_number_of_the_report_is_a_planted_fact(demo: Demo) -> None:
    assert facts_of(demo.folder / "report.html") == expected_facts()


def test_the_lint_finds_exactly_the_planted_traps(demo: Demo) -> None:
    done = optout("lint", "--case", str(demo.folder), "--json", cwd=demo.folder)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    expected = [(one["check"], demo.fill(one["url"])) for one in planted()["finding"]]
    assert [(row["check"], row["url"]) for row in rows] == expected


def tables_of(report: Path) -> dict[str, list[dict[str, str]]]:
    """Every table by its caption: rows as column head → text, "" for the row's own head."""
    page = BeautifulSoup(report.read_text("utf-8"), "html.parser")
    found = {}
    for element in page.select("table"):
        lines, group = [], ""
        for row in element.select("tbody tr"):
            th = row.find("th")
            head = th.get_text(" ", strip=True) if th else ""
            if "group" in (row.get("class") or []):
                group = head
                continue
            cells = {str(c["data-label"]): c.get_text(" ", strip=True) for c in row.select("td")}
            lines.append({"": head, "group": group, **cells})
        found[element.find("caption").get_text(" ", strip=True)] = lines  # type: ignore[union-attr]
    return found


def report_table(demo: Demo, beginning: str) -> list[dict[str, str]]:
    tables = tables_of(demo.folder / "report.html")
    (rows,) = [rows for caption, rows in tables.items() if caption.startswith(beginning)]
    return rows


LABELS = {
    "same_address": "Same address",
    "same_image": "Same image",
    "lead": "Lead",
    "caption_only": "Caption only",
}


def counted(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Planted rows or matches by strength, as a table prints them."""
    return {
        label: str(sum(r["strength"] == strength for r in rows))
        for strength, label in LABELS.items()
    }


def test_the_hosts_of_the_report_are_those_of_the_planted_rows(demo: Demo) -> None:
    by_host: dict[str, list[dict[str, Any]]] = {}
    for row in planted()["row"]:
        host = urlsplit(demo.fill(row["url"]).replace("&amp;", "&")).hostname or ""
        by_host.setdefault(host, []).append(row)
    shown = report_table(demo, "Where the addresses")
    assert {r[""]: {label: r[label] for label in LABELS.values()} for r in shown} == {
        host: counted(rows) for host, rows in by_host.items()
    }


def test_the_works_of_the_report_count_the_matches(demo: Demo) -> None:
    """Which rows match is planted; which work each names is counted here once more by hand."""
    works = pq.read_table(demo.folder / "matches" / "works.parquet").to_pylist()
    titles = {w["work_id"]: w["title"] for w in works}
    by_work: dict[str, list[dict[str, Any]]] = {}
    for match in demo.matches():
        if match["work_id"]:
            by_work.setdefault(match["work_id"], []).append(match)
    expected = {
        titles[work]: {
            "Your images of it": str(sum(w["work_id"] == work for w in works)),
            **counted(matches),
        }
        for work, matches in by_work.items()
    }
    shown = report_table(demo, "Your works to which")
    keys = ("Your images of it", *LABELS.values())
    assert {r[""]: {key: r[key] for key in keys} for r in shown} == expected


def test_the_readers_of_the_report_count_the_planted_images(demo: Demo) -> None:
    shown = {
        (r["group"], r[""]): (r["Allowed"], r["Not allowed"], r["Unknown"])
        for r in report_table(demo, "Images by host and reader")
    }
    expected: dict[tuple[str, str], tuple[str, ...]] = {}
    for base in ("{{site}}", "{{cdn}}"):
        images = [i for i in planted()["image"] if i["url"].startswith(base)]
        for reader in READERS:
            values = [verdict(i, reader) for i in images]
            expected[demo.fill(base), reader] = tuple(
                str(values.count(value)) for value in ("allowed", "disallowed", "unknown")
            )
    assert shown == expected


def test_the_hosts_met_are_counted_as_planted(demo: Demo) -> None:
    facts = planted()
    pages = sum("outcome" not in p for p in facts["page"]) + facts["trap"]["pages"]
    shown = {r[""]: (r["Pages read"], r["Images"]) for r in report_table(demo, "Hosts met")}
    images = [i["url"] for i in facts["image"]]
    assert shown == {
        demo.fill("{{site}}"): (str(pages), str(sum(u.startswith("{{site}}") for u in images))),
        demo.fill("{{cdn}}"): ("0", str(sum(u.startswith("{{cdn}}") for u in images))),
    }


def unseen_facts() -> Counter[tuple[str, str]]:
    """(pages or images, why not seen) → how many were planted."""
    facts = planted()
    found = Counter({("pages", "trap"): facts["trap"]["left_out"]})
    for what in ("page", "image"):
        found.update((f"{what}s", entry["unseen"]) for entry in facts[what] if "unseen" in entry)
    return found


def test_what_was_not_seen_is_counted_as_planted(demo: Demo) -> None:
    shown = {
        (r["What"], r["Why"].partition(" — ")[0]): int(r["Addresses"])
        for r in report_table(demo, "Pages, images and files that were not seen")
    }
    assert shown == {
        (what, report_words()["unseen"][why]["label"]): n
        for (what, why), n in unseen_facts().items()
    }
    page = BeautifulSoup((demo.folder / "report.html").read_text("utf-8"), "html.parser")
    assert page.select_one("header #partial"), "the heading says that the crawl is partial"
    assert "this crawl is partial" in demo.done.stderr


def test_what_a_pipeline_could_have_captured_is_counted_as_planted(demo: Demo) -> None:
    planned = Counter(i["not_captured"] for i in planted()["image"] if "not_captured" in i)
    shown = {
        r["Why"]: int(r["Images"])
        for r in report_table(demo, "Images that a LAION-type pipeline could not")
    }
    assert shown == {report_words()["shape"][why]: count for why, count in planned.items()}
    for why, count in planned.items():
        assert f"{count} × {report_words()['shape'][why]} (e.g. " in demo.done.stderr


def test_the_reasons_for_not_listed_are_counted_as_planted(demo: Demo) -> None:
    missing = [i for i in planted()["image"] if not i.get("listed") and not i.get("furniture")]
    outside = [i for i in missing if not i.get("shape")]
    shown = report_table(demo, "Why they could not have been captured")
    assert sum(int(r["Images"]) for r in shown) == len(outside)
    assert len(report_table(demo, "Images not listed in the files")) == len(missing)


def test_the_demo_ends_by_naming_the_report(demo: Demo) -> None:
    last = demo.done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"wrote {Path('here') / 'report.html'} ")
    assert demo.done.stdout == ""


# --- the rows ---


def test_exactly_the_planted_rows_are_found(demo: Demo) -> None:
    found = {
        m["dataset_row"]: (m["url"], m["strength"], m["evidence"], m["place"])
        for m in demo.matches()
    }
    assert found == {
        r["row"]: (demo.fill(r["url"]), r["strength"], r["evidence"], r["place"])
        for r in planted()["row"]
    }


def test_contradictions_are_told_and_only_where_there_are_some(demo: Demo) -> None:
    told = {m["dataset_row"]: m["contradiction"] for m in demo.matches() if m["contradiction"]}
    assert set(told) == {r["row"] for r in planted()["row"] if r.get("contradiction")}
    assert all("the address now serves other bytes" in text for text in told.values())


def test_a_match_names_the_image_it_is_about(demo: Demo) -> None:
    shown = {m["dataset_row"]: m["image_url"] for m in demo.matches()}
    assert shown[101] == demo.fill("{{site}}/wp-content/uploads/2019/10/lighthouse-in-october.jpg")
    assert shown[1822] == demo.fill("{{cdn}}/works/salt-marsh-triptych.jpg")
    assert shown[2111] is None


def test_the_shifted_row_is_named_as_skipped(demo: Demo) -> None:
    summary = json.loads((demo.folder / "matches" / "summary.json").read_text("utf-8"))
    shifted = next(d for d in planted()["decoy"] if d.get("skipped"))
    assert summary["datasets"][0]["skipped_examples"] == [
        {"file": FILE, "row": shifted["row"], "value": shifted["url"]}
    ]


def test_every_match_stands_in_the_report_with_its_row(demo: Demo) -> None:
    text = BeautifulSoup((demo.folder / "report.html").read_text("utf-8"), "html.parser").get_text(
        " "
    )
    for row in planted()["row"]:
        assert re.search(rf"\brow {row['row']:,}\b|\brow {row['row']}\b", text), row["row"]


# --- the scan ---


def test_the_pages_are_those_of_the_site(demo: Demo) -> None:
    trap = planted()["trap"]["path"]
    seen = {p["url"]: p["outcome"] for p in observed(demo.folder, "pages") if trap not in p["url"]}
    wanted = {demo.fill(p["url"]): p.get("outcome", "fetched") for p in planted()["page"]}
    assert seen == wanted


def test_the_calendar_is_cut_and_named(demo: Demo) -> None:
    trap = planted()["trap"]
    pages = [p for p in observed(demo.folder, "pages") if trap["path"] in p["url"]]
    assert len(pages) == trap["pages"]
    run = next((demo.folder / "observations").glob("run=*"))
    cut = json.loads((run / "summary.json").read_text("utf-8"))["cut_short"]
    assert [(c["kind"], c["what"], c["reason"], c["count"]) for c in cut] == [
        ("trap", "pages", trap["reason"], trap["left_out"])
    ]
    assert trap["reason"] in demo.done.stderr
    assert trap["reason"] in (demo.folder / "report.html").read_text("utf-8")


def test_the_images_are_those_of_the_site(demo: Demo) -> None:
    seen = {i["image_url"]: (i["outcome"], i["status"]) for i in observed(demo.folder, "images")}
    assert seen == {demo.fill(i["url"]): outcome(i) for i in planted()["image"]}


def test_the_shape_of_every_image_is_as_planted(demo: Demo) -> None:
    shape: dict[str, bool] = {}
    for ref in observed(demo.folder, "image_refs"):
        shape[ref["image_url"]] = shape.get(ref["image_url"], False) or ref["in_laion_shape"]
    assert shape == {demo.fill(i["url"]): i.get("shape", False) for i in planted()["image"]}


def test_the_bytes_are_those_shipped(demo: Demo) -> None:
    shipped = {hashlib.md5((SITE / name).read_bytes()).hexdigest() for name in PICTURES}
    seen = {i["md5"] for i in observed(demo.folder, "images") if i["md5"]}
    icon = hashlib.md5((SITE / "www/favicon.png").read_bytes()).hexdigest()
    never_asked = hashlib.md5((SITE / "www/private/sketchbook.jpg").read_bytes()).hexdigest()
    assert seen == shipped - {never_asked} | {icon}


def test_a_wrong_type_is_seen_through(demo: Demo) -> None:
    kettle = next(
        i for i in observed(demo.folder, "images") if i["image_url"].endswith("copper-kettle.jpg")
    )
    assert kettle["content_type"] == "text/html; charset=utf-8"
    assert (kettle["sniffed_type"], kettle["width"]) == ("image/jpeg", 400)


def test_every_header_line_is_kept_with_its_hop(demo: Demo) -> None:
    lines = {
        (h["url"], h["hop"]): [x["value"] for x in h["headers"] if x["name"] == "x-robots-tag"]
        for h in observed(demo.folder, "hops")
        if h["subject"] == "image"
    }
    fill = demo.fill
    assert lines[fill("{{cdn}}/works/snow-geese-leaving.jpg"), 0] == ["googlebot: noindex", "noai"]
    assert lines[fill("{{cdn}}/works/beekeepers-sunday.jpg"), 0] == ["max-snippet: 20, noai"]
    assert lines[fill("{{site}}/art/old-mill.jpg"), 0] == ["noai"]
    assert lines[fill("{{site}}/art/old-mill.jpg"), 1] == []


def test_the_three_states_of_an_alt_text_are_kept_apart(demo: Demo) -> None:
    states = {r["image_url"]: r["alt_state"] for r in observed(demo.folder, "image_refs")}
    assert states[demo.fill("{{site}}/art/studio-window.jpg")] == "missing"
    assert states[demo.fill("{{site}}/art/atlas-cover.jpg")] == "empty"
    assert states[demo.fill("{{site}}/art/winter-timetable.jpg")] == "text"


def test_robots_txt_of_both_hosts_is_kept(demo: Demo) -> None:
    files = {(f["origin"], f["kind"]): f["status"] for f in observed(demo.folder, "site_files")}
    others = ("tdmrep.json", "ai.txt", "trust.txt")
    assert files == {
        (demo.where.site, "robots.txt"): 200,
        (demo.where.cdn, "robots.txt"): 404,
        **{(place, kind): 404 for place in (demo.where.site, demo.where.cdn) for kind in others},
    }


def test_every_verdict_is_as_planted(demo: Demo) -> None:
    from optout.database import open_case
    from optout.readers.site import image_verdicts

    with open_case(load_case(demo.folder)) as connection:
        found = {(url, v.reader): v.value for url, v in image_verdicts(connection)}
    assert {(url, str(getattr(r, "name", r))): value for (url, r), value in found.items()} == {
        (demo.fill(i["url"]), reader): verdict(i, reader)
        for i in planted()["image"]
        for reader in READERS
    }


# --- the requests ---


def test_only_certain_rows_enter_a_request(demo: Demo) -> None:
    certain = {r["row"] for r in planted()["row"] if r["strength"] in CERTAIN}
    lists = demo.requests()
    for name in ("laion", "hugging-face"):
        assert {row["dataset_row"] for row in lists[name]} == certain
    everything = {row["dataset_row"] for found in lists.values() for row in found}
    assert {n for n in everything if n is not None} == certain


def test_each_repost_has_a_folder_of_its_own(demo: Demo) -> None:
    folders = {name for name in demo.requests() if name.startswith("host-")}
    assert folders == {f"host-{host}" for host in repost_hosts()}


def test_domains_are_her_own(demo: Demo) -> None:
    files = list(demo.folder.glob("requests/*/*/domains.txt"))
    assert files
    for file in files:
        assert file.read_text("utf-8").splitlines() == planted()["declared_hosts"]


def test_the_manifest_holds_the_hash_of_every_file(demo: Demo) -> None:
    for manifest in demo.folder.glob("requests/*/*/manifest.json"):
        listed = json.loads(manifest.read_text("utf-8"))["files"]
        there = {f.name for f in manifest.parent.iterdir()} - {"manifest.json"}
        assert {entry["name"] for entry in listed} == there
        for entry in listed:
            body = (manifest.parent / entry["name"]).read_bytes()
            assert hashlib.sha256(body).hexdigest() == entry["sha256"]


def test_the_letters_accuse_nobody(demo: Demo) -> None:
    for letter in demo.folder.glob("requests/*/*/letter.*"):
        text = letter.read_text("utf-8").casefold()
        assert not re.search(r"\b(stolen|stole|illegal\w*|trained on|damages)\b", text)


# --- the same again ---


def test_a_second_match_requests_and_report_give_the_same_bytes(demo: Demo) -> None:
    def contents() -> dict[str, bytes]:
        places = [demo.folder / name for name in ("matches", "requests", "report.html")]
        files = [f for place in places for f in [place, *place.rglob("*")] if f.is_file()]
        return {str(f.relative_to(demo.folder)): f.read_bytes() for f in files}

    before = contents()
    for words in (["match", "--dataset", f"here/{FILE}"], ["requests"], ["report"]):
        done = optout(*words, "--case", "here", cwd=demo.folder.parent)
        assert done.returncode == 0, done.stderr
    assert contents() == before


# --- the demo's own parts ---


def test_the_bundled_file_is_what_the_script_makes(tmp_path: Path) -> None:
    (tmp_path / "bundled.parquet").write_bytes(bundled())
    shipped = pq.read_table(tmp_path / "bundled.parquet")
    made = table(at(*PREFERRED))
    assert shipped.schema.equals(made.schema)
    # repr, since NaN is not equal to NaN.
    assert repr(shipped.to_pylist()) == repr(made.to_pylist())


def test_other_ports_give_another_file_with_the_same_rows(tmp_path: Path) -> None:
    write_dataset(tmp_path / FILE, at(1, 2))
    urls = pq.read_table(tmp_path / FILE, columns=["url"])["url"].to_pylist()
    assert len(urls) == planted()["rows"]
    assert not [u for u in urls if u and re.search(":863[12]|%3A863[12]", u)]
    assert "http://127.0.0.1:1/art/old-mill.jpg" in urls


def test_noise_is_on_hosts_that_nobody_can_own() -> None:
    touched = {r["row"] for r in planted()["row"]}
    for entry in planted()["decoy"]:
        touched |= set(range(entry["row"], entry["row"] + entry.get("count", 1)))
    noise = [row for number, row in enumerate(rows(at(*PREFERRED))) if number not in touched]
    assert all(re.match(r"https://host-\d{3}\.example/", row["url"]) for row in noise)
    assert len({row["md5"] for row in noise}) == len(noise)


def test_the_pictures_are_large_enough_for_laion_and_small_enough_to_ship() -> None:
    sizes = {name: (SITE / name).stat().st_size for name in PICTURES}
    assert min(sizes.values()) >= 5_000
    assert sum(f.stat().st_size for f in SITE.rglob("*") if f.is_file()) < 1_000_000


def test_a_picture_has_the_size_the_data_set_says() -> None:
    from PIL import Image

    for name, size in PICTURES.items():
        with Image.open(SITE / name) as image:
            assert image.size == size, name


@pytest.mark.parametrize(
    "target", ["/../planted.toml", "/%2e%2e/planted.toml", "/art", "/art/%00.jpg", "/events/"]
)
def test_the_demo_servers_give_out_nothing_but_the_site(target: str) -> None:
    assert respond("www", target, at(1, 2))[0] == 404


def test_the_calendar_never_ends() -> None:
    body = respond("www", "/events/9998/12/", at(1, 2))[2]
    assert b'href="/events/9999/01/"' in body


# --- the folder ---


def test_an_earlier_demo_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    (folder / "observations" / "run=x").mkdir(parents=True)
    (folder / "optout.toml").write_text("demo = true\n", "utf-8")
    (folder / "my notes.txt").write_text("mine", "utf-8")
    make_room(folder)
    assert [p.name for p in folder.iterdir()] == ["my notes.txt"]


@pytest.mark.parametrize("text", ["version = 1\n", "demo = 1\n", "demo = ", "# demo = true\n"])
def test_a_case_that_is_no_demo_is_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "optout.toml").write_text(text, "utf-8")
    (tmp_path / "report.html").write_text("mine", "utf-8")
    with pytest.raises(CaseError, match="not an earlier demo"):
        make_room(tmp_path)
    assert (tmp_path / "report.html").read_text("utf-8") == "mine"


def test_everything_the_demo_leaves_is_on_its_list(demo: Demo) -> None:
    assert {p.name for p in demo.folder.iterdir()} <= {*MADE, "optout.toml"}


# --- steps ---


def test_a_failed_step_is_told_and_the_rest_goes_on() -> None:
    done, told = [], []

    def broken() -> None:
        raise CaseError("the thing is broken", "mend it")

    def full() -> None:
        raise OSError(28, "No space left on device", "x.parquet")

    steps = [
        Step("first", broken),
        Step("second", full),
        Step("third", lambda: done.append("third")),
    ]
    assert run_steps(steps, told.append) == ("first", "second")
    assert done == ["third"]
    assert "  the thing is broken" in told and "  hint: mend it" in told
    assert "  No space left on device: x.parquet" in told


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        run_steps([Step("first", lambda: 1 / 0)], lambda text: None)


# --- optout run ---

RUN = ("--allow-private", *FAST)
PAGE = (
    b'<!doctype html><title>x</title><img src="/a/fox-in-the-snow.png" '
    b'alt="Fox in the snow, gouache">'
)


def small_site(header: dict[str, str]) -> Respond:
    """One page with one picture; `header` is the picture's X-Robots-Tag, if any."""
    picture = (SITE / "www" / "favicon.png").read_bytes()

    def respond(
        method: str, path: str, headers: dict[str, str]
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        if path == "/":
            return 200, [("Content-Type", "text/html")], PAGE
        if path.endswith(".png"):
            return 200, [("Content-Type", "image/png"), *header.items()], picture
        return 404, [], b""

    return respond


Serve = Callable[[Respond], str]


def test_without_a_data_set_the_sites_are_read_and_the_way_is_told(
    serve: Serve, tmp_path: Path
) -> None:
    base = serve(small_site({"X-Robots-Tag": "noai"}))
    done = optout("run", base, "--case", "c", *RUN, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Re-LAION-5B" in done.stderr and "optout datasets" in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith(f"wrote {Path('c') / 'report.html'}")
    facts = facts_of(tmp_path / "c" / "report.html")
    assert facts["images_disallowed_img2dataset"] == 1
    assert "rows_searched" not in facts


def test_exit_code_3_says_that_something_changed(serve: Serve, tmp_path: Path) -> None:
    header: dict[str, str] = {}
    base = serve(small_site(header))
    write_dataset(tmp_path / FILE, at(1, 2))
    words = ("run", base, "--case", "c", "--dataset", FILE, "--exit-code", *RUN)
    first = optout(*words, cwd=tmp_path)
    assert first.returncode == 3, first.stderr  # robots.txt was never seen before
    assert optout(*words, cwd=tmp_path).returncode == 0
    header["X-Robots-Tag"] = "noai"
    assert optout(*words, cwd=tmp_path).returncode == 3
    assert len(load_case(tmp_path / "c").runs()) == 3


def test_a_mistyped_data_set_is_told_before_the_sites_are_read(tmp_path: Path) -> None:
    done = optout("run", "http://127.0.0.1:9", "--case", "c", "--dataset", "nowhere.parquet",
                  *RUN, cwd=tmp_path)  # fmt: skip
    assert done.returncode == 1
    assert "nowhere.parquet" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "c").exists()


def test_a_site_that_is_down_still_gives_a_report(tmp_path: Path) -> None:
    write_dataset(tmp_path / FILE, at(1, 2))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{closed.getsockname()[1]}"
    done = optout("run", base, "--case", "c", "--dataset", FILE, "--name", planted()["artist"],
                  *RUN, cwd=tmp_path)  # fmt: skip
    assert done.returncode == 1
    assert "no page of" in done.stderr and "Traceback" not in done.stderr
    facts = facts_of(tmp_path / "c" / "report.html")
    named = [r for r in planted()["row"] if "artist_name" in r["evidence"]]
    assert facts["matches_caption_only"] == len(named)


def test_two_demos_at_a_time_take_different_ports() -> None:
    with serving() as one, serving() as two:
        assert one.site != two.site and one.cdn != two.cdn


def test_ctrl_c_ends_the_demo_that_keeps_serving(tmp_path: Path) -> None:
    import signal
    import sys
    import urllib.request

    words = [sys.executable, "-m", "optout", "demo", "--case", "here", "--keep-serving"]
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        try:
            told = next(line for line in running.stderr if "Ctrl+C" in line)
            with urllib.request.urlopen(told.split()[0] + "/robots.txt", timeout=5) as answer:
                assert b"User-agent: GPTBot" in answer.read()
            running.send_signal(signal.SIGINT)
            assert running.wait(60) == 0
            assert "the demo site is closed" in running.stderr.read()
        finally:
            running.kill()
