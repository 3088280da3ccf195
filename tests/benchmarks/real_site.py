"""How much of a real site a crawl finds, against what a browser loaded.

python tests/benchmarks/real_site.py SITE_DIR TRUTH.json [OPTION …]: serves a folder as a static
host would, crawls it with `optout crawl OPTION …`, and prints shares. TRUTH.json holds `pages`,
`images_loaded` (paths of image answers a browser got), `dom_images` (page, currentSrc, src, alt),
`linked_images` and, where the site is not at the root, `prefix`; `replace` lists OLD=NEW texts.
Where playwright and Chromium are there, every page is also loaded in a bare browser and scrolled to
its end: the crawl's time is printed as a ratio to that.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, unquote

import pyarrow.parquet as pq

FAST = ("--delay", "0", "--no-autothrottle", "--per-host", "8")
_TEXT_FILES = {".html", ".htm", ".css", ".js", ".json", ".xml", ".txt"}
_TYPES = {
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".svg": "image/svg+xml",
    ".jfif": "image/jpeg",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".xml": "application/xml",
}
# Marks of mentions in which the page itself writes an address, as HTML or CSS.
_IN_SCRIPTS = ("script", "json", "json-ld")


class StaticHost(SimpleHTTPRequestHandler):
    """Answers as static hosts do: /x gives x.html, a folder redirects to its slash, what is
    missing gives 404.html, names are case-sensitive, no folder is listed."""

    protocol_version = "HTTP/1.1"
    extensions_map = {  # noqa: RUF012 – the base class says it so
        **SimpleHTTPRequestHandler.extensions_map,
        **_TYPES,
    }
    prefix = ""
    replace: ClassVar[list[tuple[str, str]]] = []

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def list_directory(self, path: Any) -> None:
        self.send_error(404)

    def translate_path(self, path: str) -> str:
        path = path.partition("?")[0]
        if self.prefix and path.startswith(self.prefix):
            path = path[len(self.prefix) :] or "/"
        return super().translate_path(path)

    def do_GET(self) -> None:
        path, mark, query = self.path.partition("?")
        if self.prefix and path == self.prefix:
            self._answer(301, b"", [("Location", f"{path}/{mark}{query}")])
            return
        if self.prefix and not path.startswith(f"{self.prefix}/"):
            self.send_error(404)
            return
        file = Path(self.translate_path(path))
        if (
            not file.exists()
            and not path.endswith("/")
            and file.with_name(file.name + ".html").is_file()
        ):
            self.path, file = f"{path}.html{mark}{query}", file.with_name(file.name + ".html")
        if file.is_dir() and path.endswith("/"):
            file = file / "index.html"
        if self.replace and file.is_file() and file.suffix.lower() in _TEXT_FILES:
            self._answer(200, self._replaced(file), [("Content-Type", self.guess_type(str(file)))])
        else:
            super().do_GET()

    do_HEAD = do_GET

    def _replaced(self, file: Path) -> bytes:
        body = file.read_bytes()
        here = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]
        for old, new in self.replace:
            body = body.replace(old.encode(), new.replace("@", here).encode())
        return body

    def send_error(self, code: int, message: Any = None, explain: Any = None) -> None:
        page = Path(self.directory) / "404.html"
        body = page.read_bytes() if code == 404 and page.is_file() else b"404"
        self._answer(code, body, [("Content-Type", "text/html; charset=utf-8")])

    def _answer(self, status: int, body: bytes, lines: list[tuple[str, str]]) -> None:
        self.send_response(status)
        for name, value in lines:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may leave."""


def serve(folder: Path, truth: dict[str, Any]) -> str:
    """Serve `folder` from now on; its address, ending in a slash."""

    class Host(StaticHost):
        prefix = truth.get("prefix") or ""
        replace: ClassVar = [tuple(one.split("=", 1)) for one in truth.get("replace") or []]

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, directory=str(folder), **kwargs)

    server = QuietServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}{Host.prefix}/"


def crawl(url: str, case: Path, options: list[str]) -> float:
    """Crawl as a user would; seconds it took."""
    command = [sys.executable, "-m", "optout", "crawl", url, "--case", str(case), *FAST, *options]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the crawl failed:\n{done.stderr[-2000:]}")
    return time.perf_counter() - began


def in_browser(url: str, truth: dict[str, Any]) -> float | None:
    """Seconds in which a browser alone loads every page of the truth; None without a browser."""
    program = shutil.which("chromium")
    if program is None or find_spec("playwright") is None:
        return None
    from playwright.sync_api import sync_playwright

    root = "/".join(url.split("/")[:3])
    began = time.perf_counter()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=_BROWSER)
        page = browser.new_page(viewport={"width": 1366, "height": 900})
        page.route("**/*", lambda r: r.continue_() if r.request.url.startswith(root) else r.abort())
        for path in truth["pages"]:
            page.goto(root + path, wait_until="load")
            page.evaluate(_SCROLL)
            page.wait_for_load_state("networkidle")
        browser.close()
    return time.perf_counter() - began


