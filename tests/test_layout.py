"""The shape of the code: who imports whom, what loads when, SQL headers, the page of records."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

import queries
from crawler.records import COMMON, SCHEMAS
from optout import tables

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "scrapy", "twisted", "duckdb", "pyarrow", "jinja2", "PIL", "lxml", "httpx")
QUERIES = queries.names()
SQL_HEADER = re.compile(
    r"(?P<sentence>(?:-- .+\n)+?)-- reads: (?P<reads>.+)\n-- columns: (?P<columns>.+)\n"
)


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path, *, typing_only: bool = False) -> Iterator[str]:
    """Top-level names of every import of a file; those for type checkers only when asked."""
    tree = ast.parse(path.read_text("utf-8"))
    guarded = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for inner in block.body
        for node in ast.walk(inner)
    }
    for node in ast.walk(tree):
        if node in guarded and not typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("path", modules("crawler"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_crawler_knows_nothing_of_data_sets_and_verdicts(path: Path) -> None:
    assert not {"optout", "queries"} & set(imported(path, typing_only=True))


def test_only_one_module_opens_duckdb() -> None:
    files = [*modules("crawler"), *modules("optout"), *modules("queries")]
    users = [str(path.relative_to(ROOT)) for path in files if "duckdb" in imported(path)]
    assert users == ["optout/database.py"]


def test_no_module_reaches_upwards_by_a_relative_import() -> None:
    for path in [*modules("crawler"), *modules("optout"), *modules("queries")]:
        tree = ast.parse(path.read_text("utf-8"))
        assert not [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level], path


def loaded_by(code: str) -> set[str]:
    """Which of the heavy libraries are in memory after `code` ran in a fresh interpreter."""
    script = f"{code}\nimport sys\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_optout_loads_nothing_heavy() -> None:
    assert loaded_by("import optout") == set()


def test_the_command_line_and_its_helps_load_nothing_heavy() -> None:
    code = (
        "from optout.cli import COMMANDS\n"
        "from importlib import import_module\n"
        "for name in COMMANDS: import_module(f'optout.commands.{name}')"
    )
    assert loaded_by(code) == set()


def test_the_package_data_holds_every_file_the_code_reads() -> None:
    """What is not Python must be named in pyproject.toml, else an installed copy lacks it."""
    import tomllib

    data = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    patterns = data["tool"]["setuptools"]["package-data"]
    for package in ("crawler", "optout", "queries"):
        shipped = {f for p in patterns.get(package, []) for f in (ROOT / package).glob(p)}
        # In setuptools a pattern that ends in ** names the files below as well.
        shipped |= {
            f
            for p in patterns.get(package, [])
            if p.endswith("/**")
            for f in (ROOT / package / p[:-3]).rglob("*")
        }
        other = {
            f
            for f in (ROOT / package).rglob("*")
            if f.is_file() and f.suffix not in {".py", ".pyc"} and "__pycache__" not in f.parts
        }
        assert other <= shipped, sorted(str(f) for f in other - shipped)


# --- SQL ---


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_is_one_select_with_a_header(name: str) -> None:
    text = queries.read(name)
    assert SQL_HEADER.match(text), f"{name}.sql: sentence, reads, columns"
    body = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    # No statement after the first; a quoted text may hold a semicolon.
    unquoted = re.sub(r"'(?:[^']|'')*'", "''", body).rstrip()
    assert ";" not in unquoted.rstrip(";")
    assert re.match(r"\s*(SELECT|WITH)\b", body)


@pytest.mark.parametrize("name", QUERIES)
def test_the_columns_of_a_header_are_those_of_the_query(name: str) -> None:
    found = SQL_HEADER.match(queries.read(name))
    assert found
    columns = last_select_columns(queries.read(name))
    if columns is None:
        pytest.skip("the columns are chosen by a star")
    assert [c.strip() for c in found["columns"].split(",")] == columns


@pytest.mark.parametrize("name", QUERIES)
def test_the_tables_of_a_header_are_those_the_query_reads(name: str) -> None:
    found = SQL_HEADER.match(queries.read(name))
    assert found
    reads = {table.strip().split(" ")[0] for table in found["reads"].split(",")}
    assert tables_of(queries.read(name)) == reads


def last_select_columns(text: str) -> list[str] | None:
    """Names of the columns that the query's outermost SELECT gives, by DuckDB's own parser."""
    tree = parsed(text)
    names = []
    for column in tree["select_list"]:
        if column["class"] == "STAR":
            return None
        name = column["alias"] or (column.get("column_names") or [""])[-1]
        if not name:
            return None
        names.append(name)
    return names


def parsed(text: str) -> dict:  # type: ignore[type-arg]
    """The outermost SELECT as DuckDB parsed it; of a UNION the first."""
    import json

    from optout.database import connect

    with connect() as connection:
        row = connection.execute("SELECT json_serialize_sql($1)", [text]).fetchone()
    assert row
    tree = json.loads(row[0])
    assert not tree["error"], tree
    assert len(tree["statements"]) == 1
    node = tree["statements"][0]["node"]
    while node["type"] != "SELECT_NODE":
        # DuckDB 2.0 lists what a UNION joins, 1.5 has a left and a right.
        node = node.get("left") or node["children"][0]
    return node  # type: ignore[no-any-return]


def tables_of(text: str) -> set[str]:
    """Tables and views that a query reads, without its own common table expressions."""
    import json

    from optout.database import connect

    with connect() as connection:
        row = connection.execute("SELECT json_serialize_sql($1)", [text]).fetchone()
    assert row
    used: set[str] = set()
    own: set[str] = set()

    def walk(node: object) -> None:
        if isinstance(node, dict):
            if node.get("type") == "BASE_TABLE":
                used.add(node["table_name"])
            for entry in (node.get("cte_map") or {}).get("map", []):
                own.add(entry["key"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(json.loads(row[0]))
    return used - own


# --- docs/records.md ---


def documented() -> dict[str, list[str]]:
    """Relation → column names, in the order of docs/records.md."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in (ROOT / "docs" / "records.md").read_text("utf-8").splitlines():
        if line.startswith("#"):
            name = line.lstrip("# ")
        elif line.startswith("| `"):
            found.setdefault(name, []).extend(re.findall(r"`(\w+)`", line.split("|")[1]))
    return found


def derived() -> dict[str, pa.Schema]:
    return {
        name.lower(): value for name, value in vars(tables).items() if isinstance(value, pa.Schema)
    }


def test_the_page_of_records_names_exactly_the_columns_there_are() -> None:
    pages = documented()
    common = [name for name, _ in COMMON]
    assert pages.pop("Observations") == common
    columns = {name: schema.names[len(common) :] for name, schema in SCHEMAS.items()}
    columns |= {name: schema.names for name, schema in derived().items()}
    assert {name: sorted(names) for name, names in pages.items()} == {
        name: sorted(names) for name, names in columns.items()
    }
