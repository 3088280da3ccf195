"""A comparison → the sentences people read."""

from __future__ import annotations

from optout.vision.decode import reasons
from optout.vision.fingerprint import FORMS
from optout.vision.verify import Comparison, Movement, thresholds


def as_text(found: Comparison) -> str:
    """The verdict on the first line, what it rests on below.

    >>> print(as_text(Comparison("same file", 1.0, "sha256")))
    same file
      every byte is the same
    """
    return "\n  ".join((found.verdict, *_lines(found)))


def _lines(found: Comparison) -> list[str]:
    if found.stage == "sha256":
        return ["every byte is the same"]
    if found.verdict == "not looked at":
        return [reasons()[found.reason]]
    lines = [_hash_line(found)] if found.hash else []
    if found.stage == "geometry" and found.movement:
        lines.append(_places(found))
        if found.is_copy:
            lines.append(_moved(found.movement))
    return lines


def _hash_line(found: Comparison) -> str:
    assert found.hash
    line = f"PDQ differs in {found.hash.distance} of 256 bits"
    if found.hash.distance > thresholds()["similar"]["pdq"]:
        return line  # by chance some form is always the nearest
    form = "" if found.hash.form == FORMS[0] else f", the first one {found.hash.form}"
    return line + form + (" and inverted" if found.hash.inverted else "")


def _places(found: Comparison) -> str:
    return (
        f"{found.inliers} places agree on one movement; "
        f"{found.alike:.0%} of {found.blocks} blocks are alike"
    )


def _moved(how: Movement) -> str:
    """What was done to the first picture, in the order people would say it."""
    left, top, right, bottom = how.box
    parts = [f"shows {how.overlap:.0%} of the first picture"]
    if how.overlap < 0.97:
        parts.append(f"from {left:.0%}, {top:.0%} to {right:.0%}, {bottom:.0%}")
    if how.covered < 0.97:
        parts.append(f"on {how.covered:.0%} of its own area")
    parts.append(f"at {how.scale:.2f} of its size")
    if how.mirrored:
        parts.append("mirrored")
    if how.inverted:
        parts.append("inverted")
    if abs(how.turn) >= 1:
        parts.append(f"turned by {how.turn:.0f}°")
    if how.squash > 1.05:
        parts.append(f"stretched by {how.squash:.2f}")
    return ", ".join(parts)
