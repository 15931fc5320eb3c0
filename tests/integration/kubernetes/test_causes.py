"""Each cause as a real cluster shows it, named within seconds. `record` keeps what it looked like."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from moorage.drivers.kubernetes.errors import WorkspaceFailed
from moorage.drivers.kubernetes.known import Known
from moorage.git.clone import CloneProgram
from moorage.spec import names
from moorage.spec.run import Content, RunSpec
from tests.integration.kubernetes.conftest import ROOT, Place

NEAR_NOBODY = {
    "podAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"no": "one"}}}
        ]
    }
}
RECORDED = Path(__file__).parents[2] / "unit" / "drivers" / "kubernetes" / "recorded"


def keep(place: Place, spec: RunSpec, code: str) -> None:
    """With MOORAGE_RECORD set: the objects at this moment, for the unit tests."""
    if not os.environ.get("MOORAGE_RECORD"):
        return
    selector = f"--selector={names.ID}={spec.workspace}"
    found = {
        "pods": place.cluster.get(place.namespace, "pods", selector),
        "claims": place.cluster.get(place.namespace, "persistentvolumeclaims", selector),
        "deployments": place.cluster.get(place.namespace, "deployments", selector),
        "events": [
            each
            for each in place.cluster.get(place.namespace, "events")
            if spec.workspace in each["involvedObject"]["name"]
        ],
    }
    RECORDED.mkdir(exist_ok=True)
    text = json.dumps(small(found), sort_keys=True)
    RECORDED.joinpath(f"{code}.json").write_text(text.replace(place.namespace, "workspaces") + "\n")


KEPT = {
    "metadata": ("name", "uid", "creationTimestamp", "deletionTimestamp", "generation"),
    "spec": ("nodeName", "replicas", "storageClassName", "volumeName"),
    "involvedObject": ("kind", "name", "uid"),
    "source": (),
}


def small(found: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Of most parts only what causes are read from; the status whole."""
    return {kind: [_small(each) for each in several] for kind, several in found.items()}


def _small(found: dict[str, Any]) -> dict[str, Any]:
    parts = {
        part: {key: found[part][key] for key in keys if key in found[part]}
        for part, keys in KEPT.items()
        if part in found
    }
    return {**found, **parts}


async def refused(
    place: Place, spec: RunSpec, code: str, known: Known | None = None, *, told: bool = True
) -> WorkspaceFailed:
    """`told`: the cluster's objects show the cause, and not only an answer to a request."""
    with pytest.raises(WorkspaceFailed) as caught:
        await place.up(spec, known)
    if told:
        keep(place, spec, code)
    assert caught.value.cause == code, (caught.value.message, caught.value.evidence)
    assert caught.value.evidence
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("docker.io/library/no-such-image:1", "image-missing"),
        ("UPPER/case::bad", "image-name"),
    ],
)
async def test_images(place: Place, image: str, code: str) -> None:
    await refused(place, place.spec(image=image), code)


async def test_a_private_image(place: Place) -> None:
    image = f"{place.cluster.auth_registry}/moorage-test/private:latest"
    await refused(place, place.spec(image=image), "image-private")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"resources": "requests.cpu=1000"}, "unschedulable-cpu"),
        ({"resources": "requests.memory=1000Ti"}, "unschedulable-memory"),
        ({"resources": "limits.example.com/gpu=1"}, "unschedulable-device"),
        ({"nodeSelector": "disk=none"}, "unschedulable-selector"),
        ({"architecture": "s390x"}, "unschedulable-selector"),
        ({"podTemplate": json.dumps({"affinity": NEAR_NOBODY})}, "unschedulable-selector"),
        ({"serviceAccount": "nobody-here"}, "service-account-missing"),
        ({"runtimeClass": "none-such"}, "runtime-class-missing"),
        ({"storageClass": "none-such"}, "storage-class-missing"),
    ],
)  # fmt: skip
async def test_options_that_no_node_fits(place: Place, given: dict[str, str], code: str) -> None:
    place.with_options(**given, schedulingTimeout="3", podTimeout="40")
    await refused(place, place.spec(), code)


