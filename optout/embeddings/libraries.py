"""torch and open_clip, or one sentence that says how to install them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from optout.errors import EmbeddingError

# Kept for as long as the program runs: torch forgets what is registered with the object.
_schemas: list[Any] = []


def import_torch() -> Any:
    """The module torch. Raises EmbeddingError when it is not installed."""
    try:
        import torch
    except ImportError as error:
        raise _missing("torch") from error
    return torch


def import_open_clip() -> Any:
    """The module open_clip. Raises EmbeddingError when it is not installed or does not load."""
    import_torch()
    if find_spec("torchvision"):
        _complete_torchvision()
    try:
        import open_clip
    except ImportError as error:
        raise _missing("open_clip_torch") from error
    except RuntimeError as error:  # operators missing
        raise EmbeddingError(
            f"torch and torchvision do not fit together: {str(error).splitlines()[0]}",
            "install both for the same device; for the CPU from download.pytorch.org/whl/cpu",
        ) from error
    return open_clip


def _missing(package: str) -> EmbeddingError:
    return EmbeddingError(
        f"comparing pictures by a model needs {package}, which is not installed",
        'pip install ".[clip]" in the folder of the program',
    )


def _complete_torchvision() -> None:
    """Declare the operators of torchvision that a torch without CUDA cannot load.

    torchvision from PyPI is built for CUDA; beside a torch for the CPU its compiled part does not
    load, and the import then fails for want of two operators that no CLIP model uses.
    """
    import torch

    if _schemas or _compiled_part_loads():
        return
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _schemas.append(library)


def _compiled_part_loads() -> bool:
    import torch

    spec = find_spec("torchvision")
    folders = (spec.submodule_search_locations or []) if spec else []
    for file in (file for folder in folders for file in sorted(Path(folder).glob("_C*"))):
        try:
            torch.ops.load_library(file)
        except OSError:
            continue
        return True
    return False
