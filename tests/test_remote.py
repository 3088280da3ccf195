"""Remote files: only what is needed is read and counted, troubles are sentences, nothing leaks."""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optout.case import create_case
from optout.cli import main
from optout.database import connect
from optout.datasets import resolve
from optout.errors import DatasetError, OptoutError
from optout.matching import match_case
from optout.remote import Session, attach, files_under, is_remote, open_source
from optout.remote.address import bucket_address, fixed_part, hub_address, inside, path_of
from optout.remote.cache import Cache, size_limit
from optout.remote.hub import token
from optout.remote.source import open_file
from tests.harness import serving
from tests.remote_servers import SHA, Hub, Shelf, shelf

ROWS, HOSTS, GROUP = 200_000, 2_000, 4_000
SUFFIXES = (".parquet", ".csv")
ONE_HOST = "SELECT count(*) FROM read_parquet('{}') WHERE host = 'h00700.example'"


@pytest.fixture(autouse=True)
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cache, token or credentials of whoever runs the tests."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_ENDPOINT", "HF_HOME", "AWS_PROFILE",
                 "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                 "OPTOUT_CACHE_LIMIT"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPTOUT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def session() -> Iterator[Session]:
    with Session(sleep=lambda seconds: None) as one:
        yield one


@pytest.fixture(scope="module")
def sorted_rows() -> bytes:
    """200,000 rows in 50 row groups, sorted by host: what an index looks like."""
    numbers = range(ROWS)
    hosts = [f"h{n * HOSTS // ROWS:05d}.example" for n in numbers]
    table = pa.table({
        "host": hosts,
        "url": [f"https://{hosts[n]}/{n}/{n * 7919 % 100_003}.jpg" for n in numbers],
        "caption": [f"a picture of {n * 31_337 % 999_983}" for n in numbers],
    })  # fmt: skip
    return parquet(table, row_group_size=GROUP)


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", **options)
    return sink.getvalue().to_pybytes()


def rows(*urls: str) -> bytes:
    return parquet(pa.table({"URL": list(urls), "TEXT": [f"text {n}" for n in range(len(urls))]}))


def ask(session: Session, query: str) -> Any:
    connection = connect()
    try:
        attach(connection, session)
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def refused(read: Callable[[], object]) -> DatasetError:
    with pytest.raises(DatasetError) as caught:
        read()
    assert caught.value.hint
    assert "\n" not in caught.value.message
    return caught.value


