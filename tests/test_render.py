"""Pages that scripts build, shown to the machine's Chromium; what the browser may not reach."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from crawler import html as crawler_html
from crawler.images import image_refs
from crawler.journal import FILE
from crawler.render.browser import missing
from crawler.render.need import why_render
from optout.case import load_case
from optout.commands.crawl_outcome import coverage_lines
from optout.database import open_case
from optout.report.coverage import current
from optout.report.words import words
from tests.harness import FAST, Page, html, jpeg, optout, rows, serving

browser = pytest.mark.skipif(missing() is not None, reason=str(missing()))

GALLERY = """
fetch('/works.json').then(answer => answer.json()).then(works => {
  const root = document.getElementById('root');
  for (const work of works) {
    const figure = document.createElement('figure'), image = document.createElement('img');
    image.src = work.file; image.alt = work.title;
    const caption = document.createElement('figcaption');
    caption.textContent = 'No. ' + work.title;
    const link = document.createElement('a'); link.href = work.page;
    link.append(image); figure.append(link, caption); root.append(figure);
  }
});
"""
OTHERS = """
const n = 1;
const below = new IntersectionObserver(seen => seen.forEach(e => {
  if (e.isIntersecting) { const i = new Image(); i.src = `/i/${30 + n}.jpg`; i.alt = 'Far below';
    e.target.append(i); below.unobserve(e.target); }
}));
below.observe(document.getElementById('below'));
document.getElementById('hero').style.backgroundImage = `url(/i/${31 + n}.jpg)`;
fetch(`/i/${32 + n}.jpg`).then(a => a.blob()).then(b => {
  const i = new Image(); i.src = URL.createObjectURL(b); document.body.append(i); });
const painted = new Image(); painted.onload = () => {
  document.querySelector('canvas').getContext('2d').drawImage(painted, 0, 0); };
painted.src = `/i/${33 + n}.jpg`;
const fallback = new Image(); fallback.onerror = () => { fallback.src = `/i/${34 + n}.jpg`; };
fallback.src = `/i/miss${n}.jpg`;
customElements.define('art-work', class extends HTMLElement { connectedCallback() {
  this.attachShadow({mode: 'open'}).innerHTML =
    `<img src="/i/${35 + n}.jpg" alt="In the shadow">`; } });
