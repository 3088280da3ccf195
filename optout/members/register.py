"""The organisation's folder ↔ its register: one row per member, replaced as a whole."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.lock import held
from crawler.whole import whole
from optout.case import Account, Case, load_case
from optout.errors import CaseError, MembersError
from optout.members.columns import scope_has_requests

if TYPE_CHECKING:
    import pyarrow as pa

DEFAULT_FOLDER = "optout-members"
FILE = "register.parquet"
FORMAT = 1  # of the register; a newer one is refused


@dataclass(frozen=True, slots=True)
class Member:
    """One member, as the members file says."""

    number: str  # as written, e.g. "00123"
    folder: str  # of the case, below members/; made from the number, see `safe_name`
    names: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()  # absolute addresses
    accounts: tuple[Account, ...] = ()
    languages: tuple[str, ...] = ()
    mandate_from: date | None = None
    mandate_until: date | None = None  # the last day
    mandate_scope: str = ""
    contact: str = ""  # for publication
    status: str = "active"
    listed: bool = True  # in the members file imported last

    def no_mandate(self, today: date) -> str:
        """Why no request may be written for this member on that day; "" where one may."""
        if not self.listed:
            return "not in the last members file"
        if self.mandate_from is None:
            return "no mandate date"
        if self.mandate_from > today:
            return f"mandate begins {self.mandate_from.isoformat()}"
        if self.mandate_until is not None and self.mandate_until < today:
            return f"mandate ended {self.mandate_until.isoformat()}"
        if not scope_has_requests(self.mandate_scope):
            return f"mandate covers no requests ({self.mandate_scope})"
        return ""


@dataclass(frozen=True, slots=True)
class Organisation:
    """The folder that holds everything of an organisation's members."""

    folder: Path

    @property
    def register(self) -> Path:
        return self.folder / FILE

    @property
    def cases(self) -> Path:
        return self.folder / "members"

    @property
    def unfinished_search(self) -> Path:
        """What a search for several members found before it was broken off: rows of all of them."""
        return self.folder / ".search.unfinished"

    def case_folder(self, member: Member) -> Path:
        return self.cases / member.folder

    def case(self, member: Member) -> Case:
        """The member's case. Raises CaseError when its folder is damaged."""
        return load_case(self.case_folder(member))


# Names that Windows keeps for devices, whatever follows the dot.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)", re.I)
_HASHED = re.compile(r".*-[0-9a-f]{12}")


def safe_name(number: str) -> str:
    """A folder name that no other member number has, on any file system.

    >>> safe_name("00123"), safe_name("A 12"), safe_name("../../etc")
    ('00123', 'a-12-777a0d204d5e', 'etc-74ccf3c5b4c1')
    """
    plain = re.sub(r"[^a-z0-9]+", "-", number.lower()).strip("-")[:40]
    if plain == number and not _DEVICES.fullmatch(plain) and not _HASHED.fullmatch(plain):
        return plain
    digest = hashlib.sha256(number.encode("utf-8", "replace")).hexdigest()[:12]
    return f"{plain}-{digest}" if plain else f"m-{digest}"


def find_organisation(folder: Path | None) -> Organisation:
    """The organisation's folder named, else ./optout-members. Raises MembersError without one."""
    found = Organisation(folder or Path(DEFAULT_FOLDER))
    if not found.register.is_file():
        raise MembersError(
            f"no {FILE} in {found.folder}",
            "begin with: optout members import members.csv   (or name the folder with --folder)",
        )
    return found


def read_register(organisation: Organisation) -> list[Member]:
    """All members, by number; none before the first import. Raises MembersError for damage."""
    if not organisation.register.is_file():
        return []
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(organisation.register)
        version = int((table.schema.metadata or {}).get(b"format", b"0"))
        if version > FORMAT:
            raise MembersError(
                f"{organisation.register} was written by a newer optout (format {version})",
                "update optout, then try again",
            )
        return [_member(row) for row in table.to_pylist()]
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise MembersError(
            f"{organisation.register} cannot be read: {str(error).splitlines()[0]}",
            "move it away and import the members file again; the cases stay as they are",
        ) from error


def write_register(organisation: Organisation, members: Iterable[Member]) -> None:
    """Put a new register in place of the old one, whole or not at all. Raises OSError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [asdict(member) for member in sorted(members, key=lambda one: one.number)]
    table = pa.Table.from_pylist(rows, schema=_schema())
    organisation.folder.mkdir(parents=True, exist_ok=True)
    with whole(organisation.register, lasting=True) as beside:
        pq.write_table(table, beside, compression="zstd")


@contextmanager
def alone(organisation: Organisation, *, shared: bool = False) -> Iterator[None]:
    """Hold the folder for this process while it is changed. Raises MembersError when busy.

    `shared` for a step that others may go on beside, but no import and no removal.
    """
    organisation.folder.mkdir(parents=True, exist_ok=True)
    with held(organisation.folder / ".lock", shared=shared) as ours:
        if not ours:
            raise MembersError(
                f"another optout is at work in {organisation.folder}", "wait for it to end"
            )
        yield


def damaged(organisation: Organisation, member: Member) -> str:
    """Why a member's case cannot be used, in words; "" where it can."""
    try:
        organisation.case(member)
    except CaseError as error:
        return error.message
    return ""


def _member(row: dict[str, Any]) -> Member:
    lists = ("names", "sites", "languages")
    read: dict[str, Any] = {k: tuple(v) if k in lists else v for k, v in row.items()}
    read["accounts"] = tuple(Account(**one) for one in row["accounts"])
    return Member(**read)


def _schema() -> pa.Schema:
    import pyarrow as pa

    text, texts = pa.string(), pa.list_(pa.string())
    account = pa.struct([(name, text) for name in ("platform", "name", "host", "id")])
    kinds = {
        "names": texts,
        "sites": texts,
        "languages": texts,
        "accounts": pa.list_(account),
        "mandate_from": pa.date32(),
        "mandate_until": pa.date32(),
        "listed": pa.bool_(),
    }
    names = Member.__dataclass_fields__
    return pa.schema(
        [(name, kinds.get(name, text)) for name in names], metadata={"format": str(FORMAT)}
    )
