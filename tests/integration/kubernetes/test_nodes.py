"""What becomes of a workspace when its node, its volume's node or the API server goes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from moorage.drivers.kubernetes.causes.cause import Cause
from moorage.drivers.kubernetes.known import Known, Plan
from tests.integration.kubernetes.conftest import ROOT, Place

pytestmark = [
    pytest.mark.serial,
    pytest.mark.full,  # minutes of a cluster's own patience, which a loaded machine stretches
    # Connections are cut off here in every way; Python tells of one that it closes itself.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

HOOK = b"F/\nGonCreateCommand:0\nMonce\nKonCreateCommand:0\nHx\nAsh\nA-c\nAecho ran >> /tmp/ran\ngo\n"
PATIENT = {"tolerations": [{"operator": "Exists", "effect": "NoExecute"}]}


async def output(place: Place, container: str, *argv: str) -> str:
    process = await place.driver.inside(container).run(argv)
    found = b"".join([data async for _, data in process.output()])
    assert await process.wait() == 0, found
    return found.decode()


async def cause(place: Place, container: str, code: str, seconds: float) -> Cause:
    """The named cause, as `why` tells it, once it can be seen."""
    found = None
    for _ in range(int(seconds / 0.5)):
        found = await place.driver.explain(container)
        if found is not None and found.code == code:
            return found
        await asyncio.sleep(0.5)
    raise AssertionError(f"not told: {code}, but {found}")


async def done(place: Place, container: str, hook: str) -> None:
    """Wait until the pod has run a hook by itself."""
    for _ in range(200):
        if hook in (await place.driver.observe(container)).journal.done:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{hook} did not run")


async def test_a_drained_node_gives_its_workspace_to_another(place: Place) -> None:
    (first,) = place.cluster.nodes()
    spec = place.spec()
    await place.up(spec, Known(remote=ROOT, plan=Plan(script=HOOK)))
    await output(place, spec.name, "sh", "-c", "mkdir -p /workspaces/app; echo kept > /workspaces/app/file")
    with place.cluster.second_node() as second:
        try:
            words = ("--pod-selector", f"dev.moorage.id={spec.workspace}", "--force")
            place.cluster.kubectl("cordon", first)
            await asyncio.sleep(1)  # the scheduler hears of it by and by; kubectl evicts at once
            place.cluster.kubectl("drain", first, *words, "--delete-emptydir-data")
            await place.driver.start(spec.name)
            assert place.pod(spec)["spec"]["nodeName"] == second
            assert await output(place, spec.name, "cat", "/workspaces/app/file") == "kept\n"
            await done(place, spec.name, "onCreateCommand:0")
            assert await output(place, spec.name, "cat", "/tmp/ran") == "ran\n"
        finally:
            place.cluster.kubectl("uncordon", first)
            await place.driver.delete(spec.workspace)


async def test_a_node_without_power_is_told_and_its_workspace_comes_back(place: Place) -> None:
    with place.cluster.second_node() as second:
        place.with_options(
            nodeSelector=f"kubernetes.io/hostname={second}", podTemplate=json.dumps({"spec": PATIENT})
        )
        spec = place.spec()
        await place.up(spec, Known(remote=ROOT, plan=Plan(script=HOOK)))
        await output(
            place, spec.name, "sh", "-c", "mkdir -p /workspaces/app; echo kept > /workspaces/app/file"
        )
        with place.cluster.power_cut(second):
            told = await cause(place, spec.name, "node-gone", 60)
            assert second in told.sentence
            assert told.hint
        for _ in range(240):
            seen = await place.driver.observe(spec.name)
            if seen.container and seen.container.state == "running":
                break
            await asyncio.sleep(0.5)
        assert await output(place, spec.name, "cat", "/workspaces/app/file") == "kept\n"
        await done(place, spec.name, "onCreateCommand:0")
        await place.driver.delete(spec.workspace)


async def test_a_volume_that_another_node_still_has_is_told(place: Place) -> None:
    """A driver for volumes that only this test knows: it attaches where the test says so."""
    (first,) = place.cluster.nodes()
    spec = place.spec()
    name = f"volume-{spec.workspace}"
    holder = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "holder"},
        "spec": {
            "nodeName": first,
            "containers": [{"name": "c", "image": "busybox", "command": ["sleep", "600"]}],
            "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": f"moorage-{spec.workspace}"}}],
        },
    }
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": name,
            "persistentVolumeReclaimPolicy": "Delete",
            "claimRef": {"name": f"moorage-{spec.workspace}", "namespace": place.namespace},
            "csi": {"driver": "moorage-test.example.com", "volumeHandle": name},
        },
    }
    kinds: list[dict[str, Any]] = [
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": name},
            "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": "Immediate",
        },
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "CSIDriver",
            "metadata": {"name": "moorage-test.example.com"},
            "spec": {"attachRequired": True},
        },
        volume,
    ]
    place.cluster.apply("default", *kinds)
    kubectl = place.cluster.kubectl
    try:
        place.with_options(storageClass=name, schedulingTimeout="60", podTimeout="60")
        await place.driver.create(spec, place.facts, Known(remote=ROOT))
        place.cluster.apply(place.namespace, holder)
        for _ in range(100):
            found = place.cluster.get("default", "volumeattachments")
            ours = [each for each in found if each["spec"]["source"].get("persistentVolumeName") == name]
            if ours:
                break
            await asyncio.sleep(0.2)
        attachment = ours[0]["metadata"]["name"]
        attached = json.dumps({"status": {"attached": True}})
        kubectl(
            "patch", "volumeattachment", attachment, "--subresource=status", "--type=merge", "-p", attached
        )
        with place.cluster.second_node() as second:
            place.with_options(
                storageClass=name, podTimeout="90", nodeSelector=f"kubernetes.io/hostname={second}"
            )
            await place.driver.remove(spec.name)
            await place.driver.create(spec, place.facts, Known(remote=ROOT))
            starting = asyncio.create_task(place.driver.start(spec.name))
            told = await cause(place, spec.name, "volume-elsewhere", 60)
            assert told.evidence
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            kubectl("--namespace", place.namespace, "delete", "pod", "holder", "--force", "--grace-period=0")
            await place.driver.delete(spec.workspace)
    finally:
        for kind in (
            "csidriver/moorage-test.example.com",
            f"storageclass/{name}",
            f"persistentvolume/{name}",
        ):
            kubectl("delete", kind, "--wait=false", "--ignore-not-found")
        for each in place.cluster.get("default", "volumeattachments"):
            if each["spec"]["source"].get("persistentVolumeName") == name:
                kubectl("patch", "volumeattachment", each["metadata"]["name"], "--type=merge",
                        "-p", '{"metadata":{"finalizers":null}}', check=False)  # fmt: skip
                kubectl("delete", "volumeattachment", each["metadata"]["name"], "--wait=false", check=False)
        kubectl("patch", f"persistentvolume/{name}", "--type=merge",
                "-p", '{"metadata":{"finalizers":null}}', check=False)  # fmt: skip


async def test_an_api_server_that_restarts_in_the_middle_is_ridden_out(place: Place) -> None:
    spec = place.spec()
    await place.driver.create(spec, place.facts, Known(remote=ROOT))
    starting = asyncio.create_task(place.driver.start(spec.name))
    await asyncio.sleep(0.2)

    def away() -> None:
        with place.cluster.api_server_gone():
            pass

    await asyncio.to_thread(away)
    await starting
    assert await output(place, spec.name, "echo", "here") == "here\n"
