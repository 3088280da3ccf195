"""A model small enough to be made by a test, in the form in which real ones come."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

CONFIG: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


def save_clip(folder: Path, seed: int = 7, *, quick_gelu: bool = False) -> Path:
    """A folder as open_clip saves models; give it as `local-dir:FOLDER`."""
    import torch

    from optout.embeddings.libraries import import_open_clip

    open_clip = import_open_clip()
    folder.mkdir(parents=True, exist_ok=True)
    config = {**CONFIG, "quick_gelu": quick_gelu}
    written = {"model_cfg": config, "preprocess_cfg": {"size": 32}}
    (folder / "open_clip_config.json").write_text(json.dumps(written))
    torch.manual_seed(seed)
    model = open_clip.model.CLIP(
        config["embed_dim"], config["vision_cfg"], config["text_cfg"], quick_gelu=quick_gelu
    )
    from safetensors.torch import save_file

    save_file(
        {name: value.contiguous() for name, value in model.state_dict().items()},
        folder / "open_clip_model.safetensors",
    )
    return folder


def save_sscd(path: Path, dimensions: int = 24) -> Path:
    """A scripted network of SSCD's interface: (n, 3, 320, 320) → (n, dimensions)."""
    import torch

    class Small(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pool = torch.nn.AdaptiveAvgPool2d(8)
            self.last = torch.nn.Linear(3 * 64, dimensions)

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.normalize(self.last(self.pool(pictures).flatten(1)))

    torch.manual_seed(3)
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.trace(Small().eval(), torch.zeros(1, 3, 320, 320)), path)
    return path


def picture(seed: int, width: int = 96, height: int = 96) -> Any:
    """Pixels (height, width, 3) with coarse structure that differs by seed."""
    import numpy as np
    from PIL import Image

    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def save_picture(path: Path, seed: int, width: int = 96, height: int = 96) -> Path:
    """The same as a PNG file."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(seed, width, height)).save(path)
    return path
