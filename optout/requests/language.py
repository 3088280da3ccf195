"""languages/<code>.toml, packaged or in a case → the words of letters in one language."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from optout.case import Case
from optout.errors import RequestError

FOLDER = "languages"  # beside this module, and in a case
MODEL = "en"  # the language that explains the keys; every other one has the same


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language: code ("de"), direction ("ltr" or "rtl"), texts by key."""

    code: str
    direction: str
    texts: dict[str, str]

    def say(self, key: str, **values: object) -> str:
        """The text of a key, its $names filled in; a value is never read as a text with names.

        >>> language("fr").say("count.entry.other", n=3)
        '3 entrées'
        """
        return Template(self.texts[key]).substitute(values)

    def count(self, key: str, number: int) -> str:
        """The form of a text for this number, with the number in it.

        >>> language("de").count("count.entry", 1), language("de").count("count.entry", 2)
        ('1 Eintrag', '2 Einträge')
        """
        return self.say(f"{key}.{'one' if number == 1 else 'other'}", n=number)


def languages(case: Case | None = None) -> tuple[str, ...]:
    """Codes of the languages there are: packaged, and in languages/ of the case."""
    packaged = (resources.files(__package__) / FOLDER).iterdir()
    names = {file.name for file in packaged}
    if case is not None and (case.folder / FOLDER).is_dir():
        names |= {file.name for file in (case.folder / FOLDER).iterdir()}
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def language_of(case: Case, code: str) -> Language:
    """A language by its code; a file of the case goes before the packaged one.

    Raises RequestError for an unknown code or a file that lacks or does not know a key.
    """
    if code not in languages(case):
        raise RequestError(
            f"there are no letters in {code!r}",
            f"there are: {', '.join(languages(case))} (add {FOLDER}/{code[:12]}.toml to the case)",
        )
    own = case.folder / FOLDER / f"{code}.toml"
    return _own(own, code) if own.is_file() else language(code)


@cache
def language(code: str) -> Language:
    """A packaged language."""
    file = resources.files(__package__) / FOLDER / f"{code}.toml"
    return _language(code, tomllib.loads(file.read_text("utf-8")))


def problems(texts: dict[str, str]) -> list[str]:
    """What differs from the English texts in keys and $names, in words; nothing when all is well.

    >>> problems(language("en").texts | {"letter.to": "To $x"})
    ['letter.to does not know $x']
    """
    model = language(MODEL).texts
    found = [f"{key} is missing" for key in model.keys() - texts.keys()]
    found += [f"{key} is no key" for key in texts.keys() - model.keys()]
    for key in model.keys() & texts.keys():
        if not Template(texts[key]).is_valid():
            found.append(f"{key} has a $ that begins no name (write $$)")
            continue
        strange = _names(texts[key]) - _names(model[key])
        found += [f"{key} does not know ${name}" for name in sorted(strange)]
        lost = _names(model[key]) - _names(texts[key]) - {"n", "team"}
        found += [f"{key} lacks ${name}" for name in sorted(lost)]
    return sorted(found)


def _own(path: Path, code: str) -> Language:
    try:
        made = _language(code, tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise RequestError(f"cannot read {path}: {error.strerror}", "check the folder") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RequestError(f"{path} is not valid TOML: {error}", "mend the line named") from error
    if wrong := problems(made.texts):
        more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
        raise RequestError(
            f"{path}: {'; '.join(wrong[:3])}{more}", f"it needs the keys of {MODEL}.toml, each once"
        )
    return made


def _language(code: str, data: dict[str, Any]) -> Language:
    texts = dict(_flat(data))
    direction = "rtl" if texts.pop("direction", "ltr") == "rtl" else "ltr"
    return Language(code, direction, texts)


def _flat(data: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", re.sub(r"[\x00-\x1f\x7f]+", " ", str(value))


def _names(text: str) -> set[str]:
    return set(Template(text).get_identifiers())
