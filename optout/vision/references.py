"""Many reference pictures → an index that names the few a query has to be compared with.

Hash stage: PDQ in all forms against all references. Vote stage: every feature of the query looks
for its nearest among those of all references, by a binary sketch; references whose votes agree on
one scale and one turn come first. Features that recur in many unrelated references (a stamp, a
template, a watermark) have no vote and no part in a proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optout.vision.features import Features, form
from optout.vision.fingerprint import Fingerprint, bits_of
from optout.vision.verify import Comparison, Seen, by_geometry, by_hash, thresholds

SKETCH = 256  # bits of a feature's sketch
NEIGHBOURS = 4
NEAR = 72  # sketches that differ in more bits do not vote; unrelated ones differ in 100 and more
SAME = 32  # sketches this near are the same thing seen twice
RECURS = 4  # in so many unrelated references a feature is a stamp
RELATED = 0.2  # references that share more of their features are versions of one picture
EXACT_UP_TO = 10_000  # features; above, an inverted file of the sketches
MATCHED_AT_ONCE = 200_000  # OpenCV's matcher counts no further than 2^18
CANDIDATES = 6  # of each form
LEAST_VOTES = 4

Sketches = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """References ready to be searched; `owners` says whose each sketch is, `telling` whether it
    counts."""

    seen: tuple[Seen, ...]
    hashes: NDArray[np.uint8]  # packed PDQ, (references, 32)
    hashed: NDArray[np.intp]  # which reference each hash is of
    owners: NDArray[np.intp]
    telling: NDArray[np.bool_]
    turns: NDArray[np.float32]
    sizes: NDArray[np.float32]
    centre: NDArray[np.float32]
    index: Any


def references(seen: Sequence[Seen]) -> References:
    """Index these pictures; those that could not be decoded are never found."""
    usable = [i for i, one in enumerate(seen) if one.fingerprint.pdq and one.small is not None]
    found = [seen[i].features for i in usable]
    words = np.concatenate([one.words for one in found] or [np.zeros((0, 128), np.uint8)])
    centre = (
        words.mean(axis=0, dtype=np.float64).astype(np.float32)
        if len(words)
        else np.zeros(128, np.float32)
    )
    owners = np.repeat(np.array(usable, np.intp), [len(one) for one in found])
    sketches = _sketched(words, centre)
    index = _index(sketches)
    telling = ~_recurring(index, sketches, owners)
    ends = np.cumsum([len(one) for one in found])
    known = list(seen)
    for i, one, end in zip(usable, found, ends, strict=True):
        kept = one.only(telling[end - len(one) : end])
        known[i] = Seen(known[i].fingerprint, known[i].small, known[i].cache, kept)
    return References(
        seen=tuple(known),
        hashes=np.array(
            [np.packbits(bits_of(seen[i].fingerprint.pdq or "")) for i in usable], np.uint8
        ).reshape(-1, 32),
        hashed=np.array(usable, np.intp),
        owners=owners,
        telling=telling,
        turns=np.concatenate([one.angles for one in found] or [np.zeros(0, np.float32)]),
        sizes=np.concatenate([one.sizes for one in found] or [np.zeros(0, np.float32)]),
        centre=centre,
        index=index,
    )


def _projection() -> NDArray[np.float32]:
    """128 numbers → 256 signs: random directions, the same for ever."""
    draw = np.random.default_rng(2026)
    blocks = [np.linalg.qr(draw.normal(size=(128, 128)))[0] for _ in range(SKETCH // 128)]
    return np.concatenate(blocks, axis=1).astype(np.float32)


_PROJECTION = _projection()


def _sketched(words: NDArray[np.uint8], centre: NDArray[np.float32]) -> Sketches:
    """(n, 32) bytes: on which side of each direction a feature lies."""
    parts = [
        np.packbits((words[i : i + 65536] - centre) @ _PROJECTION > 0, axis=1)
        for i in range(0, len(words), 65536)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, SKETCH // 8), np.uint8)


def _index(sketches: Sketches) -> Any:
    """faiss over the sketches; without faiss or for few of them an exact search."""
    if len(sketches) < EXACT_UP_TO or find_spec("faiss") is None:
        return _Exact(sketches)
    import faiss

    lists = int(min(2048, 2 * len(sketches) ** 0.5))
    index = faiss.IndexBinaryIVF(faiss.IndexBinaryFlat(SKETCH), SKETCH, lists)
    index.own_fields = False
    index.cp.niter = 4
    index.cp.min_points_per_centroid = 20
    step = max(1, len(sketches) // (lists * 30))
    index.train(np.ascontiguousarray(sketches[::step]))
    index.add(sketches)
    index.nprobe = 8
    return index


class _Exact:
    """Nearest sketches by looking at all of them, with OpenCV's matcher."""

    def __init__(self, sketches: Sketches) -> None:
        self.sketches = sketches

    def search(self, sought: Sketches, k: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
        distances = np.full((len(sought), 0), SKETCH, np.int32)
        places = np.full((len(sought), 0), -1, np.int64)
        for start in range(0, len(self.sketches), MATCHED_AT_ONCE):
            near = self._near(sought, start, k)
            distances = np.concatenate((distances, near[0]), axis=1)
            places = np.concatenate((places, near[1]), axis=1)
            order = np.argsort(distances, axis=1, kind="stable")[:, :k]
            distances = np.take_along_axis(distances, order, axis=1)
            places = np.take_along_axis(places, order, axis=1)
        return distances, places

    def _near(self, sought: Sketches, start: int, k: int) -> tuple[Any, Any]:
        """The nearest k of one part of the sketches; -1 where the part has fewer."""
        import cv2

        part = self.sketches[start : start + MATCHED_AT_ONCE]
        distances = np.full((len(sought), k), SKETCH, np.int32)
        places = np.full((len(sought), k), -1, np.int64)
        found = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(sought, part, k) if len(sought) else ()
        for row, matches in enumerate(found):
            for column, match in enumerate(matches):
                distances[row, column] = int(match.distance)
                places[row, column] = start + match.trainIdx
        return distances, places


def _recurring(index: Any, sketches: Sketches, owners: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which features have the same thing in RECURS or more references unrelated to their own."""
    result = np.zeros(len(sketches), bool)
    if len(np.unique(owners)) <= RECURS:
        return result
    rows, others = [], []
    for start in range(0, len(sketches), 65536):
        distances, places = index.search(sketches[start : start + 65536], 3 * RECURS)
        near = (distances <= SAME) & (places >= 0)
        row, column = np.nonzero(near)
        rows.append(row + start)
        others.append(owners[places[row, column]])
    row, other = np.concatenate(rows), np.concatenate(others)
    mine = owners[row]
    pairs = np.unique(np.column_stack((row, other))[other != mine], axis=0)
    row, other = pairs[:, 0], pairs[:, 1]
    mine = owners[row]
    _, which, shared = np.unique(
        mine * (owners.max() + 1) + other, return_inverse=True, return_counts=True
    )
    unrelated = shared[which] < RELATED * np.bincount(owners)[mine]
    counted = np.bincount(row[unrelated], minlength=len(sketches))
    return np.asarray(counted >= RECURS)


def by_hashes(query: Seen, of: References) -> list[tuple[int, Comparison]]:
    """References whose PDQ is confidently that of the query, in any form."""
    if not query.fingerprint.pdq or not len(of.hashes):
        return []
    forms = np.array([np.packbits(bits_of(text)) for text in query.fingerprint.pdq_forms])
    limit = thresholds()["pdq"]["same"]
    near = np.zeros(len(of.hashes), bool)
    for one in forms:
        distance = np.bitwise_count(of.hashes ^ one).sum(axis=1, dtype=np.int32)
        near |= (distance <= limit) | (distance >= 256 - limit)
    found = [(int(i), _hashed(of.seen[i].fingerprint, query.fingerprint)) for i in of.hashed[near]]
    return [(i, comparison) for i, comparison in found if comparison.is_copy]


def _hashed(known: Fingerprint, query: Fingerprint) -> Comparison:
    same = known.sha256 == query.sha256
    return Comparison("same file", 1.0, "sha256") if same else by_hash(known, query)


def votes(sought: Features, of: References) -> list[tuple[int, int]]:
    """(reference, votes) for one form of a query, most votes first, at most CANDIDATES."""
    if not len(sought) or not len(of.owners):
        return []
    distances, places = of.index.search(_sketched(sought.words, of.centre), NEIGHBOURS)
    row, column = np.nonzero((distances <= NEAR) & (places >= 0) & of.telling[places])
    place = places[row, column]
    turn = (sought.angles[row] - of.turns[place]) % 360
    scale = np.log2(sought.sizes[row] / of.sizes[place])
    best: dict[int, int] = {}
    # Two sets of bins, half a bin apart, so that no agreement falls on an edge of both.
    for shift in (0.0, 0.5):
        bins = np.floor(turn / 40 + shift).astype(np.int64) % 9
        octaves = np.floor(scale / 0.8 + shift).astype(np.int64) + 16
        keys = (of.owners[place] * 64 + octaves) * 9 + bins
        once = np.unique(np.column_stack((keys, row)), axis=0)[:, 0]
        names, counts = np.unique(once, return_counts=True)
        for owner, count in zip((names // 9 // 64).tolist(), counts.tolist(), strict=True):
            best[owner] = max(best.get(owner, 0), count)
    ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))[:CANDIDATES]
    return [(owner, count) for owner, count in ranked if count >= LEAST_VOTES]


def find(query: Seen, of: References) -> list[tuple[int, Comparison]]:
    """Every reference that was compared with the query, best first; copies and others."""
    hashed = by_hashes(query, of)
    if hashed:
        return sorted(hashed, key=lambda item: (-item[1].score, item[0]))
    if query.small is None:
        return []
    compared: dict[int, Comparison] = {}
    for inverted in (False, True):
        for mirrored in (False, True):
            turned = form(query.features, mirrored=mirrored, inverted=inverted)
            for owner, _ in votes(turned, of):
                known = of.seen[owner]
                plain = by_hash(known.fingerprint, query.fingerprint)
                one = by_geometry(known, query, plain, mirrored=mirrored, inverted=inverted)
                if owner not in compared or one.score > compared[owner].score:
                    compared[owner] = one
        if any(one.is_copy for one in compared.values()):
            break
    return sorted(compared.items(), key=lambda item: (-item[1].score, item[0]))
