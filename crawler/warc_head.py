"""First line and header lines → the head of an HTTP message in a WARC record, bytes unchanged."""

from __future__ import annotations

from warcio.statusandheaders import StatusAndHeaders


class Head(StatusAndHeaders):
    """A first line and header lines whose bytes stay as they are; warcio would quote some."""

    def __init__(self, first: str, lines: list[tuple[bytes, bytes]]) -> None:
        texts = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in lines]
        protocol, _, rest = first.partition(" ")
        super().__init__(rest, texts, protocol)
        written = [first.encode("latin-1"), *(name + b": " + value for name, value in lines)]
        self._bytes = b"\r\n".join(written) + b"\r\n\r\n"

    def compute_headers_buffer(self, header_filter: object = None) -> None:
        self.headers_buff = self._bytes
