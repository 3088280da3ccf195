"""Which pages belong to the artist's sites."""

from __future__ import annotations

from urllib.parse import urlsplit

from crawler.urls import place_of


class Scope:
    """The hosts (and, where asked, paths) of the sites given, as a test for page addresses."""

    def __init__(self, sites: tuple[str, ...], path_scoped: tuple[str, ...] = ()) -> None:
        """`sites` in clean form; of those also in `path_scoped` only what is below their path."""
        self._whole: set[str] = set()
        self._below: list[tuple[str, str]] = []
        for site in sites:
            place = place_of(site)
            if site in path_scoped:
                self._below.append((place, _folder(site)))
            else:
                self._whole.update((place, _twin(place)))

    def holds(self, url: str) -> bool:
        """Whether a page address is within the sites. The www twin of a host is the same site,
        and so is the other of http and https."""
        place = place_of(url)
        if place in self._whole:
            return True
        if not self._below:
            return False
        path = urlsplit(url).path
        return any(
            place == host and (path == folder.rstrip("/") or path.startswith(folder))
            for host, folder in self._below
        )


def _twin(place: str) -> str:
    return place.removeprefix("www.") if place.startswith("www.") else f"www.{place}"


def _folder(site: str) -> str:
    """The path below which a site lies: /mira/ for …/mira, /a/ for …/a/index.html."""
    path = urlsplit(site).path
    last = path.rpartition("/")[2]
    if "." in last:
        path = path[: -len(last)]
    return path.rstrip("/") + "/"
