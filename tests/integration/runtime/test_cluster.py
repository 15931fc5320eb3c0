"""The runtime in pods: as an image volume, and copied by an init container; under restricted pod security."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from moorage.oci.client import Client
from moorage.oci.configuration import Registries
from moorage.oci.manifest import OCI_MANIFEST, Index, Manifest
from moorage.oci.reference import parse
from moorage.runtime.delivery import in_pod, mounts_images
from moorage.runtime.image import INSIDE
from moorage.runtime.recipe import ROOT
from scripts.engines.provision import Runtime
from tests.cluster.cluster import Cluster

IMAGE = "busybox:latest"
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 4321,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


@pytest.fixture
async def image(cluster: Cluster, runtime: Runtime) -> str:
    """The runtime's image in a registry of the cluster, by digest."""
    (archive,) = runtime.folder.glob("*-amd64.oci.tar")
    repository = f"{cluster.registry}/moorage-test/runtime"
    async with Client(Registries(insecure=frozenset({cluster.registry}))) as client:
        return f"{repository}@{await pushed(archive, repository, client)}"


@pytest.mark.parametrize("mounted", [True, False], ids=["image volume", "init container"])
async def test_a_pod_of_any_image_has_it(cluster: Cluster, image: str, mounted: bool) -> None:
    if mounted and not mounts_images(*versions(cluster)):
        pytest.skip("this cluster has no image volumes")
    with cluster.namespace({"pod-security.kubernetes.io/enforce": "restricted"}) as namespace:
        cluster.apply(namespace, pod(image, mounted=mounted))
        cluster.wait(namespace, "pod/probe", "jsonpath={.status.phase}=Succeeded", seconds=180)
        said = json.loads(cluster.kubectl("--namespace", namespace, "logs", "probe"))
    assert (said["root"], said["parts"], said["user"]) == (ROOT, ["base", "git"], 4321)


def pod(image: str, *, mounted: bool) -> dict[str, Any]:
    """As a driver makes it: what `in_pod` gives, and the security of its own containers."""
    given = in_pod(image, mounted=mounted)
    probe = {
        "name": "probe",
        "image": IMAGE,
        "command": [INSIDE, "check"],
        "volumeMounts": [given.mount],
        "securityContext": RESTRICTED,
    }
    spec: dict[str, Any] = {"restartPolicy": "Never", "containers": [probe], "volumes": [given.volume]}
    if given.init is not None:
        spec["initContainers"] = [{**given.init, "securityContext": RESTRICTED}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}, "spec": spec}


def versions(cluster: Cluster) -> tuple[str, list[str]]:
    server = json.loads(cluster.kubectl("version", "--output=json"))["serverVersion"]["gitVersion"]
    nodes = json.loads(cluster.kubectl("get", "nodes", "--output=json"))["items"]
    return server, [node["status"]["nodeInfo"]["containerRuntimeVersion"] for node in nodes]


async def pushed(archive: Path, repository: str, client: Client) -> str:
    """Push an image layout; its digest."""
    with tarfile.open(archive) as opened:

        def content(name: str) -> bytes:
            stream = opened.extractfile(name)
            assert stream is not None
            return stream.read()

        top = msgspec.json.decode(content("index.json"), type=Index).manifests[0].digest
        manifest = content(f"blobs/{top.replace(':', '/')}")
        decoded = msgspec.json.decode(manifest, type=Manifest)
        reference = parse(f"{repository}@{top}")
        for each in (decoded.config, *decoded.layers):
            await client.upload_blob(reference, each, content(f"blobs/{each.digest.replace(':', '/')}"))
    await client.put_manifest(reference, manifest, OCI_MANIFEST)
    return top
