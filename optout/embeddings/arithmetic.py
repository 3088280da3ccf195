"""The machine at hand → how products are computed fast, and by how much they can then be off."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

# Rows read at once by one worker. 1,024 rows of 768 numbers and their products with 256 queries
# stay in the caches of a CPU core; a GPU wants few and large pieces of work.
CPU_ROWS, GPU_ROWS = 1024, 1 << 16


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """How the coarse products are computed."""

    device: str  # as torch names it
    coarse: str  # bfloat16, float16 or float32
    margin: float  # most by which a coarse product of two vectors of length 1 can be off
    rows: int  # of one block
    workers: int


def arithmetic(device: str = "cpu") -> Arithmetic:
    """The fastest exact way on `device`. Margins bound the rounding of both factors and the sum.

    A bfloat16 has 8 significant bits: each factor is off by 2^-8 at most, and so is the result.
    The same with 11 bits for float16 on a GPU (products there are summed in float32).
    """
    import torch

    if device != "cpu":
        return Arithmetic(device, "float16", 0.003, GPU_ROWS, 2)
    workers = os.process_cpu_count() if hasattr(os, "process_cpu_count") else None
    workers = workers or len(os.sched_getaffinity(0))
    # Where the CPU has no such instructions the product is emulated, and slower than float32.
    fast: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    if fast.get("avx512_bf16") or fast.get("amx_bf16"):
        return Arithmetic("cpu", "bfloat16", 0.0125, CPU_ROWS, workers)
    return Arithmetic("cpu", "float32", 1e-4, CPU_ROWS, workers)


def fitting(how: Arithmetic, dimensions: int) -> Arithmetic:
    """Fewer rows at once where each is long, so that a block is no larger than usual."""
    return replace(how, rows=max(1, min(how.rows, how.rows * 1024 // dimensions)))
