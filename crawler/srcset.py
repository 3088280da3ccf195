"""A srcset attribute → its candidates, by the HTML Standard ("parse a srcset attribute")."""

from __future__ import annotations

import re

# The standard's ASCII whitespace; VT and NBSP are not in it.
_SPACE = "\t\n\f\r "
_WIDTH = re.compile(r"[0-9]+w")
_HEIGHT = re.compile(r"[0-9]+h")
# "Valid floating-point number": no leading +, digits after a dot.
_DENSITY = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?x")


def parse(text: str) -> list[tuple[str, str]]:
    """(address, descriptors) of each valid candidate, in order; descriptors as written.

    >>> parse("a.jpg 1x, w_300,h_200/b.jpg 2x")
    [('a.jpg', '1x'), ('w_300,h_200/b.jpg', '2x')]
    """
    found: list[tuple[str, str]] = []
    position, end = 0, len(text)
    while True:
        while position < end and text[position] in _SPACE + ",":
            position += 1
        if position >= end:
            return found
        start = position
        while position < end and text[position] not in _SPACE:
            position += 1
        address = text[start:position]
        descriptors: list[str] = []
        if address.endswith(","):
            address = address.rstrip(",")
        else:
            descriptors, position = _descriptors(text, position)
        if _valid(descriptors):
            found.append((address, " ".join(descriptors)))


def _descriptors(text: str, position: int) -> tuple[list[str], int]:
    """Tokens up to the comma that ends the candidate; parentheses protect what is inside."""
    tokens, current, depth = [], "", 0
    while position < len(text):
        char = text[position]
        position += 1
        if depth == 0 and char == ",":
            break
        if depth == 0 and char in _SPACE:
            if current:
                tokens.append(current)
            current = ""
            continue
        if char == "(":
            depth = 1
        elif char == ")":
            depth = 0
        current += char
    if current:
        tokens.append(current)
    return tokens, position


def _valid(descriptors: list[str]) -> bool:
    width = density = height = False
    for token in descriptors:
        if _WIDTH.fullmatch(token) and token.strip("0w") and not (width or density):
            width = True
        elif (
            _DENSITY.fullmatch(token)
            and float(token[:-1]) >= 0
            and not (width or density or height)
        ):
            density = True
        elif _HEIGHT.fullmatch(token) and token.strip("0h") and not (height or density):
            height = True
        else:
            return False
    # A height needs a width beside it.
    return width or not height
