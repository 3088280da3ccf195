"""Rows and a recipient's limits → lists that obey them: urls.txt, locators.txt, domains.txt.

A line of urls.txt is always one http(s) address; an address that is none is left out there,
requests.csv still has its row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from optout.requests.annex import repository
from optout.requests.plain import clean, plain_url
from optout.requests.recipients import Recipient
from optout.requests.select import Row

Key = tuple[str, str]  # host, repository; "" where the recipient does not care


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes to a recipient in one go: addresses, each once and in order, and their rows."""

    host: str
    repository: str
    urls: tuple[str, ...]
    rows: tuple[Row, ...]


def batches(recipient: Recipient, rows: Iterable[Row]) -> list[Batch]:
    """Rows in lists of one host, of one repository and of `batch_cap` addresses at most."""
    groups: dict[Key, dict[str, list[Row]]] = {}
    for row in rows:
        if url := plain_url(row["url"]):
            groups.setdefault(_key(recipient, row, url), {}).setdefault(url, []).append(row)
    made = []
    for (host, repo), by_url in sorted(groups.items()):
        urls = sorted(by_url)
        size = recipient.batch_cap or len(urls)
        for start in range(0, len(urls), size):
            part = tuple(urls[start : start + size])
            made.append(Batch(host, repo, part, tuple(r for url in part for r in by_url[url])))
    return made


def lists(recipient: Recipient, rows: Iterable[Row], domains: Iterable[str]) -> dict[str, bytes]:
    """The plain lists that a recipient takes, by file name; numbered where there are several."""
    made = batches(recipient, rows)
    files: dict[str, bytes] = {}
    if "urls" in recipient.lists:
        files |= _numbered("urls", [lines(batch.urls) for batch in made])
    if "locators" in recipient.lists:
        files |= _numbered("locators", [lines(map(_locator, batch.rows)) for batch in made])
    if "domains" in recipient.lists and (named := sorted(domains)):
        files["domains.txt"] = lines(named)
    return files


def lines(texts: Iterable[str]) -> bytes:
    """One text per line, LF, UTF-8 without BOM."""
    return "".join(f"{text}\n" for text in texts).encode("utf-8", "replace")


def numbered(stem: str, ending: str, number: int, of: int) -> str:
    """Name of a file of a series: without a number where there is one file only.

    >>> numbered("urls", "txt", 1, 1), numbered("urls", "txt", 2, 12)
    ('urls.txt', 'urls.002.txt')
    """
    return f"{stem}.{ending}" if of == 1 else f"{stem}.{number:03}.{ending}"


def _numbered(stem: str, contents: list[bytes]) -> dict[str, bytes]:
    of = len(contents)
    return {numbered(stem, "txt", n, of): content for n, content in enumerate(contents, 1)}


def _key(recipient: Recipient, row: Row, url: str) -> Key:
    host = url.split("/")[2] if recipient.one_host_per_batch else ""
    return host, repository(row["edition"]) if recipient.one_repository_per_batch else ""


def _locator(row: Row) -> str:
    """Repository, edition, file and row of an entry, separated by tabs."""
    parts = (repository(row["edition"]), row["edition"], row["dataset_file"], row["dataset_row"])
    return "\t".join(clean(str("" if part is None else part)) for part in parts)
