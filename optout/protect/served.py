"""Generated files and header lines → the same addresses, as they would be answered with these.

What lies at an address now gives way to the generated file, http and https alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from crawler.urls import place_of
from optout.protect.reservation import with_reservation
from optout.protect.situation import Situation
from optout.readers.served import TextFile, text_file
from optout.readers.verdicts import SiteFile, Subject, site_file

# Where generated files are served, and what they are (crawler/site_files.toml).
ROBOTS = "robots.txt"
LICENCE = "license.xml"
TEXTS = {".well-known/tdmrep.json": "tdmrep.json", "ai.txt": "ai.txt"}

Generated = Mapping[str, Mapping[str, bytes]]  # host[:port] → path without the first slash → bytes


@dataclass(frozen=True, slots=True)
class After:
    """Everything around an address once the plan is carried out."""

    found: Situation
    site_files: Mapping[str, SiteFile]
    texts: Mapping[str, tuple[TextFile, ...]]
    documents: Mapping[str, TextFile]

    def of(self, subject: Subject) -> Subject:
        """The same address then."""
        hops = tuple(
            replace(hop, headers=with_reservation(hop.headers))
            if self.found.controls(hop.url)
            else hop
            for hop in subject.hops
        )
        return replace(
            subject,
            hops=hops,
            site_files=self.site_files,
            texts=self.texts,
            documents=self.documents,
        )


def once_served(found: Situation, generated: Generated) -> After:
    """What is served now, with the generated files in their places."""
    site_files, texts = dict(found.site_files), dict(found.texts)
    documents = dict(found.documents)
    for origin in dict.fromkeys((*found.site_files, *(host.origin for host in found.hosts))):
        files = generated.get(place_of(origin), {})
        if ROBOTS in files:
            url = f"{origin}/{ROBOTS}"
            site_files[origin] = site_file(url, outcome="fetched", status=200, body=files[ROBOTS])
        new = list(_text_files(origin, files))
        texts[origin] = (*new, *_others(texts.get(origin, ()), new))
        if LICENCE in files:
            url = f"{origin}/{LICENCE}"
            documents[url] = _answered("rsl", url, files[LICENCE])
    return After(found, site_files, texts, documents)


def _text_files(origin: str, files: Mapping[str, bytes]) -> Iterator[TextFile]:
    for path, kind in TEXTS.items():
        if path in files:
            yield _answered(kind, f"{origin}/{path}", files[path])


def _others(present: Iterable[TextFile], new: Iterable[TextFile]) -> list[TextFile]:
    """What stays: a file's generated form comes first, and is the only one of its address."""
    replaced = {file.url for file in new}
    return [file for file in present if file.url not in replaced]


def _answered(kind: str, url: str, body: bytes) -> TextFile:
    return text_file(kind, url, outcome="fetched", status=200, body=body)
