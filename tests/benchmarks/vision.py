"""Pictures, edits of them, distractors → recall, false accepts and speed; peers in the same run.

python tests/benchmarks/vision.py REFERENCES DISTRACTORS [--pairs FOLDER] [--halftones FOLDER]
    [--peer-python PYTHON] [--jobs N] [--every N] [--first N] [--seed N]

Every picture below REFERENCES is edited in all ways of the suite and looked up among REFERENCES
and DISTRACTORS (others; none of them may show a reference). FOLDER of --pairs holds real pairs
NAME_scan.* and NAME_edit.*, that of --halftones NAME_src.*, NAME_x.* and NAME_fs.*.
PYTHON is that of an environment with imagededup. One JSON object per line.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from optout.vision.evaluate import (
    Outcome,
    Query,
    evaluate,
    name_in,
    picture_files,
    suite_queries,
)
from optout.vision.fingerprint import bits_of
from optout.vision.measures import upper_bound
from optout.vision.summary import summary
from optout.vision.verify import compare, look

# Encodes one folder with imagededup as it ships, and prints hashes and seconds.
PEER = """
import json, sys, time
from imagededup.methods import PHash
begun = time.perf_counter()
hashes = PHash(verbose=False).encode_images(image_dir=sys.argv[1], num_enc_workers=1)
print(json.dumps({"seconds": time.perf_counter() - begun, "hashes": hashes}))
"""
PEER_CNN = """
from imagededup.methods import CNN
CNN(verbose=False)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("references", type=Path)
    parser.add_argument("distractors", type=Path)
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--halftones", type=Path)
    parser.add_argument("--peer-python", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, help="take every Nth reference only")
    parser.add_argument("--first", type=int, default=0, help="the reference to begin with")
    parser.add_argument("--seed", type=int, default=1, help="of the edits")
    parser.add_argument("--cache", type=Path)
    args = parser.parse_args()
    if args.pairs:
        _real_pairs(args.pairs)
    if args.halftones:
        _halftones(args.halftones)
    files = picture_files(args.references)[args.first :: args.every]
    queries, truth = suite_queries(args.references, files, seed=args.seed)
    known = [(name_in(args.references, path), path) for path in files]
    known += [
        (f"distractors/{name_in(args.distractors, path)}", path)
        for path in picture_files(args.distractors)
    ]
    outcome = evaluate(known, queries, truth, jobs=args.jobs, cache=args.cache, progress=_progress)
    _suite(outcome)
    _peers(known, queries, outcome, args.peer_python)


def _progress(what: str, done: int, total: int) -> None:
    if done % 250 == 0 or done == total:
        print(f"{time.strftime('%X')} {what} {done} of {total}", file=sys.stderr, flush=True)


def tell(**record: Any) -> None:
    print(json.dumps(record, ensure_ascii=False), flush=True)


def _suite(outcome: Outcome) -> None:
    records = summary(outcome)
    edits = [r["recall"] for r in records if r["record"] == "edit"]
    for record in records:
        tell(**record)
    tell(
        record="suite",
        mean_recall_over_edits=round(statistics.mean(edits), 4),
        seconds=outcome.seconds,
        references_per_second=len(outcome.names) / outcome.seconds["references"],
        queries_per_second=len(outcome.asked) / outcome.seconds["queries"],
    )


# --- real pairs ---


def _real_pairs(folder: Path) -> None:
    """Every scan with its edit; as wrong pairs, with the edits and scans of two others."""
    edits = sorted(folder.glob("*_edit.*"))
    scans = [next(folder.glob(edit.name.split("_")[0] + "_scan.*")) for edit in edits]
    begun = time.perf_counter()
    seen = [(look(s.read_bytes()), look(e.read_bytes())) for s, e in zip(scans, edits, strict=True)]
    for pair in seen:
        _ = [one.features for one in pair]
    looked = time.perf_counter()
    right = [compare(scan, edit) for scan, edit in seen]
    shifts = [s for s in (1, 7) if s < len(seen)]
    wrong = [
        compare(seen[i][0], seen[(i + s) % len(seen)][1]) for i in range(len(seen)) for s in shifts
    ]
    wrong += [
        compare(seen[i][0], seen[(i + s) % len(seen)][0]) for i in range(len(seen)) for s in shifts
    ]
    ended = time.perf_counter()
    tell(
        record="real_pairs",
        pairs=len(right),
        found=sum(one.is_copy for one in right),
        found_by_hash=sum(one.is_copy and one.stage == "pdq" for one in right),
        wrong_pairs=len(wrong),
        wrong_accepted=sum(one.is_copy for one in wrong),
        highest_wrong_score=round(max((one.score for one in wrong), default=0), 4),
        wrong_rate_95=upper_bound(sum(one.is_copy for one in wrong), len(wrong)),
        missed=[e.name for e, one in zip(edits, right, strict=True) if not one.is_copy],
        looks_per_second=2 * len(seen) / (looked - begun),
        comparisons_per_second=(len(right) + len(wrong)) / (ended - looked),
    )


