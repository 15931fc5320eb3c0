"""A connection to the cluster of the tests, and a pod to work in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from moorage.kube.access import Access
from moorage.kube.client import Cluster
from moorage.kube.kubeconfig import Wanted, find
from tests.cluster.cluster import Cluster as RealCluster
from tests.integration.kube.place import CONTAINER, ENVIRON


@pytest.fixture(scope="session")
def home(cluster: RealCluster) -> Iterator[str]:
    """A namespace for the pod that many tests share."""
    with cluster.namespace() as name:
        yield name


@pytest.fixture(scope="session")
def pod(cluster: RealCluster, home: str) -> str:
    """The name of a pod that runs a shell's tools and does nothing."""
    container = {
        "name": CONTAINER,
        "image": "busybox:latest",
        "command": ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done"],
    }
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1}
    cluster.apply(home, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "work"}, "spec": spec})
    cluster.wait(home, "pod/work", "condition=Ready", seconds=120)
    return "work"


@pytest.fixture
def access(cluster: RealCluster) -> Access:
    return find(Wanted(config=str(cluster.kubeconfig)), ENVIRON, "/root")


@pytest.fixture
async def kube(access: Access, namespace: str) -> AsyncIterator[Cluster]:
    """We as administrator, in a namespace of the test's own."""
    async with Cluster(msgspec.structs.replace(access, namespace=namespace), ENVIRON) as made:
        yield made


@pytest.fixture
async def at_home(access: Access, home: str) -> AsyncIterator[Cluster]:
    """We as administrator, where the shared pod is."""
    async with Cluster(msgspec.structs.replace(access, namespace=home), ENVIRON) as made:
        yield made
