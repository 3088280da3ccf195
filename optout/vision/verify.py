"""Two pictures → what the second is to the first, with the evidence in numbers.

The exact hash first, then PDQ in all its forms, and geometry only when these have not decided.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from optout.vision.agreement import Agreement, Grey, agreement
from optout.vision.decode import Pixels, Unreadable, decode
from optout.vision.features import SIDE, Features, cached_features, form, grey
from optout.vision.fingerprint import (
    FORMS,
    Fingerprint,
    HashMatch,
    bits_of,
    fingerprint_of,
    pdq_match,
    scaled,
)
from optout.vision.geometry import Alignment, Matrix, align

VERDICTS = (
    "same file",
    "same picture",
    "edited copy",
    "similar only",
    "different",
    "not looked at",
)
COPIES = VERDICTS[:3]


@dataclass(slots=True)
class Seen:
    """One picture as the comparison needs it; features are made when they are first asked for."""

    fingerprint: Fingerprint
    small: Pixels | None  # grey, longer side at most SIDE
    cache: Path | None = None
    _features: Features | None = field(default=None, repr=False)

    @property
    def features(self) -> Features:
        if self._features is None:
            assert self.small is not None
            self._features = cached_features(self.small, self.fingerprint.sha256, self.cache)
        return self._features


@dataclass(frozen=True, slots=True)
class Movement:
    """How the first picture lies in the second.

    `scale` is pixels of the second for one of the first; `turn` degrees clockwise; `squash` how
    much more one side is stretched than the other; `box` the part of the first picture that the
    second shows (left, top, right, bottom, as shares).
    """

    model: str
    scale: float
    turn: float
    squash: float
    mirrored: bool
    inverted: bool
    box: tuple[float, float, float, float]
    overlap: float
    covered: float
    matrix: Matrix = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdict and what it rests on; `score` orders comparisons, 0 to 1."""

    verdict: str
    score: float
    stage: str
    hash: HashMatch | None = None
    inliers: int = 0
    alike: float = 0.0
    blocks: int = 0
    spread: float = 0.0
    movement: Movement | None = None
    reason: str = ""

    @property
    def is_copy(self) -> bool:
        return self.verdict in COPIES


@cache
def thresholds() -> dict[str, Any]:
    """thresholds.toml."""
    text = files("optout.vision").joinpath("thresholds.toml").read_text("utf-8")
    return tomllib.loads(text)


def look(data: bytes, cache: Path | None = None) -> Seen:
    """Decode and fingerprint the bytes of a picture; its features are kept under `cache`."""
    picture = decode(data)
    print_ = fingerprint_of(data, picture)
    if isinstance(picture, Unreadable):
        return Seen(print_, None)
    return Seen(print_, scaled(grey(picture.pixels), SIDE), cache)


def compare(a: Seen, b: Seen) -> Comparison:
    """What `b` is to `a`."""
    if a.fingerprint.sha256 == b.fingerprint.sha256:
        return Comparison("same file", 1.0, "sha256")
    for one in (a, b):
        if one.fingerprint.reason:
            return Comparison("not looked at", 0.0, "decoding", reason=one.fingerprint.reason)
    hashed = by_hash(a.fingerprint, b.fingerprint)
    if hashed.is_copy:
        return hashed
    found = []
    for inverted in (False, True):
        for mirrored in (False, True):
            found.append(by_geometry(a, b, hashed, mirrored=mirrored, inverted=inverted))
            if found[-1].is_copy:
                return found[-1]
    return max(found, key=lambda one: (one.score, one.inliers))


def by_hash(a: Fingerprint, b: Fingerprint) -> Comparison:
    """The verdict of PDQ alone: a copy only when it is confident, in whatever form."""
    limits = thresholds()
    forms = np.array([bits_of(text) for text in a.pdq_forms])
    match = pdq_match(forms, bits_of(b.pdq or ""))
    quality = min(a.pdq_quality or 0, b.pdq_quality or 0)
    score = 1 - match.distance / 256
    if quality >= limits["pdq"]["quality"] and match.distance <= limits["pdq"]["same"]:
        plain = match.form == FORMS[0] and not match.inverted
        return Comparison("same picture" if plain else "edited copy", score, "pdq", match)
    near = match.distance <= limits["similar"]["pdq"] and quality >= limits["pdq"]["quality"]
    return Comparison("similar only" if near else "different", 0.0, "pdq", match)


