"""The cluster of the tests is a real one: what the driver and its builds need of a cluster works on it."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts.cluster import images
from scripts.cluster.place import Place
from scripts.engines.layout import REPOSITORY, Layout
from tests.cluster.cluster import Cluster

BUSYBOX = "busybox:latest"
SLEEP = {"command": ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done"]}
ANOTHER_SLOT = 37
CLAIM: Mapping[str, Any] = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
DATA = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}


def test_a_pod_with_a_claim_runs_and_takes_commands(cluster: Cluster, namespace: str) -> None:
    container = {**SLEEP, "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    cluster.apply(namespace, CLAIM, pod("one", container, volumes=[DATA]))
    cluster.wait(namespace, "pod/one", "condition=Ready")

    exec_in(cluster, namespace, "one", "sh", "-c", "echo kept > /data/file")

    assert exec_in(cluster, namespace, "one", "cat", "/data/file") == "kept"
    assert cluster.get(namespace, "pvc", "data")["status"]["phase"] == "Bound"


def test_the_group_of_the_pod_owns_its_claim(cluster: Cluster, namespace: str) -> None:
    user = {"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000}
    container = {**SLEEP, "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    cluster.apply(namespace, CLAIM, pod("one", container, volumes=[DATA], securityContext=user))
    cluster.wait(namespace, "pod/one", "condition=Ready")

    assert (
        exec_in(cluster, namespace, "one", "sh", "-c", "touch /data/mine && stat -c %u:%g /data/mine")
        == "1000:1000"
    )


def test_a_service_has_a_name_and_answers(cluster: Cluster, namespace: str) -> None:
    server = {
        "command": ["sh", "-c", "mkdir /www && echo served > /www/index.html && httpd -f -p 8080 -h /www"]
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "server"}, "ports": [{"port": 80, "targetPort": 8080}]},
    }
    cluster.apply(namespace, pod("server", server), service, pod("client", SLEEP))
    for name in ("server", "client"):
        cluster.wait(namespace, f"pod/{name}", "condition=Ready")
    address = f"http://web.{namespace}.svc.cluster.local"
    fetch = f"for i in 1 2 3 4 5 6 7 8 9; do wget -qO- {address} && exit; sleep 1; done"

    assert exec_in(cluster, namespace, "client", "sh", "-c", fetch) == "served"
    # Names that do not exist are known not to at once.
    assert exec_in(
        cluster, namespace, "client", "sh", "-c", "nslookup nowhere.example || echo none"
    ).endswith("none")


def test_a_pod_reaches_the_registry_and_the_api_server(cluster: Cluster, namespace: str) -> None:
    cluster.apply(namespace, pod("one", SLEEP))
    cluster.wait(namespace, "pod/one", "condition=Ready")
    api_server = "nc -w 5 kubernetes.default.svc 443 < /dev/null"
    script = f"wget -qO- http://{cluster.registry}/v2/ && {api_server} && echo reached"

    assert exec_in(cluster, namespace, "one", "sh", "-c", script).endswith("reached")


def test_a_volume_is_an_image(cluster: Cluster, namespace: str) -> None:
    container = {**SLEEP, "volumeMounts": [{"name": "image", "mountPath": "/image", "readOnly": True}]}
    volume = {"name": "image", "image": {"reference": "moorage-test/static:latest"}}
    cluster.apply(namespace, pod("one", container, volumes=[volume]))
    cluster.wait(namespace, "pod/one", "condition=Ready")

    assert exec_in(cluster, namespace, "one", "ls", "/image") == "sleep"


def test_a_pod_has_users_of_its_own(cluster: Cluster, namespace: str) -> None:
    container = {**SLEEP, "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    cluster.apply(namespace, CLAIM, pod("one", container, volumes=[DATA], hostUsers=False))
    cluster.wait(namespace, "pod/one", "condition=Ready")

    first = exec_in(cluster, namespace, "one", "cat", "/proc/self/uid_map").split()
    assert first[0] == "0"
    assert int(first[1]) > 0
    assert exec_in(cluster, namespace, "one", "sh", "-c", "touch /data/x && stat -c %u /data/x") == "0"


@pytest.mark.parametrize("kind", ["privileged", "with users of its own", "rootless"])
def test_buildkit_builds_and_pushes(cluster: Cluster, namespace: str, kind: str) -> None:
    make = {"privileged": privileged_buildkit, "with users of its own": namespaced_buildkit}
    cluster.apply(namespace, settings_of_buildkit(cluster), make.get(kind, rootless_buildkit)())
    cluster.wait(namespace, "pod/buildkit", "condition=Ready")
    name = f"{cluster.registry}/{namespace}/built:1"
    dockerfile = f"FROM {BUSYBOX}\nRUN echo built > /file\n"
    build = (
        f"mkdir /tmp/in && printf %s '{dockerfile}' > /tmp/in/Dockerfile && "
        "buildctl build --frontend dockerfile.v0 --local context=/tmp/in --local dockerfile=/tmp/in "
        f"--output type=image,name={name},push=true"
    )

    exec_in(cluster, namespace, "buildkit", "sh", "-c", build)

    cluster.apply(namespace, pod("one", SLEEP, image=name))
    cluster.wait(namespace, "pod/one", "condition=Ready")
    assert exec_in(cluster, namespace, "one", "cat", "/file") == "built"


def test_an_image_behind_a_login_wants_the_login(cluster: Cluster, namespace: str) -> None:
    image = f"{cluster.auth_registry}/moorage-test/private:latest"
    login = [f"--docker-server={cluster.auth_registry}", f"--docker-username={cluster.user}",
             f"--docker-password={cluster.password}"]  # fmt: skip
    cluster.kubectl("-n", namespace, "create", "secret", "docker-registry", "login", *login)
    cluster.apply(
        namespace,
        pod("without", SLEEP, image=image),
        pod("with", SLEEP, image=image, imagePullSecrets=[{"name": "login"}]),
    )
    cluster.wait(namespace, "pod/with", "condition=Ready")

    waiting = "jsonpath={.status.containerStatuses[0].state.waiting.reason}"
    cluster.wait(namespace, "pod/without", waiting)
    state = cluster.get(namespace, "pod", "without")["status"]["containerStatuses"][0]["state"]
    assert state["waiting"]["reason"] in ("ErrImagePull", "ImagePullBackOff")


def test_a_registry_may_have_an_authority_of_its_own(cluster: Cluster, namespace: str) -> None:
    cluster.apply(namespace, pod("one", SLEEP, image=f"{cluster.tls_registry}/library/{BUSYBOX}"))
    cluster.wait(namespace, "pod/one", "condition=Ready")

    address = f"https://{cluster.tls_registry}/v2/"
    with urllib.request.urlopen(
        address, context=ssl.create_default_context(cafile=cluster.authority)
    ) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(address)


@pytest.mark.serial
def test_a_drained_node_s_pod_comes_up_on_the_other(cluster: Cluster, namespace: str) -> None:
    container = {
        "name": "main",
        "image": BUSYBOX,
        **SLEEP,
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "work"},
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": {"app": "work"}},
            "template": {
                "metadata": {"labels": {"app": "work"}},
                "spec": {"containers": [container], "volumes": [DATA], "terminationGracePeriodSeconds": 1},
            },
        },
    }
    cluster.apply(namespace, CLAIM, deployment)
    cluster.wait(namespace, "deployment/work", "condition=Available")
    exec_in(cluster, namespace, "deployment/work", "sh", "-c", "echo kept > /data/file")
    (first,) = cluster.nodes()
    with cluster.second_node() as second:
        try:
            cluster.kubectl("drain", first, "--pod-selector=app=work", "--force", "--delete-emptydir-data")
            cluster.wait(namespace, "deployment/work", "condition=Available")
            (moved,) = cluster.get(
                namespace, "pods", "--selector=app=work", "--field-selector=status.phase=Running"
            )
            assert moved["spec"]["nodeName"] == second
            assert exec_in(cluster, namespace, "deployment/work", "cat", "/data/file") == "kept"
        finally:
            cluster.kubectl("uncordon", first)
            cluster.kubectl("-n", namespace, "delete", "deployment", "work")
    assert cluster.nodes() == [first]


@pytest.mark.serial
def test_a_pod_comes_back_after_a_power_cut(cluster: Cluster, namespace: str) -> None:
    container = {**SLEEP, "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    with cluster.second_node() as second:
        patient = [{"operator": "Exists", "effect": "NoExecute"}]  # nobody evicts it, however long that takes
        made = pod("one", container, volumes=[DATA], nodeName=second, tolerations=patient)
        cluster.apply(namespace, CLAIM, made)
        cluster.wait(namespace, "pod/one", "condition=Ready")
        exec_in(cluster, namespace, "one", "sh", "-c", "echo kept > /data/file")
        with cluster.power_cut(second):
            assert (
                cluster.run("-n", namespace, "exec", "one", "--request-timeout=2s", "--", "true").returncode
                != 0
            )
        restarted = "jsonpath={.status.containerStatuses[0].restartCount}=1"
        cluster.wait(namespace, "pod/one", restarted)
        cluster.wait(namespace, "pod/one", "condition=Ready")
        assert exec_in(cluster, namespace, "one", "cat", "/data/file") == "kept"
        cluster.kubectl("-n", namespace, "delete", "pod", "one")


@pytest.mark.serial
def test_the_api_server_can_be_away(cluster: Cluster, namespace: str) -> None:
    cluster.apply(namespace, pod("one", SLEEP))
    cluster.wait(namespace, "pod/one", "condition=Ready")
    with cluster.api_server_gone():
        assert cluster.run("get", "nodes", "--request-timeout=2s").returncode != 0

    assert exec_in(cluster, namespace, "one", "echo", "back") == "back"


@pytest.mark.serial
def test_a_cluster_goes_without_a_trace(cluster: Cluster) -> None:
    if not cluster.found.ours:
        pytest.skip("only our own cluster is ended")
    place = Place(Layout(cluster.layout.cache, ANOTHER_SLOT))
    before = traces(place)
    try:
        run("up", place)
        kubeconfig = json.loads(run("env", place, "--json"))["kubeconfig"]
        other = Cluster(place.layout, replace(cluster.found, kubeconfig=kubeconfig))
        with other.namespace() as name:
            other.apply(name, CLAIM, pod("one", {**SLEEP}, volumes=[DATA], hostUsers=False))
            other.wait(name, "pod/one", "condition=Ready")
            assert traces(place) != before
            run("down", place)
            other.kubectl = lambda *_, **__: ""  # type: ignore[method-assign]  # the namespace is gone with it
    finally:
        run("down", place)

    assert traces(place) == before


def pod(
    name: str, container: Mapping[str, Any], *, image: str = BUSYBOX, **further: object
) -> dict[str, Any]:
    """A pod of one container; ``further`` are fields of its spec."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "containers": [{"name": "main", "image": image, **container}],
            "terminationGracePeriodSeconds": 1,
            **further,
        },
    }


