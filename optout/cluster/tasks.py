"""A function and its arguments → results: each call a task of Ray, tried again when it is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from optout import __version__
from optout.errors import ClusterError, DatasetError, OptoutError

T = TypeVar("T")

RETRIES = 5  # further tries of a task whose worker or machine is lost

# Called with the tasks done, and of how many.
Tell = Callable[[int, int], None]


class Unreachable(DatasetError):
    """A remote file could not be read; it is tried again before that is believed."""


def remote(function: Callable[..., T], **options: Any) -> Any:
    """`function` as a task on one processor, or with other `options` of Ray."""
    import ray

    again = [Unreachable, ConnectionError, TimeoutError]
    ours = {"num_cpus": 1, "max_retries": RETRIES, "retry_exceptions": again}
    return ray.remote(**{**ours, **options})(function)


def result(reference: Any) -> Any:
    """What a task gave. Raises the OptoutError it raised, ClusterError where it was lost."""
    import ray

    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, OptoutError):
            raise error.cause from None
        raise  # a bug keeps its traceback
    except ray.exceptions.RayError as error:
        raise lost(error) from error


def lost(error: Exception) -> ClusterError:
    """A failure of the cluster in a sentence."""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return ClusterError(
        f"the cluster lost a task {RETRIES + 1} times: {reason[:300]}",
        "look at it with: ray status; what is finished is kept, so the same command goes on",
    )


def each(
    function: Callable[..., T],
    calls: Sequence[tuple[Any, ...]],
    *,
    memory: int | None = None,
    tell: Tell = lambda done, of: None,
) -> list[T]:
    """The results of all `calls` in their order, so many bytes set aside for each.

    Raises as result() does, the rest given up.
    """
    import ray

    task = remote(function, memory=memory)
    references = [task.remote(*call) for call in calls]
    waiting = list(references)
    try:
        while waiting:
            done, waiting = ray.wait(waiting)
            result(done[0])  # a failure ends all now
            tell(len(calls) - len(waiting), len(calls))
    finally:
        for reference in waiting:
            ray.cancel(reference)
    return [result(reference) for reference in references]


def refuse_other(version: str) -> None:
    """In a task: raises ClusterError where this machine joined later, with another optout."""
    if version != __version__:
        raise ClusterError(
            f"a machine of the cluster has optout {__version__}, the one that asks {version}",
            "install the same version on every machine of the cluster",
        )