def by_geometry(
    a: Seen, b: Seen, hashed: Comparison, *, mirrored: bool = False, inverted: bool = False
) -> Comparison:
    """The verdict of features and geometry for one form of the first picture."""
    found = align(form(a.features, mirrored=mirrored, inverted=inverted), b.features)
    if found is None or a.small is None or b.small is None:
        return hashed
    first = _shown(a.small, mirrored, inverted)
    agreed = agreement(first, b.small.astype(np.float32), found)
    if agreed is None:
        return hashed
    return _judged(
        found, agreed, hashed, _movement(a, b, found, agreed, mirrored=mirrored, inverted=inverted)
    )


def _shown(pixels: Pixels, mirrored: bool, inverted: bool) -> Grey:
    values = pixels.astype(np.float32)
    values = 255 - values if inverted else values
    return np.ascontiguousarray(values[:, ::-1]) if mirrored else values


def _judged(
    found: Alignment, agreed: Agreement, hashed: Comparison, movement: Movement
) -> Comparison:
    limits = thresholds()
    if any(_holds(rule, found, agreed) for rule in limits["edited"]):
        verdict = "same picture" if _whole(movement) else "edited copy"
    elif found.inliers >= limits["similar"]["inliers"]:
        verdict = "similar only"
    else:
        verdict = hashed.verdict
    return Comparison(
        verdict,
        score(found.inliers, agreed),
        "geometry",
        hashed.hash,
        found.inliers,
        agreed.share,
        agreed.blocks,
        agreed.spread,
        movement,
    )


def _holds(rule: dict[str, Any], found: Alignment, agreed: Agreement) -> bool:
    return bool(
        found.inliers >= rule["inliers"]
        and agreed.share >= rule["alike"]
        and agreed.spread >= rule["spread"]
        and agreed.blocks >= rule["blocks"]
    )


def score(inliers: int, agreed: Agreement) -> float:
    """Evidence of geometry as one number from 0 to below 1: inliers, weighed by what is alike."""
    weight = min(1.0, agreed.spread / 0.1) * agreed.share
    return float(1 - np.exp(-inliers * weight / 20))


def _movement(
    a: Seen, b: Seen, found: Alignment, agreed: Agreement, *, mirrored: bool, inverted: bool
) -> Movement:
    """The alignment in the pictures' own pixels, told in words people use."""
    u, stretch, v = np.linalg.svd(found.matrix[:2, :2])
    turn = u @ v
    first, second = a.features, b.features
    in_first = (a.fingerprint.width or 1) / first.width
    in_second = (b.fingerprint.width or 1) / second.width
    left, top, right, bottom = agreed.box
    box = (1 - right, top, 1 - left, bottom) if mirrored else agreed.box
    flip = np.array([[-1, 0, first.width - 1], [0, 1, 0], [0, 0, 1]]) if mirrored else np.eye(3)
    return Movement(
        model=found.model,
        scale=float(np.sqrt(stretch[0] * stretch[1]) * in_second / in_first),
        turn=float(np.degrees(np.arctan2(turn[1, 0], turn[0, 0]))),
        squash=float(stretch[0] / max(stretch[1], 1e-9)),
        mirrored=mirrored,
        inverted=inverted,
        box=box,
        overlap=agreed.overlap,
        covered=agreed.covered,
        matrix=found.matrix @ flip,
    )


def _whole(movement: Movement) -> bool:
    limit = thresholds()["same_picture"]
    return (
        not movement.mirrored
        and not movement.inverted
        and movement.overlap >= limit["overlap"]
        and movement.covered >= limit["covered"]
        and movement.squash <= limit["squash"]
        and abs(movement.turn) <= limit["turn"]
    )
