"""What the user named (file, folder, glob or known name) → the data files to search, checked."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from optout.datasets.columns import Columns, check, size
from optout.datasets.editions import DataSet, Edition, find, recognise
from optout.errors import DatasetError
from optout.remote import RemoteFile, Session, files_under, is_remote

SUFFIXES = (".parquet", ".csv", ".tsv", ".jsonl")

_NAMED = re.compile(r"(?P<name>[\w.+-]+)(?::(?P<edition>[\w.+-]+))?=(?P<path>.+)", re.S)
_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file to search, its footer or first line already read."""

    path: Path | RemoteFile
    dataset: str
    edition: str  # "" where it cannot be told
    name: str  # `dataset_file`: relative to what the user named
    size: int  # bytes
    columns: Columns


def resolve(
    specs: Sequence[str],
    session: Session | None = None,
    *,
    unreadable: list[DatasetError] | None = None,
) -> list[DataFile]:
    """Every file that `specs` name, each once, in order; all are checked before any is searched.

    A spec is a file, a folder, a glob, a remote address (read through `session`) or a name of
    datasets.toml; `name=path` or `name:edition=path` says what a path holds. Raises DatasetError
    naming the file and the next step for the first thing that is wrong. With `unreadable` a file of
    several that is damaged, or holds no addresses, is put there and the others go on.
    """
    if session is None:
        with Session() as own:
            return resolve(specs, own, unreadable=unreadable)
    files: dict[Path | RemoteFile, DataFile] = {}
    wrong: list[DatasetError] = []
    for spec in specs:
        for file in _files(spec, session, None if unreadable is None else wrong):
            place = file.path.resolve() if isinstance(file.path, Path) else file.path
            files.setdefault(place, file)
    if wrong and not files:
        raise wrong[0]
    if unreadable is not None:
        unreadable += wrong
    _refuse_namesakes(list(files.values()))
    return list(files.values())


@dataclass(frozen=True, slots=True)
class _Found:
    """A file that a spec names, before it was looked at."""

    path: Path | RemoteFile
    name: str  # relative to what was named
    folders: Sequence[str]  # names above it, nearest first
    called: str  # its data set, where nothing better is known


def _files(spec: str, session: Session, wrong: list[DatasetError] | None) -> Iterator[DataFile]:
    path, label, edition = _split(spec)
    for file in _remote(path, session) if is_remote(path) else _local(spec, path):
        known = edition or recognise(file.path.name, file.folders)
        if label:
            dataset, form = label
        elif known:
            dataset, form = known.dataset, known.name
        else:
            dataset, form = file.called, ""
        if known and known.dataset == dataset and not form:
            form = known.name
        try:
            columns = check(file.path, known.headerless if known else ())
        except DatasetError as error:
            if wrong is None:
                raise
            wrong.append(error)
            continue
        yield DataFile(file.path, dataset, form, file.name, size(file.path), columns)


def _remote(address: str, session: Session) -> Iterator[_Found]:
    for one in files_under(address, session, SUFFIXES):
        yield _Found(one.file, one.name, one.folders, one.called)


def _local(spec: str, path: str) -> Iterator[_Found]:
    root, paths = _paths(spec, path)
    for file in paths:
        name = file.relative_to(root).as_posix() if root != file else file.name
        yield _Found(file, name, _folders(file, root), _plain_name(root, file))


def _split(spec: str) -> tuple[str, tuple[str, str] | None, Edition | None]:
    """Path, (data set, edition) where the spec says so, and the known edition."""
    named = None if Path(spec).exists() else _NAMED.fullmatch(spec)
    if not named:
        return spec, None, None
    found = find(named["edition"] or named["name"]) or find(named["name"])
    if found is None:
        return named["path"], (named["name"], named["edition"] or ""), None
    dataset, edition = found
    form = edition.name if edition else named["edition"] or ""
    return named["path"], (dataset.name, form), edition


def _paths(spec: str, path: str) -> tuple[Path, list[Path]]:
    """The root that names are relative to, and the files, sorted."""
    place = Path(path)
    try:
        if place.is_file():
            return place, [place]
        if place.is_dir():
            return place, _in_folder(place)
        if _MAGIC.search(path):
            return _in_glob(path)
    except OSError as error:
        raise DatasetError(
            f"cannot read {path}: {error.strerror}", "check the name and who may read it"
        ) from error
    raise _not_there(spec, path)


def _in_folder(folder: Path) -> list[Path]:
    files = sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES
        and not any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
        and file.is_file()
    )
    if not files:
        raise DatasetError(
            f"{folder} holds no data set file ({', '.join(SUFFIXES)})",
            "name the folder that holds the metadata files",
        )
    return files


def _in_glob(pattern: str) -> tuple[Path, list[Path]]:
    # Side files (.crc) and folders that the pattern happens to catch are no data.
    found = sorted(Path(name) for name in glob.glob(pattern, recursive=True))  # noqa: PTH207
    files = [file for file in found if file.is_file() and file.suffix.lower() in SUFFIXES]
    if not files:
        raise DatasetError(
            f"no data set file ({', '.join(SUFFIXES)}) fits {pattern}", "check the pattern"
        )
    parts = Path(pattern).parts
    fixed = next(i for i, part in enumerate(parts) if _MAGIC.search(part))
    return Path(*parts[:fixed]), files


def _not_there(spec: str, path: str) -> DatasetError:
    known = find(path)
    if known:
        return DatasetError(f"{spec}: no file of it was named; {_obtain(known[0])}", _hint(path))
    if "/" in path or "\\" in path or path.lower().endswith((*SUFFIXES, ".gz", ".zip")):
        return DatasetError(f"there is no file or folder {path}", "check the name")
    return DatasetError(
        f"{spec} is neither a file nor a known data set", "see the known ones: optout datasets"
    )


def _obtain(dataset: DataSet) -> str:
    return f"to get the metadata of {dataset.name}: {dataset.obtain}"


def _hint(name: str) -> str:
    return f"then say where it is: --dataset {name}=FOLDER"


def _folders(file: Path, root: Path) -> list[str]:
    """Names of the folders above a file, nearest first, up to the one the user named."""
    inside = [folder.name for folder in file.relative_to(root).parents if folder.name]
    top = root.absolute().parent if root == file else root.absolute()
    return [*inside, top.name]


def _plain_name(root: Path, file: Path) -> str:
    return file.stem if root == file else root.absolute().name or file.stem


def _refuse_namesakes(files: Sequence[DataFile]) -> None:
    # A row is named by data set, edition, file and number: two files may not share the first three.
    seen: dict[tuple[str, str, str], Path | RemoteFile] = {}
    for file in files:
        other = seen.setdefault((file.dataset, file.edition, file.name), file.path)
        if other != file.path:
            raise DatasetError(
                f"{other} and {file.path} would both be called {file.name} of {file.dataset}",
                "tell them apart: --dataset NAME=PATH",
            )
