"""verify.html: one page without network that compares a pack's files with its manifest."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

FILE = "verify.html"


@cache
def verify_page() -> bytes:
    """The page: the same for every pack. Its policy allows its own script and style alone."""
    script, style, page = (_text(f"verify.{name}") for name in ("js", "css", "html"))
    policy = (
        f"default-src 'none'; script-src '{_source(script)}'; style-src '{_source(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    for mark, text in (("{{policy}}", policy), ("{{style}}", style), ("{{script}}", script)):
        page = page.replace(mark, text)
    return page.encode("utf-8")


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return f"sha256-{digest}"


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(f"templates/{name}").read_text("utf-8")
