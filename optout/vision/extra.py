"""The libraries of the extra `vision`, or one sentence that says how to install them."""

from __future__ import annotations

from importlib.util import find_spec

from optout.errors import VisionError

LIBRARIES = ("cv2", "pdqhash", "imagehash")


def has_vision() -> bool:
    """Whether all libraries of the extra are installed."""
    return not _missing()


def require_vision() -> None:
    """Raise VisionError when a library of the extra is not installed."""
    missing = _missing()
    if missing:
        raise VisionError(
            f"comparing pictures needs {', '.join(missing)}, which is not installed",
            'pip install ".[vision]" in the folder of the program',
        )


def _missing() -> list[str]:
    return [name for name in LIBRARIES if find_spec(name) is None]
