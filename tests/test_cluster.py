"""The cluster: what tasks of Ray find, build and crawl is what one machine does, killed or not."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crawler.job import CrawlOptions
from optout.cli import main
from optout.cluster import Cluster, connected, session, tasks
from optout.cluster import indexing as building
from optout.cluster.crawling import require_locks
from optout.datasets import resolve
from optout.errors import ClusterError, DatasetError
from optout.index import build, layout, read_manifest, verify
from optout.matching import match_cases
from optout.members.crawling import crawl_members
from optout.members.register import Organisation, read_register
from optout.remote import Session
from tests.benchmarks.cluster_plan import DATA, plan
from tests.benchmarks.laion_shaped import artists as invented
from tests.benchmarks.laion_shaped import write
from tests.harness import serving
from tests.remote_servers import shelf
from tests.test_index import ROWS, artist, both, write_rows
from tests.test_members import HEAD, Site, imported, row
from tests.test_onepass import EDITION, case_of, written

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
MEMORY = "300MB"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A local Ray with two workers, for all tests of this module."""
    _needs_ray()
    with connected(processors=2) as found:
        yield found


def _needs_ray() -> None:
    # Not imported here: how it is first imported decides where it listens.
    if find_spec("ray") is None:
        pytest.skip("the extra `cluster` is not installed")