_BROWSER = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_SCROLL = """async () => {
    for (let y = 0; y < document.documentElement.scrollHeight; y += 600) {
        window.scrollTo(0, y);
        await new Promise(done => setTimeout(done, 100));
    }
}"""


def table(case: Path, name: str) -> list[dict[str, Any]]:
    files = sorted((case / "observations").glob(f"run=*/{name}.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def same(path: str) -> str:
    """A path with one spelling of its escapes."""
    path, mark, query = path.partition("?")
    return quote(unquote(path), safe="/") + mark + query


def share(name: str, found: int, of: int, missing: list[str]) -> None:
    part = found / of if of else 1.0
    print(f"{name}: {found} of {of} = {part:.1%}")
    for one in missing[:15]:
        print(f"    missing: {one}")


def report(url: str, case: Path, truth: dict[str, Any]) -> None:
    root = "/".join(url.split("/")[:3])
    refs, images, pages = (table(case, name) for name in ("image_refs", "images", "pages"))

    def path(address: str | None) -> str:
        address = (address or "").partition("#")[0]
        return same(address.removeprefix(root) or "/") if address.startswith(root) else address

    listed = {path(row["image_url"]) for row in refs if row["image_url"]}
    for name in ("images_loaded", "linked_images"):
        wanted = {same(one) for one in truth[name]}
        missing = sorted(wanted - listed)
        share(name, len(wanted) - len(missing), len(wanted), missing)
    seen = {path(row["url"]) for row in pages if row["status"] == 200}
    wanted = {same(one.partition("#")[0]) for one in truth["pages"]}
    share("pages", len(wanted & seen), len(wanted), sorted(wanted - seen))
    alts(refs, truth, path)
    precision(refs, images, root, path)


def alts(refs: list[dict[str, Any]], truth: dict[str, Any], path: Any) -> None:
    """Alt texts of the img elements the browser showed: the same on the same page."""
    ours: dict[tuple[str, str], set[str | None]] = {}
    for row in refs:
        if row["tag"] == "img" and row["image_url"]:
            place = path(row["page_url"]), path(row["image_url"])
            ours.setdefault(place, set()).add(row["alt"])
    equal, wrong, absent = 0, [], 0
    for one in truth["dom_images"]:
        place = same(one["page"].partition("#")[0]), same(one["currentSrc"] or "")
        if not one["currentSrc"] or place not in ours:
            absent += 1
        elif one["alt"] in ours[place]:
            equal += 1
        else:
            wrong.append(f"{place}: browser {one['alt']!r}, crawl {sorted(map(repr, ours[place]))}")
    share("alt texts equal, of the img found", equal, equal + len(wrong), wrong)
    print(f"img elements without an address or not found on that page: {absent}")


def precision(
    refs: list[dict[str, Any]], images: list[dict[str, Any]], root: str, path: Any
) -> None:
    """Addresses on the site that answered an image, of those listed. What the page writes as
    HTML or CSS it names itself; only what was read out of scripts can be our mistake."""
    answers = {
        row["image_url"]: row["status"] == 200
        and (row["content_type"] or row["sniffed_type"] or "").startswith("image/")
        for row in images
        if row["image_url"].startswith(root)
    }
    named = {row["image_url"] for row in refs if row["tag"] not in _IN_SCRIPTS}
    wrong = sorted(url for url, good in answers.items() if not good)
    ours = [path(url) for url in wrong if url not in named]
    share("precision", len(answers) - len(ours), len(answers), ours)
    if wrong:
        print(f"listed, no image, but named by the page itself: {len(wrong) - len(ours)}")
        for url in wrong[:8]:
            if url in named:
                print(f"    {path(url)}")
    places: dict[str, int] = {}
    for row in refs:
        place = f"{row['tag']}[{row['attribute'].partition(' of ')[0]}]"
        places[place] = places.get(place, 0) + 1
    most = sorted(places.items(), key=lambda item: (-item[1], item[0]))
    print("places: " + ", ".join(f"{name} {count}" for name, count in most[:25]))


def main(folder: str, truth_file: str, *options: str) -> None:
    truth = json.loads(Path(truth_file).read_text("utf-8"))
    url = serve(Path(folder).resolve(), truth)
    with tempfile.TemporaryDirectory() as work:
        seconds = crawl(url, Path(work) / "case", list(options))
        print(f"{truth['name']}: crawled in {seconds:.1f} s")
        alone = in_browser(url, truth)
        if alone:
            print(f"every page in a bare browser: {alone:.1f} s; ratio {seconds / alone:.2f}")
        report(url, Path(work) / "case", truth)


if __name__ == "__main__":
    main(*sys.argv[1:])
