"""An audit of many addresses on local hosts, against a bare httpx loop that only fetches them.

python tests/benchmarks/audit.py [URLS] [HOSTS] [--datadiligence PYTHON] (default 20000 and 500):
nginx (a process of its own) answers at 127.0.0.0/8, a host for each address. The loop asks for
the same addresses, robots.txt of each host included, with httpx.AsyncClient, the audit's method,
its number at a time, and does nothing with the answers. With --datadiligence, a Python that has
datadiligence 0.1.7 asks it for the first 500 addresses, 32 at a time, and the rate is given.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROBOTS = (
    "User-agent: CCBot\\nDisallow: /private\\n\\nUser-agent: *\\nDisallow: /admin\\nAllow: /\\n"
)
NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000; client_body_temp_path {folder}/b;
  proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  server {{
    listen 0.0.0.0:{port} backlog=4096; default_type image/jpeg;
    location = /robots.txt {{ default_type text/plain; return 200 "{robots}"; }}
    location /noai/ {{ add_header X-Robots-Tag "noai, noimageai"; return 200 ""; }}
    location / {{ return 200 ""; }}
  }}
}}
"""
FOLDERS = ("images", "noai", "private", "wp-content/uploads/2019/10")


@contextmanager
def server(folder: Path) -> Iterator[int]:
    """nginx on a free port of every loopback address."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/bin")
    if nginx is None:
        sys.exit("nginx is not installed, and a slower server would be what is measured")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, robots=ROBOTS))
    process = subprocess.Popen([nginx, "-c", str(config), "-e", str(folder / "error")])
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def addresses(port: int, urls: int, hosts: int) -> list[str]:
    """The list: hosts take turns, as they do in a data set."""
    names = [f"127.{1 + n // 62500}.{n // 250 % 250}.{1 + n % 250}" for n in range(hosts)]
    return [
        f"http://{names[n % hosts]}:{port}/{FOLDERS[n // hosts % len(FOLDERS)]}/{n}.jpg"
        for n in range(urls)
    ]


async def _bare(urls: list[str], at_once: int) -> None:
    import httpx

    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    todo = iter(urls)
    async with httpx.AsyncClient(http2=True, limits=limits, timeout=30) as client:

        async def worker() -> None:
            for url in todo:
                method = "GET" if url.endswith("/robots.txt") else "HEAD"
                (await client.request(method, url)).raise_for_status()

        await asyncio.gather(*(worker() for _ in range(at_once)))


def bare(path: str, at_once: int) -> None:
    """The loop, over the addresses of a file."""
    urls = Path(path).read_text().split()
    hosts = dict.fromkeys("/".join(url.split("/")[:3]) for url in urls)
    asyncio.run(_bare([f"{host}/robots.txt" for host in hosts] + urls, at_once))


DATADILIGENCE = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
import datadiligence
urls = open(sys.argv[1]).read().split()[:500]
begun = time.perf_counter()
with ThreadPoolExecutor(32) as pool:
    list(pool.map(lambda url: datadiligence.is_allowed(url=url), urls))
print(len(urls) / (time.perf_counter() - begun))
"""


def timed(command: list[str]) -> dict[str, float]:
    """Seconds of wall and of CPU time of a process, and the most memory it had."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"failed: {' '.join(command)}")
    cpu = used.ru_utime + used.ru_stime
    return {"wall": wall, "cpu": cpu, "mib": used.ru_maxrss // 1024}


def main() -> None:
    """Measure and print one JSON object."""
    options = argparse.ArgumentParser()
    options.add_argument("urls", type=int, nargs="?", default=20_000)
    options.add_argument("hosts", type=int, nargs="?", default=500)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--at-once", type=int, default=128)
    options.add_argument("--datadiligence", metavar="PYTHON")
    options.add_argument("--bare", metavar="FILE", help=argparse.SUPPRESS)
    args = options.parse_args()
    if args.bare:
        bare(args.bare, args.at_once)
        return
    with tempfile.TemporaryDirectory() as name, server(Path(name)) as port:
        print(json.dumps(measure(Path(name), port, args)))


def measure(folder: Path, port: int, args: argparse.Namespace) -> dict[str, object]:
    """Both in turn, each in a process of its own; the best of the rounds counts."""
    listed = folder / "list.txt"
    listed.write_text("\n".join(addresses(port, args.urls, args.hosts)) + "\n")
    loop = [sys.executable, __file__, "--bare", str(listed), "--at-once", str(args.at_once)]
    audit = [sys.executable, "-m", "optout", "audit", str(listed), "--allow-private"]
    audit += ["--out", str(folder / "out.parquet"), "--concurrency", str(args.at_once)]
    rounds: dict[str, list[dict[str, float]]] = {"bare": [], "audit": []}
    for number in range(args.rounds):
        rounds["bare"].append(timed(loop))
        rounds["audit"].append(timed([*audit, "--cache", str(folder / f"cache-{number}")]))
    best = {
        name: {key: min(one[key] for one in found) for key in found[0]}
        for name, found in rounds.items()
    }
    result: dict[str, object] = {"urls": args.urls, "hosts": args.hosts, "best": best}
    result["ratio"] = best["audit"]["wall"] / best["bare"]["wall"]
    result["ratio_cpu"] = best["audit"]["cpu"] / best["bare"]["cpu"]
    if args.datadiligence:
        command = [args.datadiligence, "-c", DATADILIGENCE, str(listed)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        result["datadiligence_per_second"] = float(done.stdout.split()[-1])
        result["audit_per_second"] = args.urls / best["audit"]["wall"]
    return result


if __name__ == "__main__":
    main()
