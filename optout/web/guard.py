"""Every request → refused, or passed on; every answer → with the headers that keep it here.

Another web page that the user has open can send requests to this server, and a name can be made
to point at it. So: only our own two names, only windows that hold a key, and nothing that another
site began.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from optout.web.keys import Keys

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Refuse = Callable[[str, int], App]  # key of the reason, status → an answer in words

START = "/start/"
AGAIN = "/again"
_OPEN = (START, "/static/")  # asked for without a key: the start itself, and our own files
HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_NO_STORE = ("Cache-Control", "no-store")


def cookie_name(port: int) -> str:
    """Cookies are shared by all ports of a host; the name keeps two cases apart."""
    return f"optout-{port}"


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: App, keys: Keys, port: int, refuse: Refuse) -> None:
        self.app, self.keys, self.port, self.refuse = app, keys, port, refuse
        self.hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # a WebSocket; there is none here
            return
        headers = _headers(scope)
        scope["window"] = window = self._window(headers)
        why = self._refusal(scope, headers, window)
        answer = self.refuse(*why) if why else self.app
        await answer(scope, receive, _with_headers(send, scope["path"]))

    def _window(self, headers: dict[str, list[str]]) -> str:
        """The key that a request carries, if it is one of ours."""
        jar: SimpleCookie = SimpleCookie()
        for line in headers.get("cookie", []):
            try:
                jar.load(line)
            except CookieError:
                return ""
        found = jar.get(cookie_name(self.port))
        return found.value if found and self.keys.knows(found.value) else ""

    def _refusal(
        self, scope: Scope, headers: dict[str, list[str]], window: str
    ) -> tuple[str, int] | None:
        """Why a request is not answered: key of the reason and status; None when it is."""
        path, method = scope["path"], scope["method"]
        if len(headers.get("host", [])) != 1 or headers["host"][0].lower() not in self.hosts:
            return "host", 421
        if path == AGAIN:  # a second start on this machine; it shows the key of the case folder
            bearer = f"Bearer {self.keys.again}"
            return None if headers.get("authorization") == [bearer] else ("key", 403)
        if method not in {"GET", "HEAD", "POST"}:
            return "method", 405
        if foreign(headers, f"http://{headers['host'][0].lower()}", posted=method == "POST"):
            return "foreign", 403
        if not window and not path.startswith(_OPEN):
            return "key", 403
        return None


def foreign(headers: dict[str, list[str]], own: str, *, posted: bool) -> bool:
    """Whether another site began this request, or might have.

    Browsers say so in Sec-Fetch-Site (Fetch Metadata, W3C) and, for a form, in Origin. That is
    "null" for a form of a page with `Referrer-Policy: no-referrer` (Fetch Standard, "append a
    request Origin header"), which then only counts beside Sec-Fetch-Site.

    >>> foreign({"sec-fetch-site": ["cross-site"]}, "http://127.0.0.1:1", posted=False)
    True
    >>> foreign({"origin": ["http://127.0.0.1:1"]}, "http://127.0.0.1:1", posted=True)
    False
    >>> foreign({}, "http://127.0.0.1:1", posted=True)
    True
    """
    site, origin = headers.get("sec-fetch-site", []), headers.get("origin", [])
    if any(value not in {"same-origin", "none"} for value in site):
        return True
    if any(value not in {own, "null"} for value in origin):
        return True
    return posted and site != ["same-origin"] and origin != [own]


def _headers(scope: Scope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _with_headers(send: Send, path: str) -> Send:
    extra = [*HEADERS] if path.startswith("/static/") else [*HEADERS, _NO_STORE]

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            ours = {name.lower().encode() for name, _ in extra}
            kept = [(n, v) for n, v in message.get("headers", []) if n.lower() not in ours]
            added = [(name.lower().encode(), value.encode()) for name, value in extra]
            message["headers"] = [*kept, *added]
        await send(message)

    return sending
