"""Which model made a vector, to the byte of its weights; kept beside every file of vectors.

Vectors of two models have nothing to do with each other, whatever their inner product says.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from optout.errors import EmbeddingError

FOLDER_FILE = "model.json"  # of a whole folder, where a file has none of its own
_LARGEST = 1 << 20  # bytes of a sidecar; ours have 300


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """What must agree for two vectors to be comparable."""

    name: str  # as open_clip calls it, e.g. "ViT-L-14-quickgelu"; "sscd" for a copy descriptor
    weights_sha256: str  # of the weights file; "" where only the name is known
    preprocess: str  # how pictures were made fit, e.g. "224 shortest bicubic 0.481/0.458/0.408 …"
    quick_gelu: bool
    dimensions: int

    def label(self) -> str:
        """For people: name, activation and the beginning of the hash."""
        weights = self.weights_sha256[:12] or "weights not known"
        return f"{self.name}{' (QuickGELU)' if self.quick_gelu else ''} [{weights}]"


def sidecar(vectors: Path) -> Path:
    """Where the model of a file of vectors stands: `img_emb_0000.model.json`."""
    return vectors.with_suffix(".model.json")


def write_identity(vectors: Path, identity: ModelIdentity) -> None:
    """Say beside `vectors` which model made them."""
    text = json.dumps(asdict(identity), indent=2) + "\n"
    sidecar(vectors).write_text(text, "utf-8")


def read_identity(vectors: Path) -> ModelIdentity | None:
    """The model that made `vectors`: its own sidecar, else the folder's; None where neither is.

    Raises EmbeddingError when the file is there and does not say it.
    """
    for path in (sidecar(vectors), vectors.parent / FOLDER_FILE):
        if path.is_file():
            return _read(path)
    return None


def _read(path: Path) -> ModelIdentity:
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError("too long")
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return ModelIdentity(
            name=_text(found["name"]),
            weights_sha256=_text(found["weights_sha256"]),
            preprocess=_text(found["preprocess"]),
            quick_gelu=found["quick_gelu"] is True,
            dimensions=int(found["dimensions"]),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise EmbeddingError(
            f"{path} does not say which model made the vectors beside it",
            "restore it, or delete it and name the model with --model",
        ) from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def differences(ours: ModelIdentity, theirs: ModelIdentity) -> list[str]:
    """In which of the points two models differ; weights of which one is not known count as equal.

    >>> a = ModelIdentity("ViT-B-32", "ab", "224", False, 512)
    >>> differences(a, ModelIdentity("ViT-B-32", "", "224", True, 512))
    ['quick_gelu: False here, True there']
    """
    pairs = zip(asdict(ours).items(), asdict(theirs).values(), strict=True)
    return [
        f"{name}: {here} here, {there} there"
        for (name, here), there in pairs
        if here != there and not (name == "weights_sha256" and not (here and there))
    ]


def sha256_of(path: Path) -> str:
    """Hash of a file of any size, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