def _halftones(folder: Path) -> None:
    found, total, geometry = 0, 0, 0
    for source in sorted(folder.glob("*_src.*")):
        original = look(source.read_bytes())
        for kind in ("x", "fs"):
            half = next(folder.glob(f"{source.name.split('_')[0]}_{kind}.*"))
            one = compare(original, look(half.read_bytes()))
            total += 1
            found += one.is_copy
            geometry += one.stage == "geometry" and one.is_copy
    tell(record="halftones", pairs=total, found=found, found_by_geometry=geometry)


# --- peers ---


def _peers(
    known: Sequence[tuple[str, Path]],
    queries: Sequence[Query],
    outcome: Outcome,
    python: Path | None,
) -> None:
    """Plain hashes on the same files: recall where the distance lets no wrong pair in."""
    with tempfile.TemporaryDirectory() as name:
        folders = (Path(name) / "references", Path(name) / "queries")
        for folder in folders:
            folder.mkdir()
        for i, (_, path) in enumerate(known):
            (folders[0] / f"{i:06}.jpg").symlink_to(path.resolve())
        for i, query in enumerate(queries):
            (folders[1] / f"{i:06}.jpg").write_bytes(query.data())
        right = {(q, r) for q, r in outcome.truth}
        names = [n for n, _ in known]
        asked = [q.name for q in queries]
        true = np.array([(asked.index(q), names.index(r)) for q, r in sorted(right)])
        _plain_pdq(folders, true)
        if python is None:
            tell(record="peer", name="imagededup", note="not measured: no --peer-python")
            return
        _imagededup(python, folders, true, len(queries), len(known))


def _plain_pdq(folders: tuple[Path, Path], true: np.ndarray) -> None:
    """PDQ as Meta gives it, one hash a picture, looked up with faiss."""
    import faiss
    import pdqhash

    from optout.vision.decode import Picture, decode
    from optout.vision.fingerprint import scaled

    packed, seconds, count = [], 0.0, 0
    for folder in folders:
        hashes = np.zeros((len(list(folder.iterdir())), 32), np.uint8)
        for i, path in enumerate(sorted(folder.iterdir())):
            begun = time.perf_counter()
            picture = decode(path.read_bytes())
            if isinstance(picture, Picture):
                bits, quality = pdqhash.compute(scaled(picture.pixels, 512))
                if quality >= 50:
                    hashes[i] = np.packbits(bits)
            seconds += time.perf_counter() - begun
            count += 1
        packed.append(hashes)
    index = faiss.IndexBinaryFlat(256)
    index.add(packed[0])
    begun = time.perf_counter()
    index.search(packed[1], 5)
    searched = time.perf_counter() - begun
    distances = np.bitwise_count(packed[1][:, None, :] ^ packed[0][None, :, :]).sum(axis=2)
    distances[~packed[1].any(axis=1)] = 256
    distances[:, ~packed[0].any(axis=1)] = 256
    _at_zero("plain PDQ + faiss", distances, true, (len(packed[1]), seconds, count, searched), 31)


def _imagededup(
    python: Path, folders: tuple[Path, Path], true: np.ndarray, queries: int, known: int
) -> None:
    packed, seconds = [], 0.0
    for folder, count in zip(folders, (known, queries), strict=True):
        done = subprocess.run(
            [str(python), "-c", PEER, str(folder)], capture_output=True, text=True, check=True
        )
        found = json.loads(done.stdout.splitlines()[-1])
        hashes = np.zeros((count, 8), np.uint8)
        for name, value in found["hashes"].items():
            hashes[int(name.split(".")[0])] = np.packbits(bits_of(value))
        packed.append(hashes)
        seconds += found["seconds"]
    begun = time.perf_counter()
    distances = np.bitwise_count(packed[1][:, None, :] ^ packed[0][None, :, :]).sum(axis=2)
    searched = time.perf_counter() - begun
    _at_zero("imagededup PHash", distances, true, (queries, seconds, known + queries, searched), 10)
    cnn = subprocess.run([str(python), "-c", PEER_CNN], capture_output=True, text=True, check=False)
    note = "has its weights" if cnn.returncode == 0 else "its weights are not there: not measured"
    tell(record="peer", name="imagededup CNN", note=note)


def _at_zero(
    name: str,
    distances: np.ndarray,
    true: np.ndarray,
    speed: tuple[int, float, int, float],
    usual: int,
) -> None:
    """Recall at the largest distance without a wrong pair, and at the usual one."""
    queries, seconds, hashed, searched = speed
    of_true = distances[true[:, 0], true[:, 1]].copy()
    distances[true[:, 0], true[:, 1]] = 999
    threshold = int(distances.min()) - 1
    tell(
        record="peer",
        name=name,
        recall_at_zero_false_accepts=round(float((of_true <= threshold).mean()), 4),
        distance_at_zero=threshold,
        recall_at_usual=round(float((of_true <= usual).mean()), 4),
        usual_distance=usual,
        false_accepts_at_usual=int((distances <= usual).sum()),
        images_per_second=hashed / seconds,
        seconds_to_search=searched,
        queries=queries,
    )


if __name__ == "__main__":
    main()
