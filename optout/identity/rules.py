"""rules.toml → the rules, read once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from optout.identity.kinds import Marks, Parameters, R, Rewrite, Rule, Rules, Stems, Unwrap

# The sign stands alone before the rest: `re` then looks at no other place of a name.
_END = "[-_.@]{}$"
_ENDS = "[-_.@!~](?:<>)(?:[-_.@!~](?:<>))*$"
# The sign before the last piece: no other place is tried.
_LAST = "(?s)(?>.*[-_.@!~])(?:{})$"
_LOOKBEHIND = re.compile(r"\(\?<[=!][^()]*\)")


def text() -> str:
    """rules.toml as it stands; the tests run its examples."""
    return (resources.files(__package__) / "rules.toml").read_text("utf-8")


@cache
def rules() -> Rules:
    """The rules, read once."""
    data = tomllib.loads(text())
    words = _fragments(data["fragments"])
    last = _filled(_pieces(data, "last"), words)
    return Rules(
        unwraps=_by_host(map(_unwrap, data["unwrap"])),
        platforms=_by_host(map(_rule, data["rule"])),
        rewrites=tuple(_rewrite(entry, words) for entry in data["rewrite"]),
        folders=_marks(_some(data["folder"], False), words, "(?i){}$"),
        telling_folders=_marks(_some(data["folder"], True), words, "(?i){}$"),
        ends=_marks(_some(data["name"], False, "end"), words, _END),
        telling_ends=_marks(_some(data["name"], True, "end"), words, _END),
        starts=_marks(_some(data["name"], False, "start"), words, "{}"),
        telling_starts=_marks(_some(data["name"], True, "start"), words, "{}"),
        any_start=_marks(_some(data["name"], None, "start"), words, "{}").pattern,
        last=re.compile(_LAST.replace("{}", last)),
        last_piece=re.compile(_LOOKBEHIND.sub("", last)),
        first_piece=re.compile(_filled(_pieces(data, "first"), words)),
        queries=re.compile(_either(e["query"] for e in data["unwrap"] if "query" in e)),
        parameters=_parameters(data["parameters"], data["embedded"]),
        stems=_stems(data["stems"], words),
    )


@cache
def guesses() -> frozenset[str]:
    """Names of the rules that rest on how addresses are usually built."""
    data = tomllib.loads(text())
    marked = (entry for kind in ("unwrap", "rewrite") for entry in data[kind] if entry.get("guess"))
    found = {entry["name"] for entry in (*data["folder"], *data["name"], *marked)}
    return frozenset(found)


def _by_host(found: Iterable[R]) -> dict[str, tuple[R, ...]]:
    table: dict[str, list[R]] = {}
    for rule in found:
        hosts: tuple[str, ...] = rule.hosts or ("",)
        for host in hosts:
            table.setdefault(host, []).append(rule)
    return {host: tuple(rules_there) for host, rules_there in table.items()}


def _unwrap(entry: dict[str, Any]) -> Unwrap:
    return Unwrap(
        entry["name"],
        tuple(entry.get("hosts", ())),
        tuple(entry.get("needs", ())),
        re.compile(entry["pattern"]),
        entry.get("decode", "percent"),
        re.compile(entry["between"]) if "between" in entry else None,
    )


def _rule(entry: dict[str, Any]) -> Rule:
    hosts, needs = tuple(entry.get("hosts", ())), tuple(entry.get("needs", ()))
    return Rule(entry["name"], hosts, needs, re.compile(entry["pattern"]), entry["key"])


def _rewrite(entry: dict[str, Any], words: Mapping[str, str]) -> Rewrite:
    needs = tuple(entry.get("needs", ()))
    return Rewrite(
        entry["name"],
        needs,
        folder=re.compile(entry["folder"]) if "folder" in entry else None,
        exact="folder" not in entry and all("/" not in word.strip("/") for word in needs),
        marks="last" in entry,
        appended=entry.get("appended", False),
        when=re.compile(entry["when"]) if "when" in entry else None,
        pattern=re.compile(_filled(entry["pattern"], words)),
        to=entry["to"],
    )


def _fragments(entries: Mapping[str, str]) -> dict[str, str]:
    return {f"<{name}>": pattern for name, pattern in entries.items()}


def _filled(pattern: str, words: Mapping[str, str]) -> str:
    for name, words_of_it in words.items():
        pattern = pattern.replace(name, words_of_it)
    return pattern


def _some(
    entries: list[dict[str, Any]], telling: bool | None, at: str | None = None
) -> list[dict[str, Any]]:
    return [
        entry
        for entry in entries
        if entry.get("at") == at and telling in (None, entry.get("telling", False))
    ]


def _marks(entries: list[dict[str, Any]], words: Mapping[str, str], frame: str) -> Marks:
    names: dict[str, str] = {f"r{number}": entry["name"] for number, entry in enumerate(entries)}
    either = "|".join(
        f"(?P<{group}>{_filled(entry['pattern'], words)})"
        for group, entry in zip(names, entries, strict=True)
    )
    return Marks(re.compile(frame.replace("{}", f"(?:{either})")), names)


def _pieces(data: dict[str, Any], at: str) -> str:
    """What the first or the last piece of a name with a mark of size may be."""
    return _either(
        entry[at] for entry in (*data["rewrite"], *data["name"], data["stems"]) if at in entry
    )


def _either(patterns: Iterable[str]) -> str:
    return "|".join(f"(?:{pattern})" for pattern in patterns)


def _parameters(entry: dict[str, Any], embedded: dict[str, Any]) -> Parameters:
    groups = ("tracking", "cache", "resize")
    return Parameters(
        dropped=frozenset(name.lower() for group in groups for name in entry[group]),
        prefixes=tuple(entry["tracking_prefixes"]),
        bare=re.compile(entry["bare"]),
        sizes=frozenset(entry["sizes"]),
        size=re.compile(entry["size"], re.I),
        carriers=frozenset(embedded["carriers"]),
        others=frozenset(embedded["others"]),
    )


def _stems(entry: dict[str, Any], words: Mapping[str, str]) -> Stems:
    return Stems(
        ends=re.compile(_ENDS.replace("<>", _filled(entry["ends"], words))),
        starts=re.compile(_filled(entry["starts"], words)),
        inner=re.compile(entry["inner"]),
        letter=re.compile(entry["letter"]),
        shortest=entry["shortest"],
        shortest_words=entry["shortest_words"],
        shortest_number=entry["shortest_number"],
        longest_number=entry["longest_number"],
        folders=entry["folders"],
        content=re.compile(entry["content"]),
        low_information=re.compile(_either(entry["low_information"])),
    )
