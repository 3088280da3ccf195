"""Bytes of an image file → the training-mining assertions of its Content Credentials.

C2PA 1.x `c2pa.training-mining`, and `cawg.training-mining` of CAWG 1.1, which replaces it. The
active manifest comes first, then its ingredients', then the others. A reservation in a manifest
that does not validate is still there: the validation state stands beside it, and judges nothing.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from crawler.signals.vocabulary import ALLOWED, DISALLOWED, UNKNOWN, Status, Value, status
from crawler.sniff import sniff

MAX_BYTES = 64 * 2**20
_MAX_MANIFESTS = 200
_LABELS = ("cawg.training-mining", "c2pa.training-mining")
_MISSING = 'not read because c2pa-python is missing (extra "metadata")'
_HASH_OF_FILE = re.compile(r"assertion\.(data|bmff|boxes|collection)Hash\.\w+")
_INFO = ("constraint_info", "constraints_info")  # by the schema and by the text of CAWG 1.1
# Nothing is fetched: neither a manifest that lies elsewhere, nor a certificate's state.
_SETTINGS = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an assertion."""

    manifest: str  # label of the manifest it stands in
    relation: str  # active, ingredient or earlier
    assertion: str  # label, as written
    key: str  # e.g. cawg.ai_training; custom keys are kept
    use: str  # allowed, notAllowed or constrained; others as written
    value: Value
    status: Status  # of the key
    constraint: str  # what is said of a constraint; "" where nothing
    raw: str  # the entry as JSON
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a file's manifests say. Where `not_read` says why not, absence means nothing."""

    present: bool = False
    entries: tuple[Entry, ...] = ()
    state: str = ""  # Valid, Trusted or Invalid, as the library has it; of the active manifest
    problems: tuple[str, ...] = ()  # its validation codes that failed, in order
    signer: str = ""  # issuer of the active manifest's certificate
    remote: str = ""  # address of a manifest that lies elsewhere; it is not fetched
    not_read: str = ""


def read(body: bytes, media_type: str | None = None) -> Credentials:
    """Read the manifests of a whole file; never raises.

    `media_type` where the first bytes do not show it. Needs c2pa-python (extra `metadata`).

    >>> read(b"").not_read
    'not read because the format is not known'
    """
    kind = sniff(body) or media_type
    if kind is None or not kind.startswith("image/"):
        return Credentials(not_read="not read because the format is not known")
    if len(body) > MAX_BYTES:
        return Credentials(not_read=f"not read because it is longer than {MAX_BYTES} bytes")
    try:
        import c2pa
    except ImportError:
        return Credentials(not_read=_MISSING)
    try:
        with c2pa.Reader(kind, io.BytesIO(body), context=_context()) as reader:
            return credentials(reader.json())
    except c2pa.C2paError as error:
        return _failed(str(error))


def read_store(store: bytes) -> Credentials:
    """Read a manifest store that was taken out of its file (JUMBF); never raises.

    Whether it belongs to the picture cannot be told, so that alone makes it not Invalid: then
    `state` is "" and the codes of the comparison are left out.

    >>> read_store(b"").present
    False
    """
    try:
        import c2pa
    except ImportError:
        return Credentials(True, not_read=_MISSING)
    try:
        with c2pa.Reader("application/c2pa", io.BytesIO(store), context=_context()) as reader:
            found = credentials(reader.json())
    except c2pa.C2paError as error:
        return _failed(str(error))
    problems = tuple(one for one in found.problems if not _HASH_OF_FILE.fullmatch(one))
    broken = any(not one.startswith("signingCredential.") for one in problems)
    return replace(found, problems=problems, state="Invalid" if broken else "")


@cache
def _context() -> Any:
    import c2pa

    return c2pa.Context(c2pa.Settings.from_dict(_SETTINGS))


def credentials(report: str) -> Credentials:
    """Read the library's report (JSON): manifests by label, and the state of the active one.

    >>> credentials('{"manifests": {}}').present
    True
    """
    try:
        store = json.loads(report)
    except (ValueError, RecursionError):
        return Credentials(True, not_read="not read because the report is no JSON")
    store = _dict(store)
    manifests = _dict(store.get("manifests"))
    active = _text(store.get("active_manifest"))
    signature = _dict(_dict(manifests.get(active)).get("signature_info"))
    failed = [_text(_dict(one).get("code")) for one in _list(store.get("validation_status"))]
    return Credentials(
        present=True,
        entries=tuple(_entries(manifests, active)),
        state=_text(store.get("validation_state")),
        problems=tuple(failed),
        signer=_text(signature.get("issuer")),
    )


def _failed(message: str) -> Credentials:
    """A file without manifest is read, and holds none; the library says both by an error."""
    if message.startswith("ManifestNotFound"):
        return Credentials()
    if message.startswith("Remote:"):
        address = message.rpartition(" url ")[2][:4096]
        return Credentials(True, remote=address, not_read="not read because it lies elsewhere")
    if message.startswith("NotSupported"):
        return Credentials(not_read="not read because the format holds none that can be read")
    return Credentials(not_read=f"not read because the file is damaged: {message[:200]}")


def _entries(manifests: dict[str, Any], active: str) -> Iterator[Entry]:
    for label, relation in _order(manifests, active):
        for assertion in _list(_dict(manifests[label]).get("assertions")):
            written = _text(_dict(assertion).get("label"))
            if written.partition("__")[0] in _LABELS:  # a second one is called …__1
                data = _dict(_dict(assertion).get("data"))
                # An older text of CAWG left the map out.
                for key, one in _dict(data.get("entries", data)).items():
                    yield _entry(label, relation, written, key, one)


def _entry(manifest: str, relation: str, assertion: str, key: str, data: Any) -> Entry:
    fields = _dict(data)
    use = _text(fields.get("use"))
    infos = [_text(fields.get(name)) for name in _INFO]
    constraint = next((text for text in infos if text.strip()), "")
    value, faults = _value(use, constraint)
    if key.partition(".")[0] != assertion.partition(".")[0]:
        faults.append("a key of another family")
    return Entry(
        manifest=manifest,
        relation=relation,
        assertion=assertion,
        key=key,
        use=use,
        value=value,
        status=status("c2pa", key.partition(".")[2]),
        constraint=constraint,
        raw=json.dumps(data, ensure_ascii=False)[:4096],
        faults=tuple(faults),
    )


def _value(use: str, constraint: str) -> tuple[Value, list[str]]:
    """Constrained without more is not allowed (CAWG 1.1, assertion definition).

    With more it depends on what is said there, which is for people to read.
    """
    if use == "constrained":
        return (UNKNOWN if constraint else DISALLOWED), []
    known: dict[str, Value] = {"allowed": ALLOWED, "notAllowed": DISALLOWED}
    if use in known:
        return known[use], []
    return UNKNOWN, ["no known use"]


def _order(manifests: dict[str, Any], active: str) -> Iterator[tuple[str, str]]:
    """(label, relation): the active manifest, its ingredients' breadth first, then the rest."""
    seen: list[str] = [active] if active in manifests else []
    for label in seen:  # grows while it is read
        for ingredient in _list(_dict(manifests[label]).get("ingredients")):
            other = _text(_dict(ingredient).get("active_manifest"))
            if other in manifests and other not in seen and len(seen) < _MAX_MANIFESTS:
                seen.append(other)
    for label in seen:
        yield label, "active" if label == active else "ingredient"
    for label in list(manifests)[:_MAX_MANIFESTS]:
        if label not in seen:
            yield label, "earlier"


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value[:4096] if isinstance(value, str) else ""