@contextmanager
def killing(*names: str) -> Iterator[list[str]]:
    """The first worker seen at each of these tasks is killed; the names of those that were."""
    killed: list[str] = []
    over = threading.Event()

    def watch() -> None:
        while not over.is_set() and len(killed) < len(names):
            for pid, called in workers():
                name = called.removeprefix("ray::")
                if name in names and name not in killed:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(name)
            time.sleep(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield killed
    finally:
        over.set()
        watcher.join()


def workers() -> Iterator[tuple[int, str]]:
    """Processes of this process's own Ray, by what they are doing."""
    parents: dict[int, int] = {}
    called: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            pid = int(folder.name)
            parents[pid] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            called[pid] = (folder / "cmdline").read_text().rstrip("\0").split("\0")[0].strip()
        except OSError:
            continue  # it has ended
    for pid, name in called.items():
        above = pid
        while above in parents and above != os.getpid():
            above = parents[above]
        if above == os.getpid() and name.startswith("ray::"):
            yield pid, name


def tables(index: Path) -> dict[str, Any]:
    return {
        table: pq.read_table(sorted((index / table).glob("*.parquet"))) for table in layout.TABLES
    }


def equal(one: Path, other: Path) -> bool:
    """Whether two indexes of the same sources hold the same; the second one in order."""
    ours, theirs = tables(one), tables(other)
    assert read_manifest(one).sources == read_manifest(other).sources
    assert ours["rows"].equals(theirs["rows"])
    return all(in_order(ours[name]).equals(theirs[name]) for name in ours)


def in_order(table: pa.Table) -> pa.Table:
    # Threads of one machine write the row groups of the narrow tables as they come.
    return table.sort_by([(name, "ascending") for name in table.column_names[:3]])


# --- searching ---


def test_workers_find_what_one_machine_finds(cluster: Cluster, tmp_path: Path) -> None:
    people = invented(6, 6, 30)
    write(3000, tmp_path, files=3, edition=EDITION, people=people, row_group=300)
    more = tmp_path / "rows" / "part-more.csv"
    pictures = [one.pictures[0].url for one in people]
    more.write_text("url,caption\n" + "".join(f"{u},x\n" for u in [*pictures, "", "no address"]))
    cases = [case_of(tmp_path, one) for one in people]
    spec = [str(tmp_path / "rows")]
    match_cases(cases, spec)
    ours = [written(case) for case in cases]
    told: list[tuple[int, int, int]] = []
    found = match_cases(cases, spec, cluster=cluster, progress=lambda *state: told.append(state))
    assert [written(case) for case in cases] == ours
    assert sum(summary.data["matches"] for summary in found.values()) > 10
    assert told[-1] == (4, 4, 3008)


def test_a_damaged_file_is_named_as_on_one_machine(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = invented(2, 2, 30)
    write(3000, tmp_path, files=3, edition=EDITION, people=people, row_group=300)
    file = sorted((tmp_path / "rows").glob("*.parquet"))[1]
    data = bytearray(file.read_bytes())
    data[1000:20000] = bytes(19000)
    file.write_bytes(data)
    case = case_of(tmp_path, people[0])
    monkeypatch.chdir(tmp_path)  # named by a relative path
    match_cases([case], ["rows"])
    ours = written(case)
    assert b"cannot be read" in ours["summary.json"]
    assert main(["match", "--case", str(case.folder), "--dataset", "rows", "--ray"]) == 1
    assert written(case) == ours


def test_remote_files_are_read_by_workers_and_counted_here(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = invented(2, 2, 30)
    write(2000, tmp_path, files=2, edition=EDITION, people=people, row_group=300)
    files = sorted((tmp_path / "rows").glob("*.parquet"))
    case = case_of(tmp_path, people[0])
    with shelf({f"/{EDITION}/{f.name}": f.read_bytes() for f in files}) as (base, _):
        specs = [f"{base}/{EDITION}/{file.name}" for file in files]
        with Session("0") as here, Session("0") as by_workers:
            match_cases([case], specs, session=here)
            ours = written(case)
            match_cases([case], specs, session=by_workers, cluster=cluster)
    assert written(case) == ours
    assert by_workers.traffic.fetched >= here.traffic.fetched / 2 > 0


def test_a_killed_worker_changes_no_answer(cluster: Cluster, tmp_path: Path) -> None:
    people = invented(3, 3, 30)
    write(200_000, tmp_path, files=2, edition=EDITION, people=people)
    cases = [case_of(tmp_path, one) for one in people]
    spec = [str(tmp_path / "rows")]
    match_cases(cases, spec)
    ours = [written(case) for case in cases]
    with killing("_search_file") as killed:
        match_cases(cases, spec, cluster=cluster)
    assert killed == ["_search_file"]
    assert [written(case) for case in cases] == ours


# --- the index ---


def test_an_index_built_by_workers_is_the_same_also_when_some_are_killed(
    cluster: Cluster, tmp_path: Path
) -> None:
    case = artist(tmp_path / "case")
    many = [f"https://img{i % 700}.example{i % 90}.org/x/{i}-{i * 7}.jpg" for i in range(8_000)]
    spec = write_rows(tmp_path / "rows", [*ROWS, *many], files=3)
    build(resolve([spec]), tmp_path / "plain")
    out = tmp_path / "by-workers"
    arguments = ["index", "build", "--dataset", spec, "--out", str(out), "--memory", MEMORY]
    with killing("sort_file", "write_rows") as killed:
        assert main([*arguments, "--ray"]) == 0
    assert set(killed) == {"sort_file", "write_rows"}
    assert equal(tmp_path / "plain", out)
    assert len(read_manifest(out).tables["rows"]) > 1
    assert both(case, spec, out)["matches"]
    assert not verify(out) and not (out / ".build").exists()


def test_a_build_that_was_stopped_goes_on(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = write_rows(tmp_path / "rows", list(ROWS) * 5, files=2)
    files, out = resolve([spec]), tmp_path / "index"
    build(files, tmp_path / "plain")

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(building._Building, "_merge_tables", stop)
        with pytest.raises(KeyboardInterrupt):
            building.build(files, out, cluster, memory=MEMORY)
    kept = {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}
    assert len(kept) > 5
    began: list[str] = []
    more = replace(cluster, processors=3)  # so that it is cut elsewhere
    building.build(files, out, more, memory=MEMORY, progress=lambda name, _: began.append(name))
    assert equal(tmp_path / "plain", out)
    assert all(path.stat().st_mtime_ns == kept[path] for path in out.rglob("rows/*.parquet"))


def test_damage_and_too_little_memory_are_told_in_a_sentence(
    cluster: Cluster, tmp_path: Path
) -> None:
    spec = write_rows(tmp_path / "rows", list(ROWS), files=2)
    files = resolve([spec])
    with pytest.raises(ClusterError, match="no machine of the cluster has 900TB for one task"):
        building.build(files, tmp_path / "index", cluster, memory="900TB")
    file = tmp_path / "rows" / "part-00001.parquet"
    data = bytearray(file.read_bytes())
    data[4:300] = bytes(296)
    file.write_bytes(data)
    with pytest.raises(DatasetError, match=r"part-00001.parquet cannot be read") as told:
        building.build(files, tmp_path / "index", cluster, memory=MEMORY)
    assert told.value.hint


# --- members' crawls ---


def test_no_host_is_asked_by_two_workers_at_once(cluster: Cluster, tmp_path: Path) -> None:
    site = Site()
    with serving(site) as base:
        site.port = int(base.rpartition(":")[2])
        # Two members share a host; the pictures of all lie on that of the third.
        text = HEAD + row("1", sites=f"http://localhost:{site.port}/one/")
        text += row("2", sites=f"http://localhost:{site.port}/two/")
        text += row("3", sites=f"http://127.0.0.1:{site.port}/three/")
        imported(tmp_path, text, private=True)
        organisation = Organisation(tmp_path / "org")
        options = CrawlOptions(delay=0.05, autothrottle=False, allow_private=True)
        with killing("_crawl") as killed:
            done = crawl_members(
                organisation, read_register(organisation), options, at_once=4, cluster=cluster
            )
        assert killed == ["_crawl"]
        assert [(one.outcome, one.pages, one.images) for one in done] == [("crawled", 1, 4)] * 3
        assert len([path for _, _, path in site.asked if path.endswith(".jpg")]) >= 12
        assert not site.clashes


def test_machines_must_share_the_locks_of_the_folder(cluster: Cluster, tmp_path: Path) -> None:
    require_locks(cluster, tmp_path / "gate")
    found = {"a": True}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("optout.cluster.crawling.asked_on_each", lambda *_: found)
        with pytest.raises(ClusterError, match="the machine a does not share the locks"):
            require_locks(cluster, tmp_path / "gate")


# --- reaching Ray ---


def test_a_local_ray_answers_this_machine_alone_and_reports_to_nobody(cluster: Cluster) -> None:
    import ray

    [node] = ray.nodes()
    assert node["NodeManagerAddress"] == "127.0.0.1"
    if sys.platform == "linux":
        ports = {f"{node[name]:04X}" for name in ("NodeManagerPort", "ObjectManagerPort")}
        assert listening(ports) <= {"0100007F", f"{'0' * 16}FFFF0000{'0100007F'}"}
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def listening(ports: set[str]) -> set[str]:
    """The addresses, in hexadecimal, at which somebody listens on one of `ports`."""
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            if state == "0A" and local.partition(":")[2] in ports:
                found.add(local.partition(":")[0])
    assert found
    return found


def test_a_users_own_word_on_usage_reports_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    _needs_ray()
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    session._ray(local=True)
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "1"


def test_without_the_extra_one_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    spec = write_rows(tmp_path / "rows", list(ROWS), files=1)
    out = str(tmp_path / "index")
    assert main(["index", "build", "--dataset", spec, "--out", out, "--ray"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "optout: work on a cluster needs Ray, which is not installed",
        'hint: install it: pip install ".[cluster]" in the folder of the program; '
        "or leave --ray out",
    ]


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:1", "ray://127.0.0.1:1", "a:99999"])
def test_an_address_where_no_ray_is_is_told_at_once(address: str) -> None:
    with pytest.raises(ClusterError, match=r"no address of a Ray|no Ray answers at"):
        session._knock(address)


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        ({"optout": "0.0.1"}, "the machine 10.0.0.8 has optout 0.0.1, this one optout"),
        ({"optout": ""}, "the machine 10.0.0.8 has no optout"),
        ({"duckdb": "1.0.0"}, "the machine 10.0.0.8 has duckdb 1.0.0"),
    ],
)
def test_machines_with_another_version_are_refused(theirs: dict[str, str], words: str) -> None:
    ours = session._versions()()
    session._refuse_others({"10.0.0.7": ours})
    with pytest.raises(ClusterError, match=words):
        session._refuse_others({"10.0.0.7": ours, "10.0.0.8": ours | theirs})
    with pytest.raises(ClusterError, match=r"a machine of the cluster has optout"):
        tasks.refuse_other("0.0.1")


def test_each_machine_is_asked_for_its_versions(cluster: Cluster) -> None:
    answers = session.asked_on_each(cluster, session._versions())
    assert list(answers.values()) == [session._versions()()]


def test_the_plan_of_the_guide_is_the_one_computed() -> None:
    guide = Path(__file__).parents[1] / "docs" / "guides" / "cluster.md"
    assert plan(tomllib.loads(DATA.read_text("utf-8"))) in guide.read_text("utf-8")
