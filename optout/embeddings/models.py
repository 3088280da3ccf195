"""A model's name and its weights → vectors of length 1 for pictures and texts.

Weights are always those of a file that is named, or of a hub name that the user gave; a model
without weights gives numbers that look like vectors and mean nothing, so it is refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.embeddings.identity import ModelIdentity, sha256_of
from optout.embeddings.libraries import import_open_clip, import_torch
from optout.embeddings.vectors import unit
from optout.embeddings.weights import Weights, check_activation, is_script, resolve
from optout.errors import EmbeddingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from optout.embeddings.decoding import Pixels

    Vectors = NDArray[np.float32]

BATCH = 32  # pictures at once
# What SSCD's authors recommend: squashed to 320×320, ImageNet's mean and deviation (facts of the
# published model: github.com/facebookresearch/sscd-copy-detection, README, "Using SSCD models").
SSCD_SIZE = 320
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True, slots=True)
class Model:
    """What turns pictures into vectors; `texts` and `tokens` where the model can."""

    identity: ModelIdentity
    pictures: Callable[[Sequence[Pixels]], Vectors]  # (n, dimensions), each of length 1
    texts: Callable[[Sequence[str]], Vectors] | None = None
    tokens: Callable[[Sequence[Pixels]], Vectors] | None = None  # (n, patches, size), raw


def load_clip(name: str, weights: str = "", device: str = "cpu") -> Model:
    """A model of open_clip.

    `name` is one of its model names with `weights` a file (or one of its tags, which it downloads),
    else `local-dir:FOLDER` or `hf-hub:ORG/NAME`. Raises EmbeddingError when there are no weights,
    they do not fit, or they were trained with another activation than the model computes.
    """
    open_clip = import_open_clip()
    found = resolve(open_clip, name, weights)
    network = _network(open_clip, found, device).eval()
    quick = any(type(part).__name__ == "QuickGELU" for part in network.modules())
    sha256 = sha256_of(found.path)
    check_activation(open_clip, found, sha256, quick)
    settings = _preprocess(network)
    identity = ModelIdentity(
        name=found.label,
        weights_sha256=sha256,
        preprocess=_written(settings),
        quick_gelu=quick,
        dimensions=_dimensions(network, settings.size, device),
    )
    prepare = open_clip.transform.image_transform_v2(settings, is_train=False)
    return Model(
        identity,
        pictures=_batched(prepare, network.encode_image, device, normalise=True),
        texts=_texts(open_clip.get_tokenizer(found.model), network, device),
        tokens=_tokens(network, prepare, device),
    )


def load_sscd(path: Path, device: str = "cpu") -> Model:
    """A copy descriptor (SSCD) saved as TorchScript: (n, 3, 320, 320) → (n, dimensions).

    Raises EmbeddingError when the file is no such model.
    """
    torch = import_torch()
    try:
        with warnings.catch_warnings():
            # torch calls this form outdated; it is the one in which these models are published.
            warnings.simplefilter("ignore", DeprecationWarning)
            network = torch.jit.load(path, map_location=device).eval()
        dimensions = _width(network, SSCD_SIZE, device)
    except (RuntimeError, OSError, ValueError) as error:
        raise EmbeddingError(
            f"{path} is no TorchScript model that takes pictures", "name an SSCD file (….pt)"
        ) from error
    identity = ModelIdentity("sscd", sha256_of(path), f"{SSCD_SIZE} squash", False, dimensions)
    prepare = _squash(SSCD_SIZE, *_IMAGENET)
    return Model(identity, _batched(prepare, network, device, normalise=True))


def of_patches(model: Model) -> tuple[Model, int]:
    """The model that gives all patch tokens of a picture as one long vector; number of patches.

    Raises EmbeddingError for networks without patch tokens.
    """
    import numpy as np

    if model.tokens is None:
        raise EmbeddingError(
            f"{model.identity.name} has no patch tokens", "use a vision transformer (ViT)"
        )
    tokens = model.tokens
    _, patches, size = tokens([np.zeros((64, 64, 3), np.uint8)]).shape
    identity = replace(
        model.identity, name=f"{model.identity.name}, patches", dimensions=patches * size
    )
    return Model(identity, lambda of: unit(tokens(of).reshape(len(of), -1))), patches


def _network(open_clip: Any, found: Weights, device: str) -> Any:
    try:
        if is_script(found.path):
            # OpenAI's own files: a program with weights, from which only the weights are taken.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                return open_clip.load_openai_model(str(found.path), "fp32", device)
        return open_clip.create_model(
            found.model,
            pretrained=None if ":" in found.model else str(found.path),
            device=device,
            require_pretrained=True,
        )
    except Exception as error:
        # The libraries answer files that do not fit with every kind of error.
        raise EmbeddingError(
            f"{found.path} cannot be loaded into {found.label}: {str(error).splitlines()[0][:200]}",
            "check that the weights belong to this model",
        ) from error


def _preprocess(network: Any) -> Any:
    """How pictures are made fit, as the model itself says."""
    from open_clip.transform import PreprocessCfg

    said = getattr(network.visual, "preprocess_cfg", None) or {"size": network.visual.image_size}
    return PreprocessCfg(**said)


def _written(settings: Any) -> str:
    sides = (settings.size,) if isinstance(settings.size, int) else settings.size
    size = "×".join(str(side) for side in dict.fromkeys(sides))
    mean, std = ("/".join(f"{value:.4g}" for value in v) for v in (settings.mean, settings.std))
    return f"{size} {settings.resize_mode} {settings.interpolation} mean {mean} std {std}"


def _dimensions(network: Any, size: int | tuple[int, int], device: str) -> int:
    side = size if isinstance(size, int) else size[0]
    return _width(network.encode_image, side, device)


def _width(encode: Callable[[Any], Any], side: int, device: str) -> int:
    import torch

    with torch.inference_mode():
        shape = encode(torch.zeros(1, 3, side, side, device=device)).shape
    if len(shape) != 2:
        raise ValueError("not one vector for each picture")
    return int(shape[1])


def _batched(
    prepare: Callable[[Any], Any], encode: Callable[[Any], Any], device: str, *, normalise: bool
) -> Callable[[Sequence[Pixels]], Vectors]:
    """Pictures → vectors, some at a time."""

    def pictures(of: Sequence[Pixels]) -> Vectors:
        import numpy as np
        import torch
        from PIL import Image

        parts = []
        with torch.inference_mode():
            for start in range(0, len(of), BATCH):
                batch = [prepare(Image.fromarray(one)) for one in of[start : start + BATCH]]
                parts.append(encode(torch.stack(batch).to(device)).float().cpu().numpy())
        found: Vectors = np.concatenate(parts)
        return unit(found) if normalise else found

    return pictures


def _texts(tokenize: Any, network: Any, device: str) -> Callable[[Sequence[str]], Vectors]:
    def texts(of: Sequence[str]) -> Vectors:
        import torch

        with torch.inference_mode():
            return unit(network.encode_text(tokenize(list(of)).to(device)).float().cpu().numpy())

    return texts


def _tokens(
    network: Any, prepare: Callable[[Any], Any], device: str
) -> Callable[[Sequence[Pixels]], Vectors] | None:
    """Patch tokens of a vision transformer; None for networks that have none."""
    if not hasattr(network.visual, "output_tokens"):
        return None

    def encode(batch: Any) -> Any:
        network.visual.output_tokens = True
        try:
            return network.visual(batch)[1]
        finally:
            network.visual.output_tokens = False

    return _batched(prepare, encode, device, normalise=False)


def _squash(
    size: int, mean: tuple[float, ...], deviation: tuple[float, ...]
) -> Callable[[Any], Any]:
    def prepare(image: Any) -> Any:
        import numpy as np
        import torch
        from PIL import Image

        small = image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
        values = (np.asarray(small, dtype=np.float32) / 255 - mean) / deviation
        return torch.from_numpy(values.astype(np.float32).transpose(2, 0, 1).copy())

    return prepare
