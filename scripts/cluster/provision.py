"""What the tests ask for: a cluster, found or made, under one lock."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from scripts.engines import daemons, debs
from scripts.engines.layout import Layout
from scripts.engines.phase import Failed, phase, succeeds

from . import (
    binaries,
    certificates,
    control_plane,
    images,
    kernel,
    network,
    node,
    objects,
    registry,
)  # fmt: skip
from .place import Node, Place

# The tester's own cluster, and a registry that its nodes, its pods and this machine reach alike.
GIVEN = ("MOORAGE_TEST_KUBECONFIG", "KUBECONFIG")
GIVEN_REGISTRY = "MOORAGE_TEST_CLUSTER_REGISTRY"
SECONDS_TO_BE_READY = 120
TOOLS = {"ip": "iproute2", "nft": "nftables", "iptables": "iptables", "openssl": "openssl"}


@dataclass(frozen=True)
class Cluster:
    """A cluster that answers: ``ours`` if made here, else the tester's, perhaps without a ``registry``."""

    kubeconfig: str
    registry: str | None
    auth_registry: str | None
    tls_registry: str | None
    # The authority that signed the certificate of ``tls_registry``, as a file.
    authority: str | None
    kubectl: str
    ours: bool


def cluster(layout: Layout) -> Cluster:
    """The tester's cluster (MOORAGE_TEST_KUBECONFIG, KUBECONFIG), else our own with one node."""
    place = Place(layout)
    given = _given(place)
    if given is not None:
        return given
    with _locked(layout):
        _must_be_possible(place)
        if not _runs(place):
            _boot(place)
    return _own(place)


def add_node(layout: Layout) -> str:
    """One node more; its name, when pods can run on it."""
    place = Place(layout)
    with _locked(layout):
        free = [each for each in place.nodes() if not node.runs(each)]
        if not free:
            raise Failed(f"There are {len(place.nodes())} nodes already: no more are planned for.")
        with phase(f"added {free[0].name}"):
            node.down(free[0])
            _start_node(free[0])
        return free[0].name


def stop_node(layout: Layout, name: str) -> None:
    """A power cut: nobody tells the cluster, which notices after its grace period (20 s)."""
    with _locked(layout):
        node.stop(Place(layout).node(name))


def start_node(layout: Layout, name: str) -> None:
    """The power is back; the disk is as it was."""
    with _locked(layout):
        _start_node(Place(layout).node(name))


def remove_node(layout: Layout, name: str) -> None:
    """End ``name`` and forget it."""
    place = Place(layout)
    with _locked(layout):
        node.down(place.node(name))
        control_plane.kubectl(place, "delete", "node", name, "--ignore-not-found")


def down(layout: Layout) -> None:
    """End the cluster and remove all that it had; what was built stays in the cache."""
    with _locked(layout):
        _clear(Place(layout))


def describe(layout: Layout) -> Cluster | None:
    """The cluster that answers right now; starts nothing."""
    place = Place(layout)
    return _given(place) or (_own(place) if _runs(place) else None)


def _boot(place: Place) -> None:
    """Start the cluster, or what is missing of one that runs."""
    debs.install(TOOLS)
    binaries.kubernetes(place.layout)
    binaries.containerd(place.layout)
    binaries.network_plugins(place.layout)
    seed = images.seed(place.layout)
    first = place.nodes()[0]
    with phase("started Kubernetes"):
        if not _begun(place):
            _clear(place)
            place.folder.mkdir(parents=True)
            kernel.remember(place)
            certificates.make(place)
        network.bridge(place)
        registry.up(place, seed)
        node.up(first)
        control_plane.up(place)
        node.join(first)
        objects.apply(place)
        _await_node(first)


def _start_node(each: Node) -> None:
    node.up(each)
    node.join(each)
    _await_node(each)


def _begun(place: Place) -> bool:
    """Whether there is something to keep: without its store a cluster is only remains."""
    return place.kubeconfig.exists() and daemons.running(place.folder, "etcd") is not None


def _clear(place: Place) -> None:
    for each in place.nodes():
        node.down(each)
    control_plane.down(place)
    registry.down(place)
    network.remove(place)
    kernel.restore(place)
    shutil.rmtree(place.folder, ignore_errors=True)
    with suppress(OSError):  # The engines of this slot may have theirs there.
        place.layout.state.rmdir()


def _runs(place: Place) -> bool:
    return node.runs(place.nodes()[0]) and control_plane.runs(place) and control_plane.answers(place)


def _await_node(each: Node) -> None:
    limit = f"--timeout={SECONDS_TO_BE_READY}s"
    wanted = f"node/{each.name}"
    control_plane.kubectl(each.place, "wait", "--for=create", wanted, limit)
    control_plane.kubectl(each.place, "wait", "--for=condition=Ready", wanted, limit)


def _own(place: Place) -> Cluster:
    kubectl = str(binaries.kubernetes(place.layout) / "kubectl")
    return Cluster(
        kubeconfig=str(place.kubeconfig), registry=place.registry, auth_registry=place.auth_registry,
        tls_registry=place.tls_registry, authority=str(place.certificates / "ca.crt"),
        kubectl=kubectl, ours=True,
    )  # fmt: skip


def _given(place: Place) -> Cluster | None:
    path = next((value for name in GIVEN if (value := os.environ.get(name))), None)
    if path is None or Path(path) == place.kubeconfig:
        return None
    kubectl = shutil.which("kubectl") or str(binaries.kubernetes(place.layout) / "kubectl")
    if not succeeds([kubectl, f"--kubeconfig={path}", "get", "--raw", "/readyz"]):
        raise Failed(f"A kubeconfig is given ({path}), but no cluster answers there.")
    return Cluster(
        kubeconfig=path, registry=os.environ.get(GIVEN_REGISTRY), auth_registry=None, tls_registry=None,
        authority=None, kubectl=kubectl, ours=False,
    )  # fmt: skip


def _must_be_possible(place: Place) -> None:
    if os.geteuid() != 0 or not debs.is_debian():
        raise Failed(
            "A cluster of our own needs root on Debian 12; elsewhere, set MOORAGE_TEST_KUBECONFIG "
            "to one that runs, such as kind's."
        )
    hidden = [root for root in ("/var", "/run") if place.folder.is_relative_to(root)]
    if hidden:
        raise Failed(
            f"The cache must not be below {hidden[0]}, which each node has for itself: set MOORAGE_ENGINES."
        )


@contextmanager
def _locked(layout: Layout) -> Iterator[None]:
    """One at a time: test workers start side by side."""
    layout.cache.mkdir(parents=True, exist_ok=True)
    with (layout.cache / f"cluster{layout.slot}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
