"""Causes around a workspace: nodes, storage, and a registry whose image is for other machines."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from moorage.drivers.kubernetes.errors import WorkspaceLate
from tests.cluster.cluster import Cluster
from tests.integration.kubernetes.conftest import Place
from tests.integration.kubernetes.test_causes import refused

DEFAULT = "storageclass.kubernetes.io/is-default-class"


@contextmanager
def made(cluster: Cluster, manifest: dict[str, Any]) -> Iterator[str]:
    """An object of the whole cluster, for the time of the block."""
    name = f"t{uuid4().hex[:12]}"
    metadata = {**manifest.get("metadata", {}), "name": name}
    cluster.apply("default", {**manifest, "metadata": metadata})
    try:
        yield name
    finally:
        cluster.kubectl("delete", manifest["kind"], name, "--wait=false")


@pytest.mark.serial
async def test_a_taint_that_the_pod_does_not_tolerate(place: Place) -> None:
    place.cluster.kubectl("taint", "nodes", "--all", "moorage.test/for=others:NoSchedule", "--overwrite")
    try:
        place.with_options(schedulingTimeout="3", podTimeout="40")
        await refused(place, place.spec(), "unschedulable-taint")
        place.with_options(tolerations='[{"key": "moorage.test/for", "operator": "Exists"}]')
        await place.up(place.spec())
    finally:
        place.cluster.kubectl("taint", "nodes", "--all", "moorage.test/for-")


async def test_a_claim_that_nobody_makes_a_volume_for(place: Place) -> None:
    """It is told at once, and waited for: somebody may be slow."""
    storage = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "provisioner": "moorage.test/nobody",
        "volumeBindingMode": "Immediate",
    }
    with made(place.cluster, storage) as name:
        place.with_options(storageClass=name, podTimeout="6")
        with pytest.raises(WorkspaceLate) as caught:
            await place.up(place.spec())
    assert any("has no volume yet" in line for line in place.said)  # long before that
    assert any("moorage.test/nobody" in line for line in caught.value.evidence)


@pytest.mark.serial
async def test_a_cluster_without_a_default_storage_class(place: Place) -> None:
    classes = place.cluster.get("default", "storageclasses")
    (name,) = [
        each["metadata"]["name"]
        for each in classes
        if each["metadata"].get("annotations", {}).get(DEFAULT) == "true"
    ]
    place.cluster.kubectl("annotate", "storageclass", name, f"{DEFAULT}=false", "--overwrite")
    try:
        place.with_options(schedulingTimeout="3", podTimeout="30")
        await refused(place, place.spec(), "no-storage-class")
    finally:
        place.cluster.kubectl("annotate", "storageclass", name, f"{DEFAULT}=true", "--overwrite")


async def test_an_image_for_other_machines(place: Place) -> None:
    repository = f"{place.namespace}/elsewhere"
    push_for_another_machine(place.cluster.registry, repository)
    await refused(
        place, place.spec(image=f"{place.cluster.registry}/{repository}:latest"), "image-architecture"
    )


def push_for_another_machine(registry: str, repository: str) -> None:
    """An index with one image, which no machine of ours can run."""
    config = json.dumps(
        {"architecture": "s390x", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}
    ).encode()
    kind = "application/vnd.oci.image"
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{kind}.manifest.v1+json",
        "config": upload(registry, repository, config) | {"mediaType": f"{kind}.config.v1+json"},
        "layers": [],
    }
    body = json.dumps(manifest).encode()
    platform = {"architecture": "s390x", "os": "linux"}
    entry = described(body) | {"mediaType": manifest["mediaType"], "platform": platform}
    put(registry, repository, described(body)["digest"], body, f"{kind}.manifest.v1+json")
    index = {"schemaVersion": 2, "mediaType": f"{kind}.index.v1+json", "manifests": [entry]}
    put(registry, repository, "latest", json.dumps(index).encode(), f"{kind}.index.v1+json")


def described(data: bytes) -> dict[str, Any]:
    return {"digest": f"sha256:{hashlib.sha256(data).hexdigest()}", "size": len(data)}


def upload(registry: str, repository: str, data: bytes) -> dict[str, Any]:
    begun = request("POST", f"http://{registry}/v2/{repository}/blobs/uploads/")
    separator = "&" if "?" in begun else "?"
    request("PUT", f"{begun}{separator}digest={described(data)['digest']}", data, "application/octet-stream")
    return described(data)


def put(registry: str, repository: str, reference: str, body: bytes, kind: str) -> None:
    request("PUT", f"http://{registry}/v2/{repository}/manifests/{reference}", body, kind)


def request(method: str, url: str, data: bytes = b"", kind: str = "") -> str:
    """The Location of the answer."""
    asked = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": kind})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(asked, timeout=30) as answer:
        return str(answer.headers.get("Location", ""))