def settings_of_buildkit(cluster: Cluster) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "buildkit"},
        "data": {"buildkitd.toml": images.settings(cluster.registry)},
    }


def privileged_buildkit() -> dict[str, Any]:
    return buildkit({"privileged": True})


def namespaced_buildkit() -> dict[str, Any]:
    """Root with every capability, in the pod's own user namespace."""
    rights = {
        "procMount": "Unmasked",
        "seccompProfile": {"type": "Unconfined"},
        "capabilities": {"add": ["ALL"]},
    }
    return buildkit(rights, hostUsers=False)


def rootless_buildkit() -> dict[str, Any]:
    """A user without privileges, who makes a user namespace himself: that takes system calls and setuid."""
    rights = {"seccompProfile": {"type": "Unconfined"}, "runAsUser": 1000, "runAsGroup": 1000}
    flags = ["--oci-worker-no-process-sandbox"]
    return buildkit(rights, tag=":rootless", home="/home/user/.config", flags=flags,
                    state="/home/user/.local/share/buildkit")  # fmt: skip


def buildkit(
    rights: Mapping[str, object],
    *,
    tag: str = "",
    home: str = "/etc",
    state: str = "/var/lib/buildkit",
    flags: Sequence[str] = (),
    **further: object,
) -> dict[str, Any]:
    container = {
        "args": ["--oci-worker-net=host", *flags],
        "securityContext": rights,
        "readinessProbe": {"exec": {"command": ["buildctl", "debug", "workers"]}, "periodSeconds": 1},
        "volumeMounts": [
            {"name": "settings", "mountPath": f"{home}/buildkit"},
            {"name": "state", "mountPath": state},
        ],
    }
    volumes = [{"name": "settings", "configMap": {"name": "buildkit"}}, {"name": "state", "emptyDir": {}}]
    return pod("buildkit", container, image=images.BUILDKIT + tag, volumes=volumes, **further)


