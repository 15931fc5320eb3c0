"""Other builders than a pod of our own, and registries that want a login or have their own authority."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from scripts.engines.provision import Engine
from tests.cluster.cluster import Cluster
from tests.integration.kubernetes.test_builds import BASE, Builder, builder, dockerfile


@pytest.fixture
def person(cluster: Cluster, namespace: str, tmp_path: Path) -> Builder:
    return builder(cluster, namespace, tmp_path)


def well(person: Builder, folder: Path) -> None:
    assert person.ok("exec", folder, "--", "cat", "/who").stdout == "it's $me\n"


def test_the_users_own_engine_builds_and_pushes(person: Builder, engine: Engine, tmp_path: Path) -> None:
    person.cli.env["DOCKER_HOST"] = engine.host
    folder = dockerfile(tmp_path / "app")
    made = person.up("-o", "builder=engine", folder)
    assert made.code == 0, made.stderr
    well(person, folder)
    assert person.builders() == []


def test_without_that_engine_it_is_said_before_anything_is_made(person: Builder, tmp_path: Path) -> None:
    refused = person.up("-o", "builder=engine", dockerfile(tmp_path / "app"))
    assert refused.code != 0
    assert "nonexistent.sock" in refused.stderr
    assert person.left() == []


def buildkitd(person: Builder, name: str) -> None:
    """A buildkitd of somebody's own, as a pod that listens on a port."""
    settings = f'[registry."{person.cluster.registry}"]\nhttp = true\n'
    settings += f'[registry."docker.io"]\nmirrors = ["{person.cluster.registry}"]\n'
    listening = "--addr tcp://0.0.0.0:1234 --addr unix:///run/buildkit/buildkitd.sock"
    script = f'printf %s "$0" > /tmp/b.toml; exec buildkitd --config /tmp/b.toml {listening}'
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "buildkitd",
                    "image": "docker.io/moby/buildkit:latest",
                    "command": ["sh", "-c", script, settings],
                    "securityContext": {"privileged": True},
                    "volumeMounts": [{"name": "state", "mountPath": "/var/lib/buildkit"}],
                }
            ],
            "volumes": [{"name": "state", "emptyDir": {}}],
        },
    }
    kubectl = person.cluster.kubectl
    kubectl("--namespace", person.namespace, "apply", "--filename=-", stdin=json.dumps(pod))
    kubectl("--namespace", person.namespace, "wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")


def test_a_buildkitd_that_is_there_is_used_by_address(person: Builder, tmp_path: Path) -> None:
    buildkitd(person, "theirs")
    folder = dockerfile(tmp_path / "pod")
    made = person.up("-o", "buildkitAddress=kube-pod://theirs", folder)
    assert made.code == 0, made.stderr
    well(person, folder)
    assert person.builders() == []

    (address,) = [
        pod["status"]["podIP"]
        for pod in person.cluster.get(person.namespace, "pods")
        if pod["metadata"]["name"] == "theirs"
    ]
    other = dockerfile(tmp_path / "address", f'FROM {BASE}\nARG WHO\nRUN echo again; echo "$WHO" > /who\n')
    made = person.up("-o", f"buildkitAddress=tcp://{address}:1234", other)
    assert made.code == 0, made.stderr
    well(person, other)
    (client,) = person.builders()
    pods = {pod["metadata"]["name"]: pod for pod in person.cluster.get(person.namespace, "pods")}
    assert pods[client]["spec"]["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def auths(person: Builder) -> str:
    login = base64.b64encode(f"{person.cluster.user}:{person.cluster.password}".encode()).decode()
    return json.dumps({"auths": {person.cluster.auth_registry: {"auth": login}}})


def private(person: Builder) -> str:
    """A Dockerfile on a private base; the image goes to the same registry."""
    person.repository = f"{person.cluster.auth_registry}/{person.namespace}/images"
    person.options = ["-o", f"buildRepository={person.repository}", "-o", "buildkitCacheSize=0"]
    config = Path(person.cli.env["MOORAGE_CONFIG"])
    text = config.read_text().replace("insecure = [", f'insecure = ["{person.cluster.auth_registry}", ')
    config.write_text(text)
    return (
        f'FROM {person.cluster.auth_registry}/moorage-test/private:latest\nARG WHO\nRUN echo "$WHO" > /who\n'
    )


def test_a_login_of_the_users_own_serves_builder_and_nodes(person: Builder, tmp_path: Path) -> None:
    folder = dockerfile(tmp_path / "app", private(person))
    docker = Path(person.cli.env["HOME"]) / ".docker"
    docker.mkdir()
    (docker / "config.json").write_text(auths(person))
    made = person.up("-o", "registryLogin=true", folder)
    assert made.code == 0, made.stderr
    well(person, folder)
    assert person.cluster.password not in made.stderr
    said = json.dumps(person.cluster.get(person.namespace, "pods"))
    assert person.cluster.password not in said


def test_a_login_in_a_secret_serves_builder_and_nodes(person: Builder, tmp_path: Path) -> None:
    folder = dockerfile(tmp_path / "app", private(person))
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "registry"},
        "stringData": {".dockerconfigjson": auths(person)},
    }
    namespace = ("--namespace", person.namespace)
    person.cluster.kubectl(*namespace, "apply", "--filename=-", stdin=json.dumps(secret))
    made = person.up("-o", "imagePullSecrets=registry", folder)
    assert made.code == 0, made.stderr
    well(person, folder)


def test_an_authority_of_ones_own_is_trusted_by_the_builder(person: Builder, tmp_path: Path) -> None:
    registry = person.cluster.tls_registry
    config = Path(person.cli.env["MOORAGE_CONFIG"])
    authorities = f'ca-files = ["{person.cluster.authority}"]\n'
    config.write_text(config.read_text().replace("[registries]\n", f"[registries]\n{authorities}", 1))
    person.options = ["-o", f"buildRepository={registry}/{person.namespace}/i", "-o", "buildkitCacheSize=0"]
    folder = dockerfile(tmp_path / "app")
    made = person.up(folder)
    assert made.code == 0, made.stderr
    well(person, folder)
