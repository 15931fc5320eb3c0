"""A Deployment told in the words of Docker's API, and cases that cannot be asked of one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.case import Case, Step
from tests.conformance.podwords import docker_words, unanswerable


def deployment(**container: Any) -> dict[str, Any]:
    pod = {
        "shareProcessNamespace": True,
        "hostNetwork": True,
        "volumes": [
            {"name": "files", "persistentVolumeClaim": {"claimName": "x"}},
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "80Mi"}},
        ],
        "containers": [{"name": "devcontainer", "image": "docker.io/library/busybox@sha256:1", **container}],
    }
    return {"spec": {"replicas": 1, "template": {"metadata": {"annotations": {"b": "2"}}, "spec": pod}}}


def test_what_a_pod_is_told_in_the_words_of_docker() -> None:
    security = {
        "privileged": True,
        "capabilities": {"add": ["SYS_PTRACE"]},
        "seccompProfile": {"type": "Unconfined"},
    }
    mounts = [{"name": "files", "mountPath": "/workspaces"}, {"name": "shm", "mountPath": "/dev/shm"}]
    words = docker_words(
        deployment(
            securityContext=security, volumeMounts=mounts, resources={"limits": {"memory": "268435456"}}
        ),
        {"a": "1"},
        {"WORD": "x"},
    )
    assert words["State"] == {"Running": True}
    assert words["Config"] == {
        "Image": "docker.io/library/busybox",
        "Env": ["WORD=x"],
        "Labels": {"a": "1", "b": "2"},
    }
    host = words["HostConfig"]
    assert (host["Init"], host["Privileged"], host["NetworkMode"]) == (True, True, "host")
    assert (host["CapAdd"], host["SecurityOpt"]) == (["SYS_PTRACE"], ["seccomp=unconfined"])
    assert (host["Memory"], host["ShmSize"]) == (256 << 20, 80 << 20)
    assert words["Mounts"] == [{"Destination": "/workspaces"}]


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (Step(inspect={"Config/User": "x"}), "Config.User"),
        (Step(inspect={"NetworkSettings/Ports/1~tcp/0/HostIp": "x"}), "moorage forward"),
        (Step(engine=("volume", "ls")), "claims"),
        (Step(engine=("image", "rm", "x")), "docker image"),
        (Step(read=()), "reference CLI"),
        (Step(moorage=("devcontainer", "up")), "reference CLI"),
    ],
)
def test_what_cannot_be_asked_of_a_cluster_has_a_reason(step: Step, reason: str) -> None:
    assert reason in unanswerable(Case(name="x", shows=(), steps=(step,)))


@pytest.mark.parametrize(
    "step",
    [
        Step(inspect={"Config/Labels/a": "x", "HostConfig/Privileged": True}),
        Step(engine=("ps", "-aq", "--filter", "label=devcontainer.local_folder=/x")),
        Step(moorage=("devcontainer", "features", "package")),
        Step(inside="true"),
    ],
)
def test_the_rest_can(step: Step) -> None:
    assert unanswerable(Case(name="x", shows=(), steps=(step,))) == ""