# ------------------------------------------------------------------------ only what is needed
def test_one_host_of_a_sorted_file_costs_a_few_parts(session: Session, sorted_rows: bytes) -> None:
    with shelf({"/index.parquet": sorted_rows}) as (base, store):
        assert ask(session, ONE_HOST.format(f"{base}/index.parquet")) == [(ROWS // HOSTS,)]
        assert store.sent < len(sorted_rows) / 10
        assert len(store.asked) <= 6
        # The count is the server's own.
        assert session.traffic.fetched == store.sent
        assert session.traffic.requests == len(store.asked)


def test_a_column_is_read_without_the_others(session: Session, sorted_rows: bytes) -> None:
    with shelf({"/index.parquet": sorted_rows}) as (base, store):
        (count,) = ask(
            session, f"SELECT sum(strlen(host)) FROM read_parquet('{base}/index.parquet')"
        )
        assert count == (ROWS * len("h00000.example"),)
        assert store.sent < len(sorted_rows) / 3
        assert session.traffic.fetched == store.sent


def test_what_was_read_is_not_fetched_again(sorted_rows: bytes) -> None:
    with shelf({"/index.parquet": sorted_rows}) as (base, store):
        for again in range(2):
            with Session() as session:
                ask(session, ONE_HOST.format(f"{base}/index.parquet"))
                if again:
                    assert session.traffic.cached > 0
        # Only the first look, which says that the file is still the same.
        assert [one.range for one in store.asked][-1] == "bytes=0-4095"
        before = store.sent
        store.etag = '"v2"'
        with Session() as session:
            ask(session, ONE_HOST.format(f"{base}/index.parquet"))
            assert session.traffic.cached == 0
        assert store.sent > before + 65_536


@pytest.fixture(scope="module")
def ranged() -> Iterator[tuple[str, Shelf]]:
    with shelf({}) as found:
        yield found


@given(data=st.data())
def test_a_part_is_the_bytes_that_are_there(ranged: tuple[str, Shelf], data: st.DataObject) -> None:
    body = data.draw(st.integers(0, 150_000).map(lambda n: bytes(i * 31 % 251 for i in range(n))))
    suffix = data.draw(st.sampled_from(["parquet", "csv"]))
    if data.draw(st.booleans()) and len(body) > 20:
        length = data.draw(st.integers(0, 2**32 - 1 if len(body) < 100 else len(body)))
        body = body[:-8] + (min(length, 2**27)).to_bytes(4, "little") + b"PAR1"
    first, length = data.draw(st.integers(0, 310_000)), data.draw(st.integers(0, 310_000))
    with Session("0") as session:
        base, store = ranged
        store.files[f"/x.{suffix}"] = body
        file = open_file(f"{base}/x.{suffix}", session)
        assert file.size == len(body)
        assert file.part(first, length) == body[first : first + length]


def test_threads_do_not_move_each_others_place(session: Session, sorted_rows: bytes) -> None:
    with shelf({"/index.parquet": sorted_rows}) as (base, _):
        reader = open_file(f"{base}/index.parquet", session).open("rb")
        wrong = []

        def read(start: int) -> None:
            for at in range(start, start + 200_000, 20_000):
                reader.seek(at)
                if reader.read(1_000) != sorted_rows[at : at + 1_000]:
                    wrong.append(at)

        threads = [threading.Thread(target=read, args=(n * 7,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


def test_a_source_is_a_folder_with_a_list(session: Session, sorted_rows: bytes) -> None:
    files = {
        "/v1/manifest.json": b'{"files": ["a/hosts.parquet"]}',
        "/v1/a/hosts.parquet": sorted_rows,
    }
    with shelf(files) as (base, _):
        source = open_source(f"{base}/v1/", session)
        (name,) = json.loads(source.read("manifest.json"))["files"]
        assert ask(session, ONE_HOST.format(source.file(name))) == [(ROWS // HOSTS,)]
        refused(lambda: open_source(f"{base}/v1/?key=1", session))
        error = refused(lambda: source.read("manifest.json", most=3))
        assert "larger than" in error.message


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "a//b", "https://evil.example/x", "", "a\\b"]
)
def test_a_list_names_files_below_it_and_no_others(name: str) -> None:
    refused(lambda: inside(name))


# ------------------------------------------------------------------------------ optout match
@pytest.fixture
def case(tmp_path: Path) -> Any:
    return create_case(tmp_path / "case", [], hosts=["mira.example"], created=date(2026, 11, 21))


def test_a_remote_file_gives_the_same_matches_as_the_same_file_here(
    case: Any, tmp_path: Path
) -> None:
    body = rows("https://mira.example/a.jpg", "https://else.example/b.jpg", "no address")
    (tmp_path / "part-0.parquet").write_bytes(body)
    match_case(case, [f"laion400m={tmp_path}/part-0.parquet"])
    here = [(case.matches / name).read_bytes() for name in ("matches.parquet", "summary.json")]
    with shelf({"/part-0.parquet": body}) as (base, store):
        match_case(case, [f"laion400m={base}/part-0.parquet?sig=a[1]*"])
        assert store.asked[0].path == "/part-0.parquet?sig=a[1]*"
    there = [(case.matches / name).read_bytes() for name in ("matches.parquet", "summary.json")]
    assert here == there


def test_match_says_what_was_fetched(
    case: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with shelf({"/r.parquet": rows("https://mira.example/a.jpg")}) as (base, store):
        command = ["match", "--case", str(case.folder), "--dataset", f"{base}/r.parquet"]
        assert main(command) == 0
        err = capsys.readouterr().err
        assert f"fetched {store.sent} bytes in {len(store.asked)} requests" in err
        assert main([*command, "--cache-limit", "a lot"]) == 1
        assert "hint: write it like 500 MB" in capsys.readouterr().err


def test_a_wrong_address_is_a_sentence_and_a_hint(
    case: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with shelf({}) as (base, _):
        spec = f"{base}/r.parquet"
        assert main(["match", "--case", str(case.folder), "--dataset", spec]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"optout: there is no {spec} (404)\nhint: check the address\n")


def test_text_files_are_read_from_afar_too(case: Any) -> None:
    lines = ["URL,TEXT", *(f"https://mira.example/{n}.jpg,text {n}" for n in range(3_000))]
    with shelf({"/r.csv": "\n".join(lines).encode()}) as (base, _):
        summary = match_case(case, [f"{base}/r.csv"])
    assert summary.data["matches"] == 3_000


def test_the_network_drops_in_the_middle_and_the_next_run_goes_on(case: Any) -> None:
    first = rows("https://mira.example/a.jpg")
    second = rows(*(f"https://mira.example/{n}{n * 7919 % 100_003}.jpg" for n in range(50_000)))
    with shelf({"/1.parquet": first, "/2.parquet": second}) as (base, store):
        specs = [f"a={base}/1.parquet", f"b={base}/2.parquet"]
        match_case(case, specs[:1])
        before = (case.matches / "matches.parquet").read_bytes()

        def gone(number: int, path: str) -> Any:
            return (503, [("Retry-After", "0")], b"") if number > 2 else None

        store.instead, store.asked = gone, []
        with Session(sleep=lambda seconds: None) as session:
            found = match_case(case, specs, session=session).data
        assert [("2.parquet cannot be read" in one, "503" in one) for one in found["not_read"]] == [
            (True, True)
        ]
        assert (case.matches / "matches.parquet").read_bytes() == before
        store.instead = lambda number, path: None
        with Session() as session:
            assert match_case(case, specs, session=session).data["matches"] == 50_001
            assert session.traffic.cached > 0


# ------------------------------------------------------------------------------------ patience
def test_an_answer_that_breaks_off_goes_on_where_it_did(
    session: Session, sorted_rows: bytes
) -> None:
    with shelf({"/x.csv": sorted_rows}) as (base, store):
        store.breaks = {1: 70_000, 2: 1}
        file = open_file(f"{base}/x.csv", session)
        assert file.part(5_000, 200_000) == sorted_rows[5_000:205_000]
        assert [one.range for one in store.asked[1:]] == [
            "bytes=5000-204999", "bytes=75000-204999", "bytes=75001-204999",
        ]  # fmt: skip


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(status: int, sorted_rows: bytes) -> None:
    waits: list[float] = []
    with shelf({"/x.parquet": sorted_rows}) as (base, store):
        store.instead = lambda number, path: (status, [], b"") if number < 3 else None
        with Session(sleep=waits.append) as session:
            assert open_file(f"{base}/x.parquet", session).size == len(sorted_rows)
        assert waits == [1, 2, 4]


@pytest.mark.parametrize(("line", "waits"), [
    (("Retry-After", "7"), [7.0]),
    (("RateLimit", '"resolvers";r=0;t=55'), [55.0]),
])  # fmt: skip
def test_a_server_says_how_long_to_wait(line: tuple[str, str], waits: list[float]) -> None:
    slept: list[float] = []
    with shelf({"/x.csv": b"url\n"}) as (base, store):
        store.instead = lambda number, path: (429, [line], b"") if number < 1 else None
        with Session(sleep=slept.append) as session:
            assert open_file(f"{base}/x.csv", session).size == 4
    assert slept == waits


def test_a_server_that_asks_for_an_hour_is_left_alone(session: Session) -> None:
    with shelf({"/x.csv": b"url\n"}) as (base, store):
        store.instead = lambda number, path: (429, [("Retry-After", "3600")], b"")
        error = refused(lambda: open_file(f"{base}/x.csv", session).size)
        assert "60 minutes" in error.message
        assert len(store.asked) == 1


# ----------------------------------------------------------------------------------- bad input
def message(session: Session, store: Shelf, base: str, name: str = "x.parquet") -> str:
    return refused(lambda: resolve([f"{base}/{name}"], session)).message


@pytest.mark.parametrize(("status", "body", "says"), [
    (404, b"", "there is no"),
    (403, b"", "does not give"),
    (418, b"", "answered 418"),
    (200, b"<!doctype html><p>log in", "is a web page, not Parquet"),
    (200, b"", "is empty"),
    (200, b"version https://git-lfs.github.com/spec/v1\n", "is only a Git LFS pointer"),
    (200, b"PAR1" + b"x" * 200, "is cut short"),
    (200, b"PAR1" + b"x" * 200 + b"\xff\xff\xff\x7fPAR1", "is damaged"),
])  # fmt: skip
def test_what_is_no_data_file_is_told_in_a_sentence(
    session: Session, status: int, body: bytes, says: str
) -> None:
    with shelf({}) as (base, store):
        store.instead = lambda number, path: (status, [], body)
        text = message(session, store, base)
        assert says in text
        assert f"{base}/x.parquet" in text


def test_names_and_ports_that_do_not_answer(session: Session) -> None:
    with shelf({}) as (base, _):
        pass  # gone now
    error = refused(lambda: resolve([f"{base}/x.parquet"], session))
    assert "the connection is refused" in error.message
    error = refused(lambda: resolve(["https://no-such-name.invalid/x.parquet"], session))
    assert "has no address (DNS)" in error.message
    for odd in ("https:///x.parquet", "http://[::1/x.parquet", "https://u:p@h.example/x.parquet",
                "hf://models/a/b/x.parquet", "hf://datasets/a/../x.parquet", "s3://B/x.parquet",
                "hf://datasets/a/b/../x.parquet", "https://h.example/ x.parquet"):  # fmt: skip
        refused(lambda odd=odd: resolve([odd], session))  # type: ignore[misc]
    assert "u:p" not in refused(lambda: resolve(["https://u:p@h.example/x.csv"], session)).message


def test_a_folder_of_a_web_server_cannot_be_listed(session: Session) -> None:
    with shelf({}) as (base, _):
        assert "does not list" in refused(lambda: resolve([f"{base}/v1/"], session)).message


def test_a_file_that_changes_while_it_is_read_is_noticed(
    session: Session, sorted_rows: bytes
) -> None:
    with shelf({"/x.parquet": sorted_rows}) as (base, store):
        file = open_file(f"{base}/x.parquet", session)
        assert file.part(0, 4)
        store.etag = '"v2"'
        assert "has changed" in refused(lambda: file.part(10_000, 10)).message
        store.etag, store.files["/x.parquet"] = '"v1"', sorted_rows + b"x"
        assert "has changed" in refused(lambda: file.part(10_000, 10)).message


def test_other_parts_than_asked_for_are_noticed(session: Session, sorted_rows: bytes) -> None:
    size = len(sorted_rows)
    answers: list[tuple[list[tuple[str, str]], bytes]] = [
        ([("Content-Range", f"bytes 0-9/{size}")], b"x" * 10),
        ([("Content-Range", f"bytes 9000-9009/{size}")], b"x" * 11),
        ([("Content-Range", f"bytes 9000-9009/{size}")], b"x" * 9),
        ([("Content-Range", "bytes */*")], b"x" * 10),
        ([], b"x" * 10),
    ]
    with shelf({"/x.parquet": sorted_rows}) as (base, store):
        file = open_file(f"{base}/x.parquet", session)
        file.part(size - 10, 10)
        for lines, body in answers:
            store.instead = lambda n, p, lines=lines, body=body: (  # type: ignore[misc]
                206, [("ETag", '"v1"'), *lines], body
            )  # fmt: skip
            error = refused(lambda: file.part(9_000, 10))
            assert "another part" in error.message


def test_a_server_without_parts_gives_small_files_whole(
    session: Session, sorted_rows: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shelf({"/x.parquet": sorted_rows}) as (base, store):
        store.ranges = False
        assert ask(session, ONE_HOST.format(f"{base}/x.parquet")) == [(ROWS // HOSTS,)]
        assert len(store.asked) == 1
        monkeypatch.setattr("optout.remote.ranges._WHOLE", len(sorted_rows) - 1)
        with Session() as other:
            file = open_file(f"{base}/x.parquet", other)
            assert "only whole files" in refused(lambda: file.size).message


def test_the_database_passes_the_sentence_on(session: Session) -> None:
    with shelf({}) as (base, _):
        with pytest.raises(Exception, match="there is no"):
            ask(session, ONE_HOST.format(f"{base}/x.parquet"))
        assert session.failure
        assert session.failure.message == f"there is no {base}/x.parquet (404)"


def test_without_the_extra_it_is_refused_in_plain_words(
    monkeypatch: pytest.MonkeyPatch, case: Any
) -> None:
    monkeypatch.setattr("optout.remote.session.find_spec", lambda name: None)
    error = refused(lambda: resolve(["https://data.example/x.parquet"]))
    assert 'pip install ".[remote]"' in error.hint


def test_a_certificate_that_has_expired(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days, says in ((-1, "certificate has expired"), (30, "")):
        context = certified(tmp_path, days)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        with shelf({"/x.csv": b"url\n"}, context) as (base, _), Session() as one:
            address = base.replace("127.0.0.1", "localhost") + "/x.csv"
            if not says:
                assert open_file(address, one).size == 4
                continue
            error = refused(lambda a=address, o=one: open_file(a, o).size)  # type: ignore[misc]
            assert says in error.message


def certified(folder: Path, days: int) -> ssl.SSLContext:
    """A server's TLS with a certificate for localhost that ends in `days`."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "cert.pem").write_bytes(pem)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "both.pem").write_bytes(pem + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


# ----------------------------------------------------------------------------------- redirects
def test_a_redirect_is_followed_once(session: Session, sorted_rows: bytes) -> None:
    with shelf({"/x.parquet": sorted_rows}) as (base, store):
        store.instead = lambda n, path: (
            (302, [("Location", "/x.parquet")], b"") if path == "/y.parquet" else None
        )
        assert ask(session, ONE_HOST.format(f"{base}/y.parquet")) == [(ROWS // HOSTS,)]
        assert [one.path for one in store.asked].count("/y.parquet") == 1


@pytest.mark.parametrize("to", [
    "http://10.0.0.7/x", "http://169.254.169.254/latest/", "http://[::1]:1/x", "http://0x0a.1:1/x",
    "file:///etc/passwd", "http://",
])  # fmt: skip
def test_a_redirect_leads_to_no_private_address(session: Session, to: str) -> None:
    with shelf({}) as (base, store):
        store.instead = lambda number, path: (302, [("Location", to)], b"")
        error = refused(lambda: open_file(f"{base}/x.parquet", session).size)
        assert "leads elsewhere" in error.message or "redirects to no" in error.message
        assert len(store.asked) == 1


def test_a_public_name_that_leads_here_is_refused(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is public when the user names it, and private when it is connected to."""
    with shelf({"/x.csv": b"url\n"}) as (base, store):
        port = base.rpartition(":")[2]
        session.door.begin_at("http://rebound.example/")
        monkeypatch.setattr("optout.network._resolve", lambda host, port, timeout: ["127.0.0.1"])
        error = refused(lambda: open_file(f"http://rebound.example:{port}/x.csv", session).size)
        assert "127.0.0.1 is a loopback address" in error.message
        assert not store.asked


def test_redirects_in_a_circle_end(session: Session) -> None:
    with shelf({}) as (base, store):
        store.instead = lambda number, path: (302, [("Location", path)], b"")
        assert (
            "redirects more than"
            in refused(lambda: open_file(f"{base}/x.parquet", session).size).message
        )


# ------------------------------------------------------------------------------------- the Hub
@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Hub, Shelf]]:
    files = {
        "data/part-0.parquet": rows("https://mira.example/a.jpg"),
        "data/part-1.parquet": rows("https://else.example/b.jpg"),
        "data/part-1.parquet.crc": b"",
        "README.md": b"# data",
    }
    with shelf({f"/{name}": body for name, body in files.items()}) as (store, large):
        speaks = Hub(store, files)
        with serving(speaks) as base:
            speaks.base = base
            monkeypatch.setenv("HF_ENDPOINT", base + "/")
            yield speaks, large


REPOSITORY = "hf://datasets/laion/relaion-test"


@pytest.mark.parametrize(
    "spec", ["", "/", "/data", "/data/*.parquet", "/**/part-?.parquet", "@main/data/"]
)
def test_files_of_a_repository(hub: tuple[Hub, Shelf], session: Session, spec: str) -> None:
    found = files_under(REPOSITORY + spec, session, SUFFIXES)
    assert [one.file.name for one in found] == ["part-0.parquet", "part-1.parquet"]
    inside_data = "data" in spec
    assert found[0].name == ("" if inside_data else "data/") + "part-0.parquet"
    assert found[0].folders[:2] == ("data", "relaion-test")
    assert found[0].called == ("data" if inside_data else "relaion-test")
    assert found[0].file.part(0, 4) == b"PAR1"


def test_a_search_of_a_repository(hub: tuple[Hub, Shelf], case: Any) -> None:
    summary = match_case(case, [f"relaion5b={REPOSITORY}/data/*.parquet"])
    assert (summary.data["matches"], summary.data["files"]) == (1, 2)


def test_the_token_goes_to_the_hub_and_nowhere_else(
    hub: tuple[Hub, Shelf], session: Session, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], case: Any,
) -> None:  # fmt: skip
    speaks, large = hub
    speaks.gated = True
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    assert main(["match", "--case", str(case.folder), "--dataset", f"{REPOSITORY}/data"]) == 0
    assert {one.authorization for one in speaks.asked} == {"Bearer hf_right"}
    assert large.asked
    assert {one.authorization for one in large.asked} == {None}
    said = capsys.readouterr()
    assert "hf_right" not in said.out + said.err
    kept = [path.read_bytes() for path in case.folder.rglob("*") if path.is_file()]
    assert not any(b"hf_right" in body for body in kept)


def test_small_files_are_behind_a_redirect_on_the_hub_itself(
    hub: tuple[Hub, Shelf], session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub[0].gated = hub[0].small = True
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    assert open_source(f"{REPOSITORY}/", session).read("README.md") == b"# data"
    assert hub[0].asked[-1].path.startswith("/api/resolve-cache/")
    assert hub[0].asked[-1].authorization == "Bearer hf_right"


def test_a_gated_data_set_is_explained(
    hub: tuple[Hub, Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub[0].gated = True
    for known in ("", "hf_wrong"):
        monkeypatch.setenv("HF_TOKEN", known)
        error = refused(lambda: resolve([f"{REPOSITORY}/data/part-0.parquet"]))
        assert "is gated" in error.message
        assert f"accept the conditions at {hub[0].base}/datasets/laion/relaion-test" in error.hint
        assert "hf_wrong" not in error.message + error.hint


@pytest.mark.parametrize(("spec", "says"), [
    ("hf://datasets/laion/nothing/x.parquet", "is not there, or not for everybody"),
    (f"{REPOSITORY}@v9/x.parquet", "has no revision 'v9'"),
    (f"{REPOSITORY}/data/part-9.parquet", "has no data/part-9.parquet"),
    (f"{REPOSITORY}/none/*.parquet", "no data set file"),
])  # fmt: skip
def test_what_the_hub_does_not_have(
    hub: tuple[Hub, Shelf], session: Session, spec: str, says: str
) -> None:
    assert says in refused(lambda: resolve([spec], session)).message


def test_an_address_that_has_outlived_its_signature_is_asked_for_anew(
    hub: tuple[Hub, Shelf], session: Session
) -> None:
    speaks, large = hub
    large.files["/data/part-0.parquet"] = speaks.files["data/part-0.parquet"] = b"PAR1" + bytes(
        19_996
    )
    file = open_file(f"{REPOSITORY}/data/part-0.parquet", session)
    assert file.size == 20_000
    resolved = sum("/resolve/" in one.path for one in speaks.asked)
    number = len(large.asked)
    large.instead = lambda n, path: (403, [], b"expired") if n == number else None
    large.etag = '"another server of the same file"'
    assert file.part(5_000, 4) == bytes(4)
    assert sum("/resolve/" in one.path for one in speaks.asked) == resolved + 1
    assert f"/resolve/{SHA}/" in speaks.asked[-1].path


def test_a_listing_that_leads_to_another_host_is_refused(
    hub: tuple[Hub, Shelf], session: Session
) -> None:
    hub[0].base = "http://127.0.0.1:1"
    assert "does not list" in refused(lambda: resolve([f"{REPOSITORY}/data"], session)).message


def test_the_token_comes_from_the_usual_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert token() is None
    (tmp_path / "no-token").write_text("hf_file\n")
    assert token() == "hf_file"
    monkeypatch.delenv("HF_TOKEN_PATH")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    (tmp_path / "token").write_text("hf_home")
    assert token() == "hf_home"
    monkeypatch.setenv("HF_TOKEN", "hf_set")
    assert token() == "hf_set"


def test_no_token_goes_over_a_public_network_in_the_clear(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    from optout.remote.hub import _start

    monkeypatch.setenv("HF_TOKEN", "hf_set")
    assert _start("https://hub.example/x", session).secret
    assert not _start("http://hub.example/x", session).secret


# ---------------------------------------------------------------------------------- the bucket
@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch, sorted_rows: bytes) -> str:
    import botocore.session

    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-test")
    client = botocore.session.get_session().create_client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="index")
    for key, body in (
        ("v1/hosts-0.parquet", sorted_rows),
        ("v1/hosts 1+ä.parquet", sorted_rows),
        ("v1/manifest.json", b"{}"),
        ("other/rows.parquet", rows("https://mira.example/a.jpg")),
    ):
        client.put_object(Bucket="index", Key=key, Body=body)
    client.close()
    return "s3://index"


def test_parts_of_a_bucket(bucket: str, session: Session, sorted_rows: bytes) -> None:
    found = files_under(f"{bucket}/v1/*.parquet", session, SUFFIXES)
    assert [one.name for one in found] == ["hosts 1+ä.parquet", "hosts-0.parquet"]
    for one in found:
        assert ask(session, ONE_HOST.format(one.file)) == [(ROWS // HOSTS,)]
    assert session.traffic.fetched < len(sorted_rows) / 5
    assert open_source(f"{bucket}/v1", session).read("manifest.json") == b"{}"


def test_a_search_of_a_bucket(bucket: str, case: Any) -> None:
    assert match_case(case, [f"{bucket}/other"]).data["matches"] == 1


@pytest.mark.parametrize(("path", "says"), [
    ("/v1/none.parquet", "there is no s3://index/v1/none.parquet"),
    ("/none/", "no data set file"),
    ("2/x.parquet", "there is no s3://index2/x.parquet"),
])  # fmt: skip
def test_what_a_bucket_does_not_have(bucket: str, session: Session, path: str, says: str) -> None:
    error = refused(lambda: resolve([bucket + path], session))
    assert says in error.message
    assert "Signature" not in error.message


def test_a_profile_that_is_not_there(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    error = refused(lambda: resolve(["s3://index/x.parquet"], session))
    assert "nobody" in error.message
    assert "AWS_PROFILE" in error.hint


def test_a_bucket_is_asked_as_anybody_without_credentials(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shelf({"/open/x.parquet": rows("https://mira.example/a.jpg")}) as (base, store):
        monkeypatch.setenv("AWS_ENDPOINT_URL", base)
        (file,) = resolve(["s3://open/x.parquet"], session)
        assert file.columns.rows == 1
        assert not any("Signature" in one.path for one in store.asked)
        store.instead = lambda n, p: (301, [("x-amz-bucket-region", "eu-west-3")], b"")
        error = refused(lambda: resolve(["s3://open/y.parquet"], session))
        assert error.hint == "say so: AWS_REGION=eu-west-3"


@pytest.mark.parametrize("body", [
    b"not xml",
    b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><ListBucketResult>&b;</ListBucketResult>',
])  # fmt: skip
def test_a_listing_that_is_none(
    session: Session, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    with shelf({}) as (base, store):
        monkeypatch.setenv("AWS_ENDPOINT_URL", base)
        store.instead = lambda number, path: (200, [], body)
        assert "does not list" in refused(lambda: resolve(["s3://open/v1/"], session)).message


# ----------------------------------------------------------------------------------- the cache
def test_the_cache_stays_under_its_limit(tmp_path: Path) -> None:
    import os

    cache = Cache("100 KB")
    for number in range(30):
        cache.put(f"key {number}", bytes([number]) * 10_000)
        for path in cache.folder.glob("??/*"):
            info = path.stat()
            os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns - 10**9))
        assert cache.get("key 0", 10_000) is not None  # used all the time
    cache.prune()
    assert sum(path.stat().st_size for path in cache.folder.glob("??/*")) <= 100_000
    assert cache.get("key 0", 10_000) is not None
    assert cache.get("key 1", 10_000) is None
    assert cache.get("key 29", 10_000) == bytes([29]) * 10_000


def test_a_damaged_part_counts_as_absent() -> None:
    cache = Cache()
    cache.put("key", b"abcdef")
    (path,) = cache.folder.glob("??/*")
    for damage in (path.read_bytes()[:-1], b"", path.read_bytes()[:-1] + b"x"):
        path.write_bytes(damage)
        assert cache.get("key", 6) is None
        assert not path.exists()
        cache.put("key", b"abcdef")
        assert cache.get("key", 6) == b"abcdef"


def test_a_cache_that_cannot_be_written_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sorted_rows: bytes
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OPTOUT_CACHE", str(tmp_path / "file"))
    with shelf({"/x.parquet": sorted_rows}) as (base, _), Session() as session:
        assert ask(session, ONE_HOST.format(f"{base}/x.parquet")) == [(ROWS // HOSTS,)]


def test_nothing_is_kept_with_a_limit_of_zero(tmp_path: Path, sorted_rows: bytes) -> None:
    with shelf({"/x.parquet": sorted_rows}) as (base, _), Session("0") as session:
        ask(session, ONE_HOST.format(f"{base}/x.parquet"))
    assert not (tmp_path / "cache").exists()


@given(st.text())
def test_a_size_is_a_number_or_a_sentence(text: str) -> None:
    try:
        assert size_limit(text) >= 0
    except OptoutError as error:
        assert error.hint


# ----------------------------------------------------------------------------------- addresses
@given(st.text())
def test_any_text_is_an_address_or_a_sentence(text: str) -> None:
    for read in (hub_address, bucket_address):
        for scheme in ("hf://datasets/", "s3://"):
            try:
                read(scheme + text)
            except DatasetError as error:
                assert error.hint
    assert not is_remote(f"./{text}")
    assert fixed_part(text) == "" or text.startswith(fixed_part(text))
    assert not path_of(f"https://h.example/{re.sub('[^a-z/]', '', text)}").startswith("/")
