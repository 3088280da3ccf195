"""A client of the page without a browser, and what no page of it may hold."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import lxml.html
from starlette.testclient import TestClient

from optout.web.app import make_app
from optout.web.ask import Site
from optout.web.guard import cookie_name
from optout.web.keys import Keys
from optout.web.memory import Memory

PORT = 8700
HOME = f"http://127.0.0.1:{PORT}"
OWN = {"Origin": HOME, "Sec-Fetch-Site": "same-origin"}


class Window:
    """A browser window that was let in, as far as a client without a browser can be one."""

    def __init__(self, folder: Path, *, enter: bool = True) -> None:
        self.site = Site(folder, PORT, Keys(), Memory())
        self.client = TestClient(make_app(self.site), base_url=HOME, follow_redirects=False)
        if enter:
            self.client.get(f"/start/{self.site.keys.new_start()}")

    @property
    def csrf(self) -> str:
        return self.site.keys.form(self.client.cookies[cookie_name(PORT)])

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers=headers)

    def post(self, path: str, /, **fields: Any) -> Any:
        return self.client.post(path, data={"csrf": self.csrf} | fields, headers=OWN)


def harmless(html: str) -> None:
    """No element, attribute or invisible character that our templates do not write."""
    if not html:
        return
    tree = lxml.html.fromstring(html)
    # Characters that turn a line around or cannot be seen are spelled out wherever text is shown;
    # a field that the user fills in holds what it was given.
    shown = tree.xpath("//text()[not(ancestor::textarea)] | //@alt | //@aria-label | //@title")
    assert not re.search("[\x00\x1b\u202a-\u202e\u2066-\u2069\u200b]", "".join(shown))
    assert not tree.xpath("//script[not(@src)] | //svg | //img[@src='x']")
    assert not [a for a in tree.xpath("//@*") if a.attrname.startswith("on")]
    assert not [a for a in tree.xpath("//@href") if not re.match(r"[/#](?!/)", a)]
