"""A generated site for the crawl benchmark: python site.py PAGES IMAGES → port on stdout.

Pages link to ten others each (all reachable from /) and show their share of the images, each
image once; every image has its own bytes. Served by a small asyncio server with keep-alive, so
that the server is not what is measured. Stops when its standard input closes.
"""

from __future__ import annotations

import asyncio
import sys

PADDING = b"\0" * 6000  # a small web image's size


def page(number: int, pages: int, images: int) -> bytes:
    per_page = images // pages
    links = "".join(
        f'<li><a href="/page/{(number * 10 + k) % pages}.html">Work {number * 10 + k}</a></li>'
        for k in range(1, 11)
    )
    pictures = "".join(
        f'<figure><img src="/img/{number * per_page + k}.jpg" alt="Picture {number}-{k} in oil">'
        f"<figcaption>Picture {k}</figcaption></figure>"
        for k in range(per_page)
    )
    text = "<p>" + "Paint and paper and a little patience. " * 40 + "</p>"
    return (
        f"<!doctype html><html><head><title>Page {number}</title>"
        f'<meta name="robots" content="noai"></head>'
        f"<body><ul>{links}</ul>{pictures}{text}</body></html>"
    ).encode()


class Server(asyncio.Protocol):
    pages = images = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            self.transport.write(self.answer(head.split(b" ", 2)[1].decode()))  # type: ignore[attr-defined]

    def answer(self, path: str) -> bytes:
        if path == "/" or path.startswith("/page/"):
            number = int(path[6:-5]) if len(path) > 1 else 0
            return self.reply(
                b"200 OK", b"text/html; charset=utf-8", page(number, self.pages, self.images)
            )
        if path.startswith("/img/"):
            return self.reply(
                b"200 OK", b"image/jpeg", b"\xff\xd8\xff\xe0" + path.encode() + PADDING
            )
        return self.reply(b"404 Not Found", b"text/plain", b"")

    @staticmethod
    def reply(status: bytes, kind: bytes, body: bytes) -> bytes:
        return (
            b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
            % (status, kind, len(body))
        ) + body


async def main(pages: int, images: int) -> None:
    Server.pages, Server.images = pages, images
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
