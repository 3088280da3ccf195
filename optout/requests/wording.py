"""A letter, its kind and language → what in it must not be there, and what the law asks is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from optout.requests.recipients import table


def wording(text: str, kind: str, language: str) -> list[str]:
    """Everything wrong with a letter's own words, in words; nothing when all is well.

    wording.toml holds the words. A language that it does not name is not judged.

    >>> wording("Your model was trained on my work.", "courtesy_removal", "en")[0]
    'says "trained on", which no letter may'
    """
    rules = table("wording")
    words = rules.get(language)
    if words is None:
        return []
    plain = " ".join(text.split())
    unclaimed = re.sub("|".join(words["exceptions"]), "", plain)
    return [
        *(f'says "{found}", which no letter may' for found in _found(words["never"], plain)),
        *_claims(rules, words, unclaimed, kind),
        *_mixed(rules, words, plain, kind),
        *(
            f"does not state {pattern!r}, which its kind asks for"
            for pattern in words["needs"][kind]
            if not re.search(pattern, plain)
        ),
    ]


def _claims(rules: dict[str, Any], words: dict[str, Any], text: str, kind: str) -> Iterator[str]:
    if kind not in rules["claimed"]["kinds"]:
        for found in _found(words["claims"], text):
            yield f'alleges "{found}", which its kind does not'


def _mixed(rules: dict[str, Any], words: dict[str, Any], text: str, kind: str) -> Iterator[str]:
    for group, patterns in words["own"].items():
        if kind not in rules["groups"][group]:
            for found in _found(patterns, text):
                yield f'says "{found}", which belongs to {group}'


def _found(patterns: list[str], text: str) -> Iterator[str]:
    for pattern in patterns:
        if match := re.search(pattern, text, re.IGNORECASE):
            yield match[0]
