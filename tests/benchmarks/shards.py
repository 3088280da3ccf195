"""Search of published vectors: our scan of the file against faiss, which has loaded it all.

    python tests/benchmarks/shards.py                  500,000 × 768, 256 queries, on the CPU
    python tests/benchmarks/shards.py --device cuda    the same on a GPU, against its bandwidth

On a GPU it needs numpy and torch alone. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from optout.embeddings.arithmetic import arithmetic
from optout.embeddings.npy import VectorFile, look
from optout.embeddings.scan import BlockSearch, Found, Question, scan

BLOCK = 50_000
PLANTED = 0.9  # every query has a row at about this similarity


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--dimensions", type=int, default=768)
    parser.add_argument("--queries", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--folder", type=Path, help="where the file is made (default: temporary)")
    parser.add_argument("--only-memory", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only_memory:
        _memory(given)
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        vectors, queries = _made(Path(folder), given)
        figures = _on_cpu if given.device == "cpu" else _on_gpu
        print(json.dumps({**_shape(given), **figures(vectors, queries, given)}, indent=2))


def _shape(given: argparse.Namespace) -> dict[str, Any]:
    names = ("device", "rows", "dimensions", "queries", "threshold")
    return {name: getattr(given, name) for name in names}


def _made(folder: Path, given: argparse.Namespace) -> tuple[VectorFile, np.ndarray]:
    """A file of random vectors of length 1, and queries that each lie near one of them."""
    source = torch.Generator().manual_seed(1)
    path = folder / "img_emb_0000.npy"
    shape = (given.rows, given.dimensions)
    file = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
    for first in range(0, given.rows, BLOCK):
        part = file[first : first + BLOCK]
        rows = torch.randn(part.shape, generator=source)
        part[:] = (rows / rows.norm(dim=1, keepdim=True)).half().numpy()
    near = torch.from_numpy(file[:: max(1, given.rows // given.queries)][: given.queries].copy())
    noise = torch.randn(near.shape, generator=source)
    noise /= noise.norm(dim=1, keepdim=True)
    queries = PLANTED * near.float() + (1 - PLANTED**2) ** 0.5 * noise
    queries /= queries.norm(dim=1, keepdim=True)
    del file
    np.save(folder / "queries.npy", queries.numpy())
    return look(path), queries.numpy()


def _timed(rounds: int, *jobs: Callable[[], Any]) -> list[tuple[float, Any]]:
    """Median seconds and result of each job, run in turns so that all meet the same machine."""
    times: list[list[float]] = [[] for _ in jobs]
    results: list[Any] = [None] * len(jobs)
    for _ in range(rounds):
        for place, job in enumerate(jobs):
            begun = time.perf_counter()
            results[place] = job()
            times[place].append(time.perf_counter() - begun)
    return [(statistics.median(t), r) for t, r in zip(times, results, strict=True)]


def _on_cpu(vectors: VectorFile, queries: np.ndarray, given: argparse.Namespace) -> dict[str, Any]:
    import faiss

    index = faiss.IndexFlatIP(given.dimensions)
    stored = np.load(vectors.path, mmap_mode="r")
    begun = time.perf_counter()
    for first in range(0, given.rows, BLOCK):
        index.add(stored[first : first + BLOCK].astype(np.float32))
    loading = time.perf_counter() - begun
    reaching, nearest = Question(queries, given.threshold, 1000), Question(queries, -1.0, 10)
    (faiss_s, (scores, ids)), (scan_s, found), (nearest_s, top) = _timed(
        given.rounds,
        lambda: index.search(queries, 10),
        lambda: scan(vectors, reaching),
        lambda: scan(vectors, nearest),
    )
    command = [sys.executable, __file__, "--only-memory", str(vectors.path)]
    command += ["--threshold", str(given.threshold)]
    memory = subprocess.run(command, capture_output=True, text=True, check=True)
    return {
        "coarse": arithmetic().coarse,
        "threads": torch.get_num_threads(),
        "scan_s": round(scan_s, 3),
        "scan_nearest_10_s": round(nearest_s, 3),
        "faiss_search_s": round(faiss_s, 3),
        "faiss_load_s": round(loading, 3),
        "ratio_to_faiss_search": round(scan_s / faiss_s, 3),
        "ratio_nearest_10": round(nearest_s / faiss_s, 3),
        "peak_mb": float(memory.stdout),
        "hits": len(found.pairs.row),
        "hits_are_those_of_faiss": _reaching(found) == _reaching_in(scores, ids, given.threshold),
        **_agreement(top, scores, ids),
    }


def _memory(given: argparse.Namespace) -> None:
    """In a process of its own: the search alone, and the most memory it held."""
    queries = np.load(given.only_memory.parent / "queries.npy")
    scan(look(given.only_memory), Question(queries, given.threshold, 1000))
    # Not ru_maxrss: a child begins with that of the process that started it.
    status = Path("/proc/self/status").read_text("ascii")
    print(round(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024, 1))  # type: ignore[index]


def _reaching(found: Found) -> set[tuple[int, int]]:
    return set(zip(found.pairs.query.tolist(), found.pairs.row.tolist(), strict=True))


def _reaching_in(scores: np.ndarray, ids: np.ndarray, threshold: float) -> set[tuple[int, int]]:
    return {(int(q), int(ids[q, k])) for q, k in np.argwhere(scores >= threshold)}


def _agreement(top: Found, scores: np.ndarray, ids: np.ndarray) -> dict[str, Any]:
    rows = top.pairs.row.reshape(ids.shape)
    off = np.abs(top.pairs.score.reshape(ids.shape) - scores)
    # Two neighbours whose scores agree to the last bits of float32 may stand in either order.
    same = (rows == ids) | (off < 1e-6)
    return {
        "same_neighbours": float((rows == ids).mean()),
        "same_but_for_ties": bool(same.all()),
        "largest_difference": float(off.max()),
    }


def _on_gpu(vectors: VectorFile, queries: np.ndarray, given: argparse.Namespace) -> dict[str, Any]:
    how = arithmetic(given.device)
    stored = torch.from_numpy(np.load(vectors.path)).to(given.device)
    size = stored.numel() * stored.element_size()
    reaching, nearest = Question(queries, given.threshold, 1000), Question(queries, -1.0, 10)

    def resident() -> int:
        work = BlockSearch(reaching, how)
        for first in range(0, len(stored), how.rows):
            work.add(stored[first : first + how.rows], first)
        torch.cuda.synchronize()
        return len(work.kept.pairs().row)

    resident()
    (resident_s, hits), (streamed_s, found) = _timed(
        max(given.rounds, 5), resident, lambda: scan(vectors, reaching, how)
    )
    top = scan(vectors, nearest, how)
    exact = _exact(stored, torch.from_numpy(queries).to(given.device))
    copying = _copy_bandwidth(given.device)
    return {
        "name": torch.cuda.get_device_name(),
        "resident_s": round(resident_s, 5),
        "resident_gb_per_s": round(size / resident_s / 1e9, 1),
        "copy_gb_per_s": round(copying, 1),
        "share_of_copy_bandwidth": round(size / resident_s / 1e9 / copying, 3),
        "tflop_per_s": round(2 * stored.numel() * len(queries) / resident_s / 1e12, 1),
        "streamed_from_file_s": round(streamed_s, 3),
        "streamed_gb_per_s": round(size / streamed_s / 1e9, 2),
        "peak_device_mb": round(torch.cuda.max_memory_allocated() / 1e6),
        "hits": hits,
        "hits_of_the_file": len(found.pairs.row),
        **_agreement(top, *exact),
    }


def _exact(stored: torch.Tensor, queries: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The ten nearest by a plain product in float32."""
    torch.backends.cuda.matmul.allow_tf32 = False
    scores = torch.cat([queries @ part.float().t() for part in stored.split(BLOCK)], dim=1)
    best, ids = scores.topk(10, dim=1)
    return best.cpu().numpy(), ids.cpu().numpy()


def _copy_bandwidth(device: str) -> float:
    """Bytes read and written by a copy on the device, in GB/s."""
    source = torch.empty(1 << 30, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    target.copy_(source)
    torch.cuda.synchronize()
    begun = time.perf_counter()
    for _ in range(20):
        target.copy_(source)
    torch.cuda.synchronize()
    return 20 * 2 * source.numel() / (time.perf_counter() - begun) / 1e9


if __name__ == "__main__":
    main()
