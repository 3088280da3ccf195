"""Reading robots.txt and deciding, against Protego and robotspy: time, as ratios of one run.

python tests/benchmarks/robots.py [FILE]: FILE is a Parquet file with a column `content` of
robots.txt bodies (default: the sample beside the checkout). Every parser reads each body once
and decides for 25 agents × 4 addresses; the best of some rounds counts, parsers taking turns.
A parser that is not installed is left out, and named.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from crawler.signals.robots_txt import parse

SHARED = Path(os.environ.get("OPTOUT_SHARED", Path(__file__).parents[3] / "shared"))
SAMPLE = SHARED / "data/robots/robots_txt_sample.parquet"
ROUNDS = 5
HOST = "https://a.example"
AGENTS = (
    *("CCBot", "GPTBot", "OAI-SearchBot", "ChatGPT-User", "ClaudeBot", "Claude-SearchBot"),
    *("Claude-User", "anthropic-ai", "Google-Extended", "Googlebot", "Googlebot-Image"),
    *("Applebot", "Applebot-Extended", "bingbot", "meta-externalagent", "FacebookBot"),
    *("Amazonbot", "PerplexityBot", "Bytespider", "Diffbot", "omgili", "cohere-ai"),
    *("ImagesiftBot", "Timpibot", "img2dataset"),
)
TARGETS = ("/", "/images/a.jpg?w=1", "/wp-content/uploads/2020/01/b.jpg", "/wp-admin/x")

# Bodies → number of allowed (agent, address) pairs.
Reader = Callable[[list[bytes]], int]


def ours(bodies: list[bytes]) -> int:
    """optout's reader of RFC 9309."""
    allowed = 0
    for body in bodies:
        robots = parse(body)
        for agent in AGENTS:
            for target in TARGETS:
                allowed += robots.decide(agent, target).allowed
    return allowed


def protego() -> Reader:
    """Protego, given text as Scrapy gives it."""
    from protego import Protego

    urls = [HOST + target for target in TARGETS]

    def read(bodies: list[bytes]) -> int:
        allowed = 0
        for body in bodies:
            robots = Protego.parse(body.decode("utf-8-sig", "ignore"))
            for agent in AGENTS:
                for url in urls:
                    allowed += robots.can_fetch(url, agent)
        return allowed

    return read


def robotspy() -> Reader:
    """robotspy, from text. Its package has the name of this file, which must not be in the way."""
    here = Path(__file__).parent
    sys.path[:] = [folder for folder in sys.path if Path(folder).resolve() != here]
    from robots import RobotsParser

    urls = [HOST + target for target in TARGETS]

    def read(bodies: list[bytes]) -> int:
        allowed = 0
        for body in bodies:
            robots = RobotsParser.from_string(body.decode("utf-8-sig", "ignore"))
            for agent in AGENTS:
                for url in urls:
                    allowed += robots.can_fetch(agent, url)
        return allowed

    return read


def seconds(read: Reader, bodies: list[bytes]) -> float:
    """Processor time of one round."""
    gc.collect()
    started = time.process_time()
    read(bodies)
    return time.process_time() - started


def main() -> None:
    """Print a line per parser."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE
    bodies = [body or b"" for body in pq.read_table(file)["content"].to_pylist()]
    readers: dict[str, Reader] = {"optout": ours}
    for name, make in (("Protego", protego), ("robotspy", robotspy)):
        try:
            readers[name] = make()
        except ImportError:
            print(f"{name} is not installed: left out")
    best = dict.fromkeys(readers, float("inf"))
    for _ in range(ROUNDS):
        for name, read in readers.items():
            best[name] = min(best[name], seconds(read, bodies))
    lines = sum(body.count(b"\n") for body in bodies)
    print(f"{len(bodies)} files, {lines:,} lines, {len(AGENTS)} agents × {len(TARGETS)} addresses")
    for name, took in best.items():
        allowed = readers[name](bodies)
        ratio = took / best["optout"]
        print(f"{name:<9} {took:7.3f} s  {ratio:6.2f} × optout's time  {allowed:,} allowed")


if __name__ == "__main__":
    main()
