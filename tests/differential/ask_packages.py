"""Header lines → what the real img2dataset and datadiligence do with them.

Run by make_x_robots_tag.py with the Python of a virtual environment that holds the packages; it
imports nothing of optout. Rows come on stdin, answers and versions go to stdout, as JSON.
"""

from __future__ import annotations

import ast
import contextlib
import http.client
import importlib.util
import io
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

TOKEN = "img2dataset"
PACKAGES = ("img2dataset", "datadiligence", "requests", "urllib3")


class Socket:
    """As much of a socket as a response is read from."""

    def __init__(self, served: bytes) -> None:
        self.served = served

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self.served)


def response(tags: list[str], reserved: list[str]) -> http.client.HTTPResponse:
    """A response that http.client has read from the bytes of these header lines."""
    lines = [f"X-Robots-Tag: {tag}" for tag in tags]
    lines += [f"tdm-reservation: {value}" for value in reserved]
    head = "\r\n".join(["HTTP/1.1 200 OK", "Content-Length: 0", *lines, "", ""])
    found = http.client.HTTPResponse(Socket(head.encode("latin-1")))  # type: ignore[arg-type]
    found.begin()
    return found


def img2dataset_source(name: str) -> ast.Module:
    """A module of the package as a tree, without importing it."""
    spec = importlib.util.find_spec("img2dataset")
    assert spec and spec.origin
    return ast.parse((Path(spec.origin).parent / f"{name}.py").read_text("utf-8"))


def img2dataset_defaults() -> list[str]:
    """The rules it obeys unless told otherwise: the list that main.py assigns."""
    for node in ast.walk(img2dataset_source("main")):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            (name,) = node.targets
            if isinstance(name, ast.Name) and name.id == "disallowed_header_directives":
                found: list[str] = ast.literal_eval(node.value)
                return found
    raise SystemExit("img2dataset: no default rules found in main.py")


def is_disallowed() -> tuple[Any, str]:
    """The function itself; where its dependencies are absent, compiled from its source alone."""
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    try:
        from img2dataset.downloader import is_disallowed
    except ImportError:
        tree = img2dataset_source("downloader")
        tree.body = [n for n in tree.body if getattr(n, "name", "") == "is_disallowed"]
        names: dict[str, Any] = {"traceback": __import__("traceback")}
        exec(compile(tree, "downloader.py", "exec"), names)
        return names["is_disallowed"], "is_disallowed() compiled alone"
    return is_disallowed, "imported"


def answers(rows: list[tuple[list[str], list[str]]]) -> tuple[list[str], str]:
    """Per row a digit for each of FIELDS in make_x_robots_tag.py: 1 where the image is refused."""
    from datadiligence.evaluators import HttpEvaluator
    from requests.structures import CaseInsensitiveDict
    from urllib3._collections import HTTPHeaderDict

    skips, how = is_disallowed()
    rules = img2dataset_defaults()
    found = []
    for tags, reserved in rows:
        served = response(tags, reserved)
        message = served.headers
        asked = [skips(message, token, rules) for token in (None, TOKEN)]
        # What requests makes of it, the HTTPMessage itself, and a list of pairs.
        merged = CaseInsensitiveDict(HTTPHeaderDict(message.items()))
        for headers in (merged, message, list(message.items())):
            for token in (None, TOKEN):
                asked.append(not HttpEvaluator(user_agent=token).is_allowed(headers=headers))
        for number, token in enumerate((None, TOKEN), 2):  # urllib's response is as requests'
            assert asked[number] == (
                not HttpEvaluator(user_agent=token).is_allowed(response=served)
            )
        found.append("".join(str(int(answer)) for answer in asked))
    return found, how


def main() -> None:
    """Answer what is asked on stdin."""
    rows = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):  # both packages print when they are imported
        found, how = answers(rows)
    packages = {name: version(name) for name in PACKAGES}
    about = {"packages": packages, "python": sys.version.split()[0], "img2dataset": how}
    print(json.dumps({**about, "directives": img2dataset_defaults(), "answers": found}))


if __name__ == "__main__":
    main()
