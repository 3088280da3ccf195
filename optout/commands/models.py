"""Options that name a model, shared by the commands that compare pictures by one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optout.commands.options import Decorator, note
from optout.errors import EmbeddingError

if TYPE_CHECKING:
    from optout.embeddings.models import Model

_PAUSE = 0.2  # seconds between two states of the progress line


def model_options(function: Callable[..., None]) -> Callable[..., None]:
    """--model, --weights, --sscd and --device."""
    options: list[Decorator] = [
        click.option(
            "--model",
            "name",
            metavar="NAME",
            help="A model of open_clip, local-dir:FOLDER or hf-hub:ORG/NAME.",
        ),
        click.option("--weights", default="", metavar="FILE", help="The model's weights."),
        click.option(
            "--sscd",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="A copy descriptor (SSCD, TorchScript) instead.",
        ),
        click.option("--device", default="cpu", show_default=True, help="Where torch computes."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def the_model(name: str | None, weights: str, sscd: Path | None, device: str) -> Model:
    """The one model named. Raises EmbeddingError when it is none, or two."""
    from optout.embeddings.models import load_clip, load_sscd

    if bool(name) == bool(sscd):
        raise EmbeddingError(
            "name one model: the one that made the vectors",
            "--model ViT-L-14-quickgelu --weights FILE, or --sscd FILE",
        )
    if sscd:
        return load_sscd(sscd, device)
    assert name
    return load_clip(name, weights, device)


def shard_progress() -> Callable[[int, int, int, int], None]:
    """Shards, rows and rate on stderr: a line that renews itself, or one per shard when piped."""
    begun, terminal = time.monotonic(), sys.stderr.isatty()
    shown = {"done": 0, "at": 0.0}

    def show(done: int, shards: int, rows: int, all_rows: int) -> None:
        now = time.monotonic()
        if done == shown["done"] and not (terminal and now - shown["at"] > _PAUSE):
            return
        rate = rows / max(now - begun, 0.001)
        text = f"searched {done} of {shards} shards · {rows:,} of {all_rows:,} rows · {rate:,.0f}/s"
        click.echo(f"\r{text}" if terminal else text, err=True, nl=done == shards or not terminal)
        shown.update(done=done, at=now)

    return show


def note_unreadable(unreadable: list[dict[str, str]]) -> None:
    """Pictures that were left out, each with its reason."""
    for one in unreadable:
        note(f"left out: {one['reason']}")