"""


def script(text: str) -> Page:
    return 200, [("Content-Type", "text/javascript")], text.encode()


def picture(path: str) -> Page:
    return 200, [("Content-Type", "image/jpeg")], jpeg(int(path[3:-4]))


def spa(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
    """A gallery as React builds it, and every other way of scripts to show an image."""
    if path == "/":
        return html(
            '<img src="/i/1.jpg" alt="Logo"><div id="root"></div>'
            '<script src="/gallery.js"></script><a href="/others.html">more</a>'
        )
    if path == "/gallery.js":
        return script(GALLERY)
    if path == "/others.js":
        return script(OTHERS)
    if path == "/works.json":
        works = [
            {"file": f"/i/{n}.jpg", "title": f"Fox {n}", "page": f"/piece/{n}"}
            for n in range(11, 15)
        ]
        return 200, [("Content-Type", "application/json")], json.dumps(works).encode()
    if path == "/others.html":
        return html(
            '<div id="hero"></div><canvas></canvas><art-work></art-work>'
            '<p style="height:6000px">long</p><div id="below" style="height:9px"></div>'
            '<script src="/others.js"></script>'
        )
    if path.startswith("/piece/"):
        return html(f'<img src="/i/{int(path[7:]) + 40}.jpg" alt="Detail">')
    if path.startswith("/i/") and path[3:-4].isdigit():
        return picture(path)
    return 404, [], b""


def crawl(base: str, cwd: Path, *more: str, case: str = "case") -> dict[str, Any]:
    """The summary of a crawl with rendering."""
    done = optout("crawl", base, "--case", case, "--name", "Mira", *FAST, *more, cwd=cwd)
    assert done.returncode == 0, done.stderr
    summary = next((cwd / case / "observations").glob("run=*/summary.json"))
    return json.loads(summary.read_text("utf-8"))  # type: ignore[no-any-return]


def said(cwd: Path, case: str = "case") -> str:
    """What of the crawl was not seen, as the end of a crawl tells it."""
    with open_case(load_case(cwd / case)) as connection:
        return "\n".join(coverage_lines(current(connection)))


def paths(case: Path, relation: str = "image_refs", column: str = "image_url") -> set[str]:
    return {"/" + r[column].split("/", 3)[3] for r in rows(case, relation) if r[column]}


# --- which pages need it ---


NEED = [
    ("a page without scripts never does", '<div id="root"></div>', False),
    ("a mount that is empty", '<div id="root"></div><script src="a.js"></script>', True),
    (
        "a mount filled on the server, with text and images",
        '<div id="root"><img src="/a.jpg"><img src="/b.jpg"></div><script src="a.js"></script>',
        False,
    ),
    ("AngularJS", '<div ng-app="x"><img src="a.jpg"><img src="b.jpg"><script></script>', True),
    ("text to be filled", "<p>{{ title }}</p><script>1</script>" + "x " * 2000, True),
    (
        "an img without an address",
        '<img class="lazy" src="data:image/gif;base64,AA"><script>1</script>' + "x " * 2000,
        True,
    ),
    (
        "an img whose address a lazy loader keeps",
        '<img data-src="/a.jpg"><img src="/b.jpg"><script>1</script>',
        False,
    ),
    (
        "noscript that asks for it",
        "<noscript>Please enable JavaScript</noscript><script>1</script>" + "x " * 2000,
        True,
    ),
    ("hash routes", '<a href="#/about">a</a><script>1</script>' + "x " * 2000, True),
    ("an empty gallery", '<ul class="gallery"></ul><script>1</script>' + "x " * 2000, True),
    ("a script that names a picture", "<script>show('fox-7.jpg')</script>" + "x " * 2000, True),
    ("a page of words", "<script src='menu.js'></script><p>" + "word " * 1000, False),
    ("few images, little text", "<script src='all.js'></script><p>Hello", True),
    ("only data", '<script type="application/ld+json">{}</script><p>Hello', False),
]


@pytest.mark.parametrize(("name", "body", "expected"), NEED, ids=[case[0] for case in NEED])
def test_which_pages_look_script_built(name: str, body: str, expected: bool) -> None:
    root = crawler_html.parse(f"<!doctype html><html><body>{body}".encode(), "text/html")
    assert root is not None
    reason = why_render(root, image_refs(root, "https://a.example/"))
    assert bool(reason) is expected, reason


# --- what it finds ---


@pytest.mark.chromium
@browser
def test_a_page_that_scripts_build(tmp_path: Path) -> None:
    with serving(spa) as base:
        summary = crawl(base, tmp_path, "--render", "auto")
    case = tmp_path / "case"
    built = {r["image_url"].split("/", 3)[3]: r for r in rows(case, "image_refs")}
    fox = built["i/12.jpg"]
    assert (fox["tag"], fox["attribute"], fox["alt"]) == ("img", "src", "Fox 12")
    assert {"source": "figcaption", "text": "No. Fox 12"} in fox["captions"]
    assert (fox["in_laion_shape"], fox["not_in_shape_because"]) == (
        False,
        "only there once scripts have run",
    )
    assert built["i/54.jpg"]["alt"] == "Detail", "links that scripts made are followed"
    for n in (31, 32, 33, 34, 35, 36):
        assert f"i/{n}.jpg" in built, n
    assert built["i/31.jpg"]["alt"] == "Far below"
    assert built["i/36.jpg"]["alt"] == "In the shadow"
    assert built["i/32.jpg"]["tag"] == "div"
    assert (built["i/34.jpg"]["tag"], built["i/34.jpg"]["attribute"]) == ("browser", "response")
    assert "cut_short" in summary
    assert summary["cut_short"] == []
    images = {r["image_url"].split("/", 3)[3]: r for r in rows(case, "images")}
    for n in (1, 11, 31, 33, 34, 54):
        row = images[f"i/{n}.jpg"]
        assert (row["status"], row["width"], row["height"]) == (200, 40, 30)
        assert row["sha256"]
    assert images["i/miss1.jpg"]["status"] == 404
    assert len(images) == len(rows(case, "images")), "an address has one record"
    logo = [r for r in rows(case, "image_refs") if r["raw"] == "/i/1.jpg"]
    assert [r["not_in_shape_because"] for r in logo] == ["the address is relative"]


def test_never_is_as_before(tmp_path: Path) -> None:
    with serving(spa) as base:
        crawl(base, tmp_path, "--render", "never")
    assert paths(tmp_path / "case", "images") == {"/i/1.jpg"}


@pytest.mark.chromium
@browser
def test_always_shows_every_page_and_lists_nothing_twice(tmp_path: Path) -> None:
    def plain(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        if path in ("/", "/b"):
            return html('<img src="/i/1.jpg" alt="A fox"><a href="/b">b</a>')
        return picture(path) if path.startswith("/i/") else (404, [], b"")

    with serving(plain) as base:
        crawl(base, tmp_path, "--render", "always")
    case = tmp_path / "case"
    assert len(rows(case, "image_refs")) == 2
    assert len(rows(case, "images")) == 1


@pytest.mark.chromium
@browser
def test_hash_routes_are_pages(tmp_path: Path) -> None:
    def routed(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        if path == "/":
            return html(
                '<a href="#/ink">Ink</a><a href="#top">top</a><div id="app"></div><script>'
                "document.getElementById('app').innerHTML = location.hash === '#/ink' "
                "? '<img src=/i/7.jpg alt=Ink>' : '<img src=/i/8.jpg alt=Home>'</script>"
            )
        return picture(path) if path.startswith("/i/") else (404, [], b"")

    with serving(routed) as base:
        crawl(base, tmp_path, "--render", "auto")
    case = tmp_path / "case"
    refs = {r["image_url"].rsplit("/", 1)[1]: r["page_url"] for r in rows(case, "image_refs")}
    assert refs == {"8.jpg": f"{base}/", "7.jpg": f"{base}/#/ink"}
    assert {r["url"] for r in rows(case, "pages")} == {f"{base}/", f"{base}/#/ink"}


# --- what it may not do ---


@contextmanager
def listening(kind: int) -> Iterator[tuple[int, list[bytes]]]:
    """A socket that keeps what reaches it: (port, what came)."""
    came: list[bytes] = []
    with socket.socket(socket.AF_INET, kind) as server:
        server.bind(("0.0.0.0", 0))
        if kind == socket.SOCK_STREAM:
            server.listen()
        server.settimeout(0.2)
        over = threading.Event()

        def wait() -> None:
            while not over.is_set():
                try:
                    if kind == socket.SOCK_STREAM:
                        server.accept()[0].close()
                        came.append(b"connection")
                    else:
                        came.append(server.recvfrom(2000)[0])
                except OSError:
                    continue

        thread = threading.Thread(target=wait)
        thread.start()
        yield server.getsockname()[1], came
        over.set()
        thread.join()


@pytest.mark.chromium
@browser
def test_nothing_leaves_but_by_the_crawl(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []
    with (
        listening(socket.SOCK_STREAM) as (tcp, tcp_came),
        listening(socket.SOCK_DGRAM) as (udp, udp_came),
    ):
        code = f"""
        for (const host of ['127.0.0.2', '10.0.0.1', '[::1]', 'localhost', '169.254.169.254'])
          {{ new Image().src = 'http://' + host + ':{tcp}/x.jpg';
             fetch('http://' + host + ':{tcp}/y').catch(e => 0); }}
        try {{ new WebSocket('ws://127.0.0.1:{tcp}/ws'); }} catch (e) {{}}
        try {{ new WebSocket('ws://127.0.0.2:{tcp}/ws'); }} catch (e) {{}}
        try {{ new EventSource('http://127.0.0.1:{tcp}/es'); }} catch (e) {{}}
        try {{ navigator.sendBeacon('http://127.0.0.1:{tcp}/b', 'x'); }} catch (e) {{}}
        try {{ new WebTransport('https://127.0.0.1:{tcp}/'); }} catch (e) {{}}
        try {{ window.open('http://127.0.0.1:{tcp}/popup'); }} catch (e) {{}}
        try {{
          const peer = new RTCPeerConnection({{iceServers: [
            {{urls: ['stun:127.0.0.1:{udp}', 'turn:127.0.0.1:{tcp}?transport=tcp'],
              username: 'u', credential: 'p'}}]}});
          peer.createDataChannel('x');
          peer.createOffer().then(o => peer.setLocalDescription(o));
        }} catch (e) {{}}
        new Worker(URL.createObjectURL(new Blob(
          ["fetch('http://127.0.0.2:{tcp}/w'); new WebSocket('ws://127.0.0.2:{tcp}/')"])));
        fetch('/posted', {{method: 'POST', body: 'x'}}).catch(e => 0);
        navigator.sendBeacon('/beacon', 'x');
        navigator.serviceWorker && navigator.serviceWorker.register('/sw.js').catch(e => 0);
        document.cookie = 'a=b'; fetch('/cookie').catch(e => 0);
        const frame = document.createElement('iframe');
        frame.src = 'http://127.0.0.2:{tcp}/frame'; document.body.append(frame);
        for (const rel of ['preconnect', 'prefetch', 'dns-prefetch', 'prerender'])
          {{ const link = document.createElement('link'); link.rel = rel;
             link.href = 'http://127.0.0.2:{tcp}/'; document.head.append(link); }}
        new Image().src = '/i/5.jpg';
        """

        def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
            asked.append((handler.command, path))
            assert "cookie" not in {name.lower() for name in handler.headers}
            agent = handler.headers["User-Agent"]
            assert agent.startswith("optout/"), agent
            if path == "/":
                status, lines, body = html(f"<div id=root></div><script>{code}</script>")
                return status, [*lines, ("Set-Cookie", "c=d")], body
            return picture(path) if path.startswith("/i/") else (404, [], b"")

        with serving(site) as base:
            # Started at 127.0.0.1: that address may be asked, and no other private one.
            crawl(base, tmp_path, "--render", "auto")
        time.sleep(0.5)
    assert "/i/5.jpg" in paths(tmp_path / "case"), "the script ran"
    assert {method for method, _ in asked} == {"GET"}
    assert not {"/posted", "/beacon", "/sw.js"} & {path for _, path in asked}
    assert udp_came == []
    # EventSource and pop-up to the site's own address are refused by their kind.
    assert tcp_came == []
    outcomes = {r["image_url"]: r["outcome"] for r in rows(tmp_path / "case", "images")}
    assert outcomes[f"http://127.0.0.2:{tcp}/x.jpg"] == "private_address"
    assert outcomes[f"http://10.0.0.1:{tcp}/x.jpg"] == "private_address"
    assert outcomes[f"http://localhost:{tcp}/x.jpg"] == "private_address"


@pytest.mark.chromium
@browser
def test_a_redirect_is_checked_hop_by_hop(tmp_path: Path) -> None:
    with listening(socket.SOCK_STREAM) as (port, came):

        def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
            if path == "/":
                return html(
                    "<div id=root></div><script>new Image().src = '/away.jpg';"
                    "fetch('/away').catch(e => 0); new Image().src = '/on.jpg'</script>"
                )
            if path in ("/away.jpg", "/away"):
                return 302, [("Location", f"http://127.0.0.2:{port}/x.jpg")], b""
            if path == "/on.jpg":
                return 302, [("Location", "/i/3.jpg")], b""
            return picture(path) if path.startswith("/i/") else (404, [], b"")

        with serving(site) as base:
            crawl(base, tmp_path, "--render", "auto")
    assert came == []
    images = {r["image_url"].rsplit("/", 1)[1]: r for r in rows(tmp_path / "case", "images")}
    assert images["away.jpg"]["outcome"] == "private_address"
    assert (images["on.jpg"]["final_url"], images["on.jpg"]["hop_count"]) == (f"{base}/i/3.jpg", 2)


@pytest.mark.chromium
@browser
def test_robots_txt_holds_for_the_browser(tmp_path: Path) -> None:
    asked: list[str] = []

    def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        asked.append(path)
        if path == "/robots.txt":
            return 200, [], b"User-agent: optout\nDisallow: /i/2\nDisallow: /data/\n"
        if path in ("/", "/two"):
            return html(
                "<a href=/two>x</a><div id=root></div><script>for (const n of [1, 2, 3]) "
                "{ const i = new Image(); i.src = `/i/${n}.jpg`; document.body.append(i) }"
                "fetch('/data/works.json'); fetch('/i/2.jpg')</script>"
            )
        return picture(path) if path.startswith("/i/") else (404, [], b"")

    with serving(site) as base:
        summary = crawl(base, tmp_path, "--render", "auto")
    assert "/i/2.jpg" not in asked
    assert "/data/works.json" not in asked
    # … which may have cost images: it is counted, once however many pages asked.
    (cut,) = [cut for cut in summary["cut_short"] if cut["kind"] == "robots"]
    assert (cut["what"], cut["count"]) == ("files", 1)
    assert cut["examples"] == [f"{base}/data/works.json"]
    assert "1 file not seen: robots.txt forbids it" in said(tmp_path)
    images = {r["image_url"].rsplit("/", 1)[1]: r for r in rows(tmp_path / "case", "images")}
    assert images["2.jpg"]["outcome"] == "robots_disallowed"
    assert images["2.jpg"]["robots_rule"] == "2: Disallow: /i/2"
    assert images["3.jpg"]["status"] == 200


@pytest.mark.chromium
@browser
def test_the_pace_is_kept_and_nothing_is_asked_twice(tmp_path: Path) -> None:
    asked: list[tuple[float, str]] = []

    def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        asked.append((time.monotonic(), path))
        if path == "/robots.txt":
            return 200, [], b"User-agent: *\nCrawl-delay: 0.3\n"
        if path in ("/", "/two"):
            return html('<a href="/two">2</a><div id=root></div><script src="/all.js"></script>')
        if path == "/all.js":
            return script("for (let n = 1; n < 7; n++) new Image().src = `/i/${n}.jpg`")
        return picture(path) if path.startswith("/i/") else (404, [], b"")

    with serving(site) as base:
        crawl(base, tmp_path, "--render", "auto")
    times = [moment for moment, path in asked if path != "/robots.txt"]
    assert min(b - a for a, b in pairwise(times)) > 0.25
    names = [path for _, path in asked]
    assert len(names) == len(set(names)), names
    assert {f"/i/{n}.jpg" for n in range(1, 7)} <= set(names)


@pytest.mark.chromium
@browser
def test_pages_that_do_not_behave(tmp_path: Path) -> None:
    def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        bad = {
            "/loop": "new Image().src='/i/1.jpg'; setTimeout(() => { while (true) {} }, 150)",
            "/dialog": "for (let n = 0; n < 50; n++) alert(n); new Image().src='/i/2.jpg'",
            "/away": "new Image().src='/i/3.jpg';"
            "setInterval(() => {location='/away?'+Math.random()}, 50)",
            "/poll": "setInterval(() => fetch('/poll.json'), 30); new Image().src='/i/4.jpg'",
            "/print": "window.print(); window.close(); new Image().src='/i/5.jpg'",
        }
        if path == "/":
            return html("".join(f'<a href="{name}">x</a>' for name in (*bad, "/good")))
        if path in bad:
            return html(f"<div id=root></div><script>{bad[path]}</script>")
        if path == "/good":
            return html("<div id=root></div><script>new Image().src='/i/6.jpg'</script>")
        return picture(path) if path.startswith("/i/") else (404, [], b"")

    with serving(site) as base:
        summary = crawl(base, tmp_path, "--render", "auto", "--trap-limit", "3")
    assert {f"/i/{n}.jpg" for n in range(1, 7)} <= paths(tmp_path / "case", "images")
    assert f"{base}/loop" in {url for cut in summary["cut_short"] for url in cut["examples"]}


@pytest.mark.chromium
@browser
def test_a_page_without_end_is_said_to_be_cut(tmp_path: Path) -> None:
    more = (
        "let n = 0; const more = () => { const d = document.createElement('div'); "
        "d.style.height = '3000px'; document.body.append(d); "
        "if (n < 4) { const i = new Image(); i.src = `/i/${++n}.jpg`; d.append(i) } }; "
        "more(); addEventListener('scroll', more)"
    )

    def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        if path == "/":
            return html(f"<img src='#'><div id=root></div><script>{more}</script>")
        return picture(path) if path.startswith("/i/") else (404, [], b"")

    with serving(site) as base:
        summary = crawl(base, tmp_path, "--render", "auto")
    (cut,) = [cut for cut in summary["cut_short"] if cut["kind"] == "endless"]
    assert (cut["what"], cut["count"], cut["examples"]) == ("pages", 1, [f"{base}/"])
    assert paths(tmp_path / "case", "images") == {f"/i/{n}.jpg" for n in range(1, 5)}
    assert f"1 page {words()['unseen']['endless']['label']}" in said(tmp_path)


# --- stopped in the middle ---


def many(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
    if path == "/":
        return html("".join(f'<a href="/p/{n}">x</a>' for n in range(8)))
    if path.startswith("/p/"):
        n = int(path[3:])
        return html(
            f"<div id=root></div><script>for (const k of [0, 1, 2]) {{ const i = new Image();"
            f"i.src = `/i/${{{n} * 3 + k}}.jpg`; i.alt = `Number ${{k}}`;"
            "document.body.append(i) }</script>"
        )
    time.sleep(0.05)
    return picture(path) if path.startswith("/i/") else (404, [], b"")


@pytest.mark.chromium
@browser
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_stopped_while_the_browser_is_at_work(tmp_path: Path, how: signal.Signals) -> None:
    with serving(many) as base:
        crawl(base, tmp_path, "--render", "auto", case="whole")
        command = ["crawl", base, "--case", "cut", "--name", "M", *FAST, "--render", "auto"]
        process = subprocess.Popen(
            [sys.executable, "-m", "optout", *command],
            cwd=tmp_path,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        _until_rendered(tmp_path / "cut/observations", process)
        if how == signal.SIGINT:
            os.killpg(process.pid, how)  # as a terminal does: the browser hears it too
        else:
            process.send_signal(how)
        process.wait(30)
        assert not list(tmp_path.glob("cut/observations/run=*"))
        assert optout(*command, cwd=tmp_path).returncode == 0

    def recorded(case: str) -> tuple[list[Any], ...]:
        refs = rows(tmp_path / case, "image_refs")
        return (
            sorted((r["page_url"], r["position"], r["image_url"], r["alt"]) for r in refs),
            sorted(paths(tmp_path / case, "images")),
            [len(rows(tmp_path / case, name)) for name in ("pages", "images")],
        )

    assert recorded("cut") == recorded("whole")


def _until_rendered(observations: Path, process: subprocess.Popen[bytes]) -> None:
    """Until two pages were shown and the next is under way."""
    while process.poll() is None:
        for journal in observations.glob(f".run=*/{FILE}"):
            if journal.read_bytes().count(b'"kind":"rendered"') >= 2:
                time.sleep(0.4)
                return
        time.sleep(0.02)
    raise AssertionError("the crawl was over before it was stopped")


@pytest.mark.chromium
@browser
def test_a_budget_ends_the_browser_too(tmp_path: Path) -> None:
    def site(path: str, handler: BaseHTTPRequestHandler) -> Page | None:
        if path == "/":
            return html(
                "<div id=root></div><script>let n = 0; setInterval(() => "
                "fetch('/more/' + n++), 20)</script>"
            )
        return 404, [], b""

    with serving(site) as base:
        began = time.monotonic()
        summary = crawl(base, tmp_path, "--render", "auto", "--max-minutes", "0.1")
    assert time.monotonic() - began < 30
    assert any("time budget" in cut["reason"] for cut in summary["cut_short"])


def test_a_browser_that_is_asked_for_and_not_there(tmp_path: Path) -> None:
    code = (
        "import shutil; shutil.which = lambda name, *a, **k: None\n"
        "from optout.cli import main; import sys\n"
        "sys.exit(main(['crawl', 'http://127.0.0.1:9/', '--render', 'auto']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "no page can be shown to a browser" in done.stderr
    assert "Traceback" not in done.stderr
