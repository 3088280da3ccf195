"""An address, or none → a connection to Ray whose workers run this very program."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from optout.errors import ClusterError

LOCAL = "local"  # in place of an address: a Ray of our own on this machine
_PATIENCE = 120  # seconds for every machine to say what it runs

# The versions on which the bytes of results rest; Ray itself compares Python's and its own.
_ALIKE = ("optout", "duckdb")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Ray that was reached and whose machines run the same optout."""

    processors: int
    memory: int  # bytes that the largest machine has for tasks
    nodes: tuple[str, ...]  # ids of its machines


@contextmanager
def connected(address: str = LOCAL, processors: int | None = None) -> Iterator[Cluster]:
    """Ray at `address` ("10.0.0.7:6379"; "auto" on a machine of the cluster), or a local one.

    A local Ray has `processors` workers (None: one for each processor), answers on the loopback
    address alone and ends with the context. A Ray that this process has already is used as it is.
    Raises ClusterError when Ray is not installed, not reached, or a machine runs another version.
    """
    ray = _ray(local=address == LOCAL)
    with ExitStack() as stack:
        if not ray.is_initialized():
            _start(ray, address, processors)
            stack.callback(ray.shutdown)
        nodes = [node for node in ray.nodes() if node["Alive"]]
        found = _cluster(nodes)
        if address != LOCAL:
            _refuse_others(_asked_on_each(ray, nodes, _versions()))
        yield found


def _ray(*, local: bool) -> Any:
    # Ray reports each use to its maker unless told not to; a user's own word stands.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if local:
        # Its only way to be content with the loopback address; read when Ray is imported.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    # A worker without a GPU sees none; the coming default of Ray, which it else warns of.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise ClusterError(
            "work on a cluster needs Ray, which is not installed",
            'install it: pip install "optout[cluster]"; or leave --ray out',
        ) from error
    return ray


def _start(ray: Any, address: str, processors: int | None) -> None:
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address == LOCAL:
            own = {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
            ray.init("local", num_cpus=processors or os.cpu_count(), **own, **quiet)
        else:
            ray.init(address, **quiet)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        where = "on this machine" if address == LOCAL else f"at {address}"
        raise ClusterError(
            f"no Ray answers {where}: {reason[:300]}",
            "start one (ray start --head, then ray start --address HOST:6379 on the others), "
            "or give --ray without an address",
        ) from error


def _cluster(nodes: Sequence[Mapping[str, Any]]) -> Cluster:
    def most(resource: str) -> list[int]:
        return [int(node["Resources"].get(resource, 0)) for node in nodes]

    if not sum(most("CPU")):
        raise ClusterError("this Ray has no processors for tasks", "start a worker: ray start")
    return Cluster(sum(most("CPU")), max(most("memory")), tuple(node["NodeID"] for node in nodes))


def _versions() -> Callable[[], dict[str, str]]:
    names = _ALIKE

    def versions() -> dict[str, str]:
        # Sent as text: the machine asked may have no optout to import it from.
        from importlib.metadata import PackageNotFoundError
        from importlib.metadata import version as version_there

        found = {}
        for name in names:
            try:
                found[name] = version_there(name)
            except PackageNotFoundError:
                found[name] = ""
        return found

    return versions


def _refuse_others(machines: Mapping[str, Mapping[str, str]]) -> None:
    """Raises ClusterError naming the first machine with other versions than this one."""
    for machine, theirs in sorted(machines.items()):
        for name in _ALIKE:
            if theirs[name] != version(name):
                has = f"{name} {theirs[name]}" if theirs[name] else f"no {name}"
                raise ClusterError(
                    f"the machine {machine} has {has}, this one {name} {version(name)}",
                    "install the same version on every machine of the cluster",
                )


def require_seen(cluster: Cluster, path: Path) -> None:
    """Raises ClusterError naming a machine of the cluster that does not see the file `path`."""
    import ray

    text = str(path.absolute())

    def seen() -> bool:
        from pathlib import Path as PathThere

        return PathThere(text).exists()

    nodes = [node for node in ray.nodes() if node["NodeID"] in cluster.nodes]
    for machine, there in sorted(_asked_on_each(ray, nodes, seen).items()):
        if not there:
            raise ClusterError(
                f"the machine {machine} does not see {text}",
                "put it where every machine has it under the same path (a shared file system)",
            )


def _asked_on_each(
    ray: Any, nodes: Sequence[Mapping[str, Any]], ask: Callable[[], Any]
) -> dict[str, Any]:
    """What `ask` gives on each machine, by the machine's address."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    asked = {
        node["NodeManagerAddress"]: ray.remote(ask)
        .options(
            num_cpus=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
        )
        .remote()
        for node in nodes
    }
    try:
        return {name: ray.get(ref, timeout=_PATIENCE) for name, ref in asked.items()}
    except ray.exceptions.RayError as error:
        raise ClusterError(
            f"a machine of the cluster does not answer: {str(error).splitlines()[0][:300]}",
            "look at it with: ray status",
        ) from error
