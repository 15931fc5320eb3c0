"""Where one cluster is: its folder, addresses and names on the host, all of them apart from other slots'."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scripts.engines.layout import REPOSITORY, Layout
from scripts.engines.phase import Failed

GO_MODULE = REPOSITORY / "tests" / "cluster"
DOMAIN = "cluster.local"


@dataclass(frozen=True)
class Place:
    """One cluster of a slot. Everything listens on ``address``, which host, nodes and pods reach alike."""

    layout: Layout

    @cached_property
    def folder(self) -> Path:
        return self.layout.state / "cluster"

    @cached_property
    def bridge(self) -> str:
        return f"moor{self.layout.slot}-kube"

    @cached_property
    def prefix(self) -> str:
        return self.network.removesuffix(".0.0/16")

    @cached_property
    def network(self) -> str:
        return self.layout.cluster_network

    @cached_property
    def address(self) -> str:
        return f"{self.prefix}.0.1"

    @cached_property
    def api_server(self) -> str:
        return f"https://{self.address}:6443"

    @cached_property
    def etcd(self) -> str:
        return f"http://{self.address}:2379"

    @cached_property
    def registry(self) -> str:
        return f"{self.address}:5000"

    @cached_property
    def auth_registry(self) -> str:
        return f"{self.address}:5001"

    @cached_property
    def tls_registry(self) -> str:
        """Its certificate is signed by the cluster's own authority, which nobody knows."""
        return f"{self.address}:5002"

    @cached_property
    def services(self) -> str:
        """The range of service addresses; the first is the API server's."""
        return f"{self.prefix}.128.0/20"

    @cached_property
    def api_service(self) -> str:
        return f"{self.prefix}.128.1"

    @cached_property
    def names_service(self) -> str:
        return f"{self.prefix}.128.10"

    @cached_property
    def volumes(self) -> Path:
        return self.folder / "volumes"

    @cached_property
    def certificates(self) -> Path:
        return self.folder / "certificates"

    @cached_property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.folder / "kubeconfig"

    def nodes(self) -> tuple["Node", ...]:
        """All nodes there can be: their routes are laid before they are there."""
        return tuple(Node(self, number) for number in (1, 2, 3))

    def node(self, name: str) -> "Node":
        """Raises :class:`Failed` for a name that no node can have."""
        for node in self.nodes():
            if node.name == name:
                return node
        raise Failed(f"There is no {name}: {', '.join(node.name for node in self.nodes())} can be.")


@dataclass(frozen=True)
class Node:
    """One node: a network, mount and process namespace of this machine."""

    place: Place
    number: int

    @property
    def name(self) -> str:
        return f"node-{self.number}"

    @property
    def folder(self) -> Path:
        return self.place.folder / self.name

    @property
    def address(self) -> str:
        return f"{self.place.prefix}.0.{10 + self.number}"

    @property
    def pods(self) -> str:
        """The range of its pods' addresses."""
        return f"{self.place.prefix}.{10 + self.number}.0/24"

    @property
    def link(self) -> str:
        """The host's end of its cable: 15 characters at most."""
        return f"moor{self.place.layout.slot}-{self.name}"

    @property
    def cgroup(self) -> str:
        return f"moorage{self.place.layout.slot}-{self.name}"
