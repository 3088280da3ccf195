"""What the user calls a model → its weights file, and whether its activation fits the model."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optout.errors import EmbeddingError

# In a folder of open_clip's form, in the order in which it takes them itself.
_PREFERRED = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth",
    "model.safetensors",
    "pytorch_model.bin",
    "pytorch_model.pth",
    "model.pth",
)
_WEIGHTS = (".safetensors", ".bin", ".pth")
_HASH = re.compile(r"\b([0-9a-f]{64}|[0-9a-f]{8})\b")
_NONE = "a model without its weights gives vectors that mean nothing"


@dataclass(frozen=True, slots=True)
class Weights:
    """A model and the file its weights are in."""

    model: str  # as open_clip is asked for it
    path: Path

    @property
    def label(self) -> str:
        """The model's own name: of a folder or a hub name the last part."""
        return re.split(r"[/\\]", self.model.partition(":")[2] or self.model)[-1]


def resolve(open_clip: Any, name: str, weights: str) -> Weights:
    """Find the weights of `name`. Raises EmbeddingError when there are none."""
    form, _, rest = name.partition(":")
    if form == "local-dir":
        return Weights(name, _in_folder(Path(rest)))
    if form == "hf-hub":
        return Weights(
            name, _downloaded(name, lambda: open_clip.pretrained.download_pretrained_from_hf(rest))
        )
    model = name.replace("/", "-")
    if model not in open_clip.list_models():
        raise EmbeddingError(
            f"open_clip knows no model {name}",
            "for example ViT-L-14-quickgelu, or local-dir:FOLDER with its open_clip_config.json",
        )
    if not weights:
        raise EmbeddingError(f"no weights for {name}: {_NONE}", "name their file with --weights")
    if Path(weights).is_file():
        return Weights(model, Path(weights))
    tag = open_clip.get_pretrained_cfg(model, weights)
    if not tag:
        raise EmbeddingError(
            f"there is no file {weights}, and open_clip knows no weights of that name for {name}",
            "name the weights file with --weights",
        )
    return Weights(
        model, _downloaded(weights, lambda: open_clip.pretrained.download_pretrained(tag))
    )


def _in_folder(folder: Path) -> Path:
    if not (folder / "open_clip_config.json").is_file():
        raise EmbeddingError(
            f"{folder} holds no open_clip_config.json", "name a folder saved by open_clip"
        )
    for name in _PREFERRED:
        if (folder / name).is_file():
            return folder / name
    files = sorted(file for file in folder.iterdir() if file.suffix in _WEIGHTS)
    if len(files) == 1:
        return files[0]
    which = "several weights files" if files else "no weights file"
    raise EmbeddingError(f"{folder} holds {which}: {_NONE}", f"keep one, called {_PREFERRED[0]}")


def _downloaded(name: str, download: Any) -> Path:
    try:
        return Path(download())
    except Exception as error:
        # Whatever the hub's client meets: no network, no such name, no permission.
        raise EmbeddingError(
            f"the weights of {name} cannot be loaded: {str(error).splitlines()[0][:200]}",
            "load them by hand and name the file with --weights",
        ) from error


def is_script(path: Path) -> bool:
    """Whether the file is a TorchScript program, as OpenAI's own weights are."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def check_activation(open_clip: Any, found: Weights, sha256: str, quick: bool) -> None:
    """Refuse weights that were trained with another activation than the model computes.

    OpenAI's weights, and those that LAION's first shards were made with, need QuickGELU; a model
    of the plain name has GELU. Both load, and one of them is silently worse. Which weights a file
    holds is told by its hash, which open_clip's own table of downloads names, else by its name.
    """
    needed = _trained_with_quick(open_clip, found.path, sha256)
    if needed is None or needed == quick:
        return
    have, want = ("QuickGELU", "GELU") if quick else ("GELU", "QuickGELU")
    plain = found.label.removesuffix("-quickgelu")
    raise EmbeddingError(
        f"{found.path} was trained with {want}, {found.label} computes {have}",
        f"use --model {plain + '-quickgelu' if needed else plain}",
    )


def _trained_with_quick(open_clip: Any, path: Path, sha256: str) -> bool | None:
    if is_script(path):
        return None  # built from the file itself, always with QuickGELU
    by_name: bool | None = None
    for model, tag in open_clip.list_pretrained():
        told = open_clip.get_pretrained_cfg(model, tag)
        url = str(told.get("url") or "")
        if any(sha256.startswith(part) for part in _HASH.findall(url)):
            return bool(told.get("quick_gelu"))
        if url and url.rpartition("/")[2] == path.name:
            by_name = bool(told.get("quick_gelu"))
    if by_name is None and "openai" in path.name.lower():
        return True
    return by_name
