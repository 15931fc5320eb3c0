"""gc in a cluster: what building left there, by people with the rights that are printed for it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from moorage.drivers.kubernetes.opening import opened
from moorage.drivers.kubernetes.options import Options
from moorage.workspace import clustergc
from tests.cluster.cluster import Cluster
from tests.integration.kubernetes.test_builds import Builder, builder

LABELS = {"app.kubernetes.io/managed-by": "moorage", "dev.moorage.role": "builder"}


@pytest.fixture
def person(cluster: Cluster, namespace: str, tmp_path: Path) -> Builder:
    return builder(cluster, namespace, tmp_path)


def pod(name: str, script: str) -> dict[str, object]:
    container = {"name": "c", "image": "docker.io/library/busybox:latest", "command": ["sh", "-c", script]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": LABELS},
        "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": [container]},
    }


def lease(name: str, renewed: str) -> dict[str, object]:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "labels": LABELS},
        "spec": {"holderIdentity": "elsewhere/1", "renewTime": renewed},
    }


def claim(name: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "labels": LABELS},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    }


def applied(person: Builder, *manifests: dict[str, object]) -> None:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    person.cluster.kubectl("--namespace", person.namespace, "apply", "--filename=-", stdin=text)


def names(person: Builder, kinds: str) -> list[str]:
    selector = "--selector=dev.moorage.role=builder"
    found = person.cluster.kubectl("--namespace", person.namespace, "get", kinds, selector, "--output=name")
    return sorted(each.rpartition("/")[2] for each in found.split())


def test_ended_builders_and_dead_leases_go(person: Builder) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())
    running, ended = pod("running", "sleep 60"), pod("ended", "true")
    applied(person, running, ended, lease("dead", "2020-01-01T00:00:00.000000Z"), lease("alive", now))
    waiting = ("--namespace", person.namespace, "wait", "--timeout=60s")
    person.cluster.kubectl(*waiting, "pod/ended", "--for=jsonpath={.status.phase}=Succeeded")
    there = names(person, "pods,leases")

    foreseen = person.ok("gc", "--dry-run", "--output", "json").json()
    assert [each["name"].rpartition("/")[2] for each in foreseen["removed"]] == ["ended", "dead"]
    assert names(person, "pods,leases") == there == ["alive", "dead", "ended", "running"]

    said = person.ok("gc")
    assert f"removed builder {person.namespace}/ended" in said.stdout
    assert names(person, "pods,leases") == ["alive", "running"]
    assert "There is nothing to remove." in person.ok("gc").stdout


async def test_the_cache_of_a_builder_that_is_gone_goes_if_asked(person: Builder) -> None:
    applied(person, claim("left"), claim("used"), pod("used", "sleep 60"))
    options = Options(config=person.cli.env["KUBECONFIG"], namespace=person.namespace)
    async with opened(options, dict(os.environ), "/root", lambda _: None) as driver:
        later = time.time() + 7200
        seen = await clustergc.look(driver.cluster, (person.namespace, person.namespace), later)
        assert clustergc.decide(seen, caches=False) == ()
        done = await clustergc.remove(driver.cluster, clustergc.decide(seen, caches=True))
    assert [(each.kind, each.name) for each in done.removed] == [("build-cache", f"{person.namespace}/left")]
    assert names(person, "persistentvolumeclaims") == ["used"]
