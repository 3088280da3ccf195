"""https://… → one file of a web server. A folder cannot be listed there: names come from a list."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from optout.errors import DatasetError
from optout.remote.address import web_address
from optout.remote.file import RemoteFile
from optout.remote.session import Session, Start


@dataclass(frozen=True, slots=True)
class Server:
    """The web server of one address."""

    address: str
    session: Session

    def file(self, path: str) -> RemoteFile:
        """The file of the address itself: `path` is its own."""
        url = _escaped(self.address)
        return RemoteFile(self.session, self.address, lambda: Start(url), self._explain)

    def paths(self, folder: str) -> list[str]:
        """Raises DatasetError: a web server lists nothing."""
        raise DatasetError(
            f"{self.address} is no data set file, and a web server does not list its folders",
            "name one file each: --dataset https://HOST/part-0.parquet",
        )

    def _explain(self, status: int, headers: dict[str, str]) -> DatasetError:
        host = urlsplit(self.address).netloc
        if status in (401, 403):
            return DatasetError(
                f"{host} does not give {self.address} to everybody ({status})",
                "ask its owner how to get it, load it, then name the file",
            )
        if status in (404, 410):
            return DatasetError(f"there is no {self.address} ({status})", "check the address")
        return DatasetError(
            f"{host} answered {status} for {self.address}", "check the address, or try again later"
        )


def place(address: str, session: Session) -> Server:
    """The server of an http(s) address. Raises DatasetError for a bad address."""
    checked = web_address(address)
    session.door.begin_at(checked)
    return Server(checked, session)


def _escaped(address: str) -> str:
    """Letters that no request line can carry, with percent signs; others as the user wrote."""
    return quote(address, safe="%/:=&?~#+!$,;'@()*[]")
