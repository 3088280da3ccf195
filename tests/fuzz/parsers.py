"""Every parser of a signal as a function of bytes: what no input may make raise or hang."""

from __future__ import annotations

from collections.abc import Callable

from crawler import file_metadata, html, prose
from crawler.signals import (
    ai_control,
    ai_txt,
    c2pa,
    content_signal,
    content_usage,
    image_metadata,
    robots_meta,
    robots_txt,
    rsl,
    tdmrep,
    tdmrep_file,
    trust_txt,
    x_robots_tag,
    xmp,
)
from crawler.sniff import sniff


def _text(body: bytes) -> str:
    """As header lines reach us."""
    return body.decode("latin-1")


def _target(body: bytes) -> str:
    """The last line as an address: paths are strangers' text too."""
    return "/" + body.rpartition(b"\n")[2][:200].decode("utf-8", "replace")


def _robots_txt(body: bytes) -> None:
    robots_txt.parse(body).decide("GPTBot", _target(body))


def _x_robots_tag(body: bytes) -> None:
    for one in x_robots_tag.parse(_text(body).split("\n")):
        x_robots_tag.moment(one.value)


def _robots_meta(body: bytes) -> None:
    robots_meta.parse([robots_meta.Meta(0, "robots", body.decode("utf-8", "replace"))])


def _tdmrep(body: bytes) -> None:
    lines = _text(body).split("\n")
    metas = [robots_meta.Meta(n, "tdm-reservation", line) for n, line in enumerate(lines)]
    tdmrep.in_force(tdmrep.parse_header(lines[::2], lines[1::2]), tdmrep.parse_metas(metas))


def _tdmrep_file(body: bytes) -> None:
    file = tdmrep_file.parse_file(body)
    _ = tdmrep_file.choose(file, _target(body)).differ


def _content_usage(body: bytes) -> None:
    content_usage.parse_header(_text(body).split("\n"))


def _content_usage_rules(body: bytes) -> None:
    robots = robots_txt.parse(b"User-agent: *\n" + body)
    content_usage.parse_rules(robots)
    content_usage.usage(robots, "GPTBot", _target(body))


def _content_signal(body: bytes) -> None:
    robots = robots_txt.parse(body)
    content_signal.parse(robots)
    content_signal.signals_for(robots, "GPTBot")


def _ai_txt(body: bytes) -> None:
    file = ai_txt.parse(body)
    _ = ai_txt.read(file, _target(body)).differ


def _ai_control(body: bytes) -> None:
    ai_control.parse(robots_txt.parse(body))


def _rsl(body: bytes) -> None:
    rsl.covering(rsl.parse(body), "https://example.org", _target(body))


def _rsl_references(body: bytes) -> None:
    rsl.from_robots(robots_txt.parse(body))
    rsl.from_header(_text(body).split("\n"))


def _image_metadata(body: bytes) -> None:
    for packet in image_metadata.read(file_metadata.read(body, sniff(body))).packets:
        xmp.parse(packet)


def _c2pa_report(body: bytes) -> None:
    c2pa.credentials(body.decode("utf-8", "replace"))


def _prose(body: bytes) -> None:
    root = html.parse(body)
    if root is not None:
        address = f"https://a.example{_target(body)}"
        for row in prose.prose_rows(root, address, "2026-11-21T10:00:00+00:00"):
            assert row["raw"].strip() and len(row["raw"]) <= prose.MAX_TEXT


PARSERS: dict[str, Callable[[bytes], object]] = {
    "ai_control": _ai_control,
    "ai_txt": _ai_txt,
    "c2pa": c2pa.read,
    "c2pa_report": _c2pa_report,
    "content_signal": _content_signal,
    "content_usage": _content_usage,
    "content_usage_rules": _content_usage_rules,
    "image_metadata": _image_metadata,
    "robots_meta": _robots_meta,
    "robots_txt": _robots_txt,
    "prose": _prose,
    "rsl": _rsl,
    "rsl_references": _rsl_references,
    "tdmrep": _tdmrep,
    "tdmrep_file": _tdmrep_file,
    "trust_txt": trust_txt.parse,
    "x_robots_tag": _x_robots_tag,
    "xmp": xmp.parse,
}
