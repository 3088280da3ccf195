"""An address, or none → a connection to Ray whose workers run this very program."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from optout.errors import ClusterError

LOCAL = "local"  # in place of an address: a Ray of our own on this machine
AUTO = "auto"  # the Ray that was started on this machine
_KNOCK = 10.0  # seconds
_PATIENCE = 120  # seconds for every machine to say what it runs

# The versions on which the bytes of results rest; Ray itself compares Python's and its own.
_ALIKE = ("optout", "duckdb")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Ray that was reached and whose machines run the same optout."""

    processors: int
    memory: int  # bytes that the largest machine has for tasks
    nodes: dict[str, str]  # its machines: id → address


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
        found = _cluster([node for node in ray.nodes() if node["Alive"]])
        if address != LOCAL:
            _refuse_others(asked_on_each(found, _versions()))
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
            'install it: pip install ".[cluster]" in the folder of the program; or leave --ray out',
        ) from error
    return ray


def _knock(address: str) -> None:
    """Raises ClusterError where nobody listens at `address`: Ray itself would ask for minutes."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or "://" in host:
        raise ClusterError(
            f"{address!r} is no address of a Ray cluster",
            "write HOST:6379, or auto on a machine of the cluster; the command runs on one of its "
            "machines",
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), _KNOCK).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise _no_answer(f"at {address}", error) from error


def _no_answer(where: str, error: Exception) -> ClusterError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return ClusterError(
        f"no Ray answers {where}: {reason[:300]}",
        "start one (ray start --head, then ray start --address HOST:6379 on the others); "
        "if it asks for a token, set RAY_AUTH_MODE=token here as well",
    )


def _start(ray: Any, address: str, processors: int | None) -> None:
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address == LOCAL:
            own = {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
            ray.init("local", num_cpus=processors or os.cpu_count(), **own, **quiet)
        else:
            if address != AUTO:
                _knock(address)
            ray.init(address, **quiet)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        here = address in (LOCAL, AUTO)
        raise _no_answer("on this machine" if here else f"at {address}", error) from error


def _cluster(nodes: Sequence[Mapping[str, Any]]) -> Cluster:
    def most(resource: str) -> list[int]:
        return [int(node["Resources"].get(resource, 0)) for node in nodes]

    if not sum(most("CPU")):
        raise ClusterError("this Ray has no processors for tasks", "start a worker: ray start")
    return Cluster(
        sum(most("CPU")), max(most("memory")), {n["NodeID"]: n["NodeManagerAddress"] for n in nodes}
    )


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
    text = str(path.absolute())

    def seen() -> bool:
        from pathlib import Path as PathThere

        return PathThere(text).exists()

    for machine, there in sorted(asked_on_each(cluster, seen).items()):
        if not there:
            raise ClusterError(
                f"the machine {machine} does not see {text}",
                "put it where every machine has it under the same path (a shared file system)",
            )


def asked_on_each(cluster: Cluster, ask: Callable[[], Any]) -> dict[str, Any]:
    """What `ask` gives on each machine, by the machine's address. Raises ClusterError."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    def on(node: str) -> Any:
        there = NodeAffinitySchedulingStrategy(node, soft=False)
        return ray.remote(ask).options(num_cpus=0, scheduling_strategy=there).remote()

    asked = {f"{address} ({node[:6]})": on(node) for node, address in cluster.nodes.items()}
    try:
        return {name: ray.get(ref, timeout=_PATIENCE) for name, ref in asked.items()}
    except ray.exceptions.RayError as error:
        raise ClusterError(
            f"a machine of the cluster does not answer: {str(error).splitlines()[0][:300]}",
            "look at it with: ray status",
        ) from error