@pytest.mark.parametrize(
    ("name", "kind", "spec", "given", "code"),
    [
        ("few", "ResourceQuota", {"hard": {"pods": "0"}}, {}, "quota"),
        ("limits", "ResourceQuota", {"hard": {"limits.cpu": "1"}}, {}, "quota-unspecified"),
        ("claims", "ResourceQuota", {"hard": {"persistentvolumeclaims": "0"}}, {}, "quota"),
        (
            "range",
            "LimitRange",
            {"limits": [{"type": "Container", "max": {"memory": "64Mi"}}]},
            {"resources": "limits.memory=1Gi"},
            "limit-range",
        ),
    ],
)
async def test_quotas_and_limits(
    place: Place, name: str, kind: str, spec: dict[str, Any], given: dict[str, str], code: str
) -> None:
    place.cluster.apply(
        place.namespace, {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    )
    await asyncio.sleep(1)  # the quota's controller has to have counted
    place.with_options(**given, podTimeout="30")
    await refused(place, place.spec(), code, told=name != "claims")


async def test_pod_security(place: Place) -> None:
    place.cluster.kubectl(
        "label", "namespace", place.namespace, "pod-security.kubernetes.io/enforce=baseline", "--overwrite"
    )
    await refused(place, place.spec(privileged=True), "pod-security")


async def test_a_process_that_ends_again_and_again(place: Place) -> None:
    spec = place.spec(override_command=False)
    known = Known(remote=ROOT, command=("/bin/sh", "-c", "echo last words; exit 3"))
    error = await refused(place, spec, "crash-loop", known)
    assert any("last words" in line for line in error.evidence)


async def test_memory_that_is_not_enough(place: Place) -> None:
    place.with_options(resources="limits.memory=16Mi")
    spec = place.spec(override_command=False)
    known = Known(remote=ROOT, command=("/bin/sh", "-c", "exec tail /dev/zero"))
    await refused(place, spec, "out-of-memory", known)


async def test_a_clone_that_fails(place: Place) -> None:
    said = "fatal: could not read Username for 'https://git.example': terminal prompts disabled"
    program = CloneProgram(
        argv=("/bin/sh", "-c", f'echo "{said}" >&2; exit 128'),
        environment=(),
        stdin=b"end\n",
        needs_ssh_agent=False,
        ssh_agent=None,
        host_paths=(),
        needs_host_network=False,
    )
    place.with_options(gitImage="docker.io/library/busybox:latest")
    spec = place.spec(content=Content(kind="clone", source="https://git.example/a", target="/workspaces/app"))
    error = await refused(place, spec, "clone-failed", Known(remote=ROOT, clone=program))
    assert any(said in line for line in error.evidence)


async def test_a_container_before_ours_that_fails(place: Place) -> None:
    template = {
        "initContainers": [
            {"name": "setup", "image": "docker.io/library/busybox:latest", "command": ["false"]}
        ]
    }
    place.with_options(podTemplate=json.dumps(template))
    await refused(place, place.spec(), "init-container")


async def test_a_secret_that_is_not_there(place: Place) -> None:
    template = {"containers": [{"name": "devcontainer", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "nope", "key": "x"}}}]}]}  # fmt: skip # noqa: E501
    place.with_options(podTemplate=json.dumps(template))
    await refused(place, place.spec(), "mount-missing")


async def test_a_user_that_may_not_be_root(place: Place) -> None:
    place.with_options(securityContext='{"runAsNonRoot": true}')
    await refused(place, place.spec(), "run-as-root")


async def test_an_image_without_a_shell(place: Place) -> None:
    spec = place.spec(image="docker.io/moorage-test/static:latest")
    await refused(place, spec, "no-shell")
