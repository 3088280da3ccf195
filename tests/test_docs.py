"""The documents say what is: commands, help texts, reference, links, no local paths."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from optout.cli import COMMANDS, _group

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# Paths of one machine and names of one workplace; none belongs into what others read.
FOREIGN = re.compile(
    r"(?<![\w.])/(?:home|root|srv|tmp|users|work)/\w|\b(?:issue|pull request) #?\d",
    re.I,
)


def generator() -> ModuleType:
    path = ROOT / "docs" / "reference" / "generate.py"
    spec = importlib.util.spec_from_file_location("generate_reference", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def command(name: str) -> click.Command:
    with click.Context(_group, info_name="optout") as context:
        found = _group.get_command(context, name)
    assert found, name
    return found


def command_of(words: list[str]) -> click.Command:
    """The command that a line of words means; of a group the one below it that is named."""
    found = command(words[0])
    if isinstance(found, click.Group):
        with click.Context(found, info_name=words[0]) as context:
            named = words[1] if words[1:] and words[1] in found.list_commands(context) else "run"
            found = found.get_command(context, named) or found
    return found


def flags(name: str) -> set[str]:
    """The options of a command and of those it holds."""
    found = command(name)
    held = list(found.commands.values()) if isinstance(found, click.Group) else []
    return {f for one in (found, *held) for p in one.params for f in (*p.opts, *p.secondary_opts)}


def commands_in(text: str) -> Iterator[list[str]]:
    """The `optout …` lines of code blocks and code spans, as words."""
    for block in re.findall(r"```(?:sh|console|text)?\n(.*?)```", text, re.S):
        for line in block.splitlines():
            found = re.match(r"(?:\$ )?optout\b(?!:)(.*)", line)
            if found:
                yield found[1].split()
    for span in re.findall(r"`optout( [^`]*)?`", text):
        yield span.split()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_one_sentence_and_an_example(name: str) -> None:
    text = command(name).help or ""
    first = text.split("\n\n")[0].replace("\n", " ").strip()
    assert re.fullmatch(r"[A-Z][^.]*(?:\.\w[^.]*)*\.", first), first
    example = re.search(r"Example:\n((?: {2,}.+\n?)+)", text)
    assert example, "an Example block"
    lines = [line.strip() for line in example[1].splitlines()]
    assert any(line.startswith(f"optout {name}") or f"| optout {name}" in line for line in lines)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_options_of_an_example_exist(name: str) -> None:
    known = flags(name)
    for words in commands_in("```\n" + re.sub("(?m)^ +", "", command(name).help or "") + "\n```"):
        if words[:1] == [name]:
            known |= {flag for p in command_of(words).params for flag in (*p.opts,)}
            assert {w for w in words if w.startswith("--")} <= known | {"--help"}


def test_the_reference_is_what_help_says() -> None:
    written = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")
    assert written == generator().page(), "make docs"


def test_the_reference_names_every_command() -> None:
    text = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")
    assert re.findall(r"^## optout (\w+)$", text, re.M) == list(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_commands_of_a_page_exist(page: Path) -> None:
    for words in commands_in(page.read_text("utf-8")):
        names = [word for word in words if re.fullmatch(r"[a-z]+", word)]
        if not words or words[0].startswith("-") or not names or words[0] != names[0]:
            continue
        assert names[0] in COMMANDS, f"optout {' '.join(words)}"
        options = {flag for p in command_of(words).params for flag in (*p.opts, *p.secondary_opts)}
        used = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert used <= options | {"--help"}, f"optout {' '.join(words)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_files_a_page_links_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), target


def test_the_make_targets_named_in_the_documents_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    for page in PAGES:
        named = re.findall(r"(?:`|^|\$ )make (\w+)", page.read_text("utf-8"), re.M)
        assert set(named) <= targets, page


def test_no_text_names_a_machine_or_a_workplace() -> None:
    for path in tracked():
        if path == Path(__file__):
            continue
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            # An address on the web is not a path of a machine.
            found = FOREIGN.search(re.sub(r"https?://\S+", "", line))
            assert not found, f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"


def tracked() -> list[Path]:
    """Files of the repository, without what is ignored; all files where there is no git."""
    try:
        done = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        names = done.stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def test_the_changelog_begins_with_the_version_at_hand() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    found = re.search(r"^## (\S+)", text, re.M)
    assert found and found[1] in {version, "Unreleased"}


def test_the_glossary_holds_the_words_of_the_code() -> None:
    from optout.tables import STRENGTHS

    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    for word in ("case", "run", "row", "edition", "match", "evidence", "reader", "verdict", "work"):
        assert re.search(rf"^\| \*\*.*\b{word}\b.*\*\*", text, re.M), word
    for strength in STRENGTHS:
        assert f"`{strength}`" in text
