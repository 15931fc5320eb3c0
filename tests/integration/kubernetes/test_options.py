"""Options that change what a pod is, on a real cluster."""

from __future__ import annotations

import json

import pytest

from moorage.drivers.kubernetes.known import Known, Login
from moorage.spec.run import Resources
from tests.cluster.account import wide_rights
from tests.integration.kubernetes.conftest import ROOT, Place
from tests.integration.kubernetes.test_driver import output


async def test_a_private_image_comes_with_the_users_own_login(place: Place) -> None:
    registry = place.cluster.auth_registry
    login = Login(registry=registry, username=place.cluster.user, password=place.cluster.password)
    spec = place.spec(image=f"{registry}/moorage-test/private:latest")
    await place.up(spec, Known(remote=ROOT, logins=(login,)))
    assert (await output(place, spec.name, "true"))[0] == 0


async def test_a_home_outlives_the_pod(place: Place) -> None:
    place.with_options(homeVolume="true", homeVolumeSize="1Gi")
    spec = place.spec()
    await place.up(spec)
    await output(place, spec.name, "sh", "-c", "echo mine > $HOME/kept", user="root")
    await place.driver.stop(spec.name)
    await place.driver.start(spec.name)
    assert (await output(place, spec.name, "cat", "/root/kept"))[1] == "mine\n"
    await place.driver.delete(spec.workspace)
    assert place.cluster.get(place.namespace, "persistentvolumeclaims") == []


async def test_a_pod_template_brings_a_sidecar(place: Place) -> None:
    sidecar = {"name": "side", "image": "docker.io/library/busybox:latest", "command": ["sleep", "1000"]}
    place.with_options(
        podTemplate=json.dumps({"containers": [sidecar]}), labels="team=a", annotations="note=b"
    )
    spec = place.spec()
    await place.up(spec)
    pod = place.pod(spec)
    assert [each["name"] for each in pod["spec"]["containers"]] == ["devcontainer", "side"]
    assert pod["metadata"]["labels"]["team"] == "a"
    assert (await output(place, spec.name, "true"))[0] == 0


async def test_users_of_its_own(place: Place) -> None:
    place.with_options(hostUsers="false")
    spec = place.spec()
    await place.up(spec)
    mapped = (await output(place, spec.name, "cat", "/proc/self/uid_map"))[1].split()
    assert mapped[0] == "0"
    assert mapped[1] != "0"


async def test_requests_and_limits_arrive(place: Place) -> None:
    place.with_options(resources="limits.memory=256Mi,requests.cpu=10m")
    spec = place.spec(
        resources=Resources(cpus=0, memory=64 * 2**20), extras=("--shm-size=8m", "--hostname=box")
    )
    await place.up(spec)
    resources = place.pod(spec)["spec"]["containers"][0]["resources"]
    assert resources == {"limits": {"memory": "256Mi"}, "requests": {"cpu": "10m", "memory": "64Mi"}}
    assert (await output(place, spec.name, "hostname"))[1] == "box\n"
    assert "8.0M" in (await output(place, spec.name, "df", "-h", "/dev/shm"))[1]


async def test_init_buries_the_dead(place: Place) -> None:
    spec = place.spec(init=True)
    await place.up(spec)
    first = (await output(place, spec.name, "cat", "/proc/1/cmdline"))[1]
    assert "start.sh" not in first


@pytest.mark.parametrize("there", [False, True])
async def test_a_namespace_is_created_where_it_is_not_there(place: Place, there: bool) -> None:
    name = place.namespace if there else f"{place.namespace}-new"
    place.with_options(createNamespace="true")
    place.driver.namespace = name
    spec = place.spec()
    try:
        with wide_rights(place.cluster, place.namespace, "--create-namespace"):
            await place.driver.create(spec, place.facts, Known(remote=ROOT))
            assert [each.workspace for each in await place.driver.list()] == [spec.workspace]
    finally:
        if not there:
            place.cluster.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")