def exec_in(cluster: Cluster, namespace: str, name: str, *command: str) -> str:
    return cluster.kubectl("--namespace", namespace, "exec", name, "--", *command)


def run(command: str, place: Place, *flags: str) -> str:
    """One command of scripts/cluster on a slot that is not the tests'."""
    given = ("KUBECONFIG", "MOORAGE_TEST_KUBECONFIG")
    environment = {name: value for name, value in os.environ.items() if name not in given}
    slot = {"MOORAGE_ENGINES": str(place.layout.cache), "MOORAGE_ENGINES_SLOT": str(place.layout.slot)}
    words = [sys.executable, "-m", "scripts.cluster", command, *flags]
    done = subprocess.run(
        words, cwd=REPOSITORY, env={**environment, **slot}, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def traces(place: Place) -> dict[str, list[str]]:
    """What the machine has of the cluster: processes, mounts, links, routes, cgroups, files, rules."""
    marks = (str(place.folder), place.bridge, f"moorage{place.layout.slot}-", f"{place.prefix}.")
    found = {
        "processes": [
            path.read_bytes().decode(errors="replace") for path in Path("/proc").glob("[0-9]*/cmdline")
        ],
        "mounts": Path("/proc/self/mounts").read_text().splitlines(),
        "links": said("ip", "-oneline", "link", "show"),
        "routes": said("ip", "route", "show", "table", "all"),
        "namespaces": said("ip", "netns", "list"),
        "rules": said("nft", "list", "ruleset"),
        "cgroups": [str(path) for path in Path("/sys/fs/cgroup").glob("*/*")],
        "files": [
            str(path) for path in (place.layout.state, place.layout.runtime, place.folder) if path.exists()
        ],
    }
    kept = {
        kind: [line for line in lines if any(mark in line for mark in marks)] for kind, lines in found.items()
    }
    return {**kept, "files": found["files"]}


def said(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
