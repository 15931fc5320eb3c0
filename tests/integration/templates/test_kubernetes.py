"""The template kubernetes-devcontainer on a real cluster: what its document says of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from tests.integration.kubernetes.person import IMAGE, Person
from tests.integration.kubernetes.test_builds import Builder

NAME = "kubernetes-devcontainer"


def up(person: Person, *arguments: str, code: int = 0) -> Any:
    """In the person's namespace, with the person's kubeconfig."""
    words = ("template", "up", NAME, "--variable", f"namespace={person.namespace}", *arguments)
    result = person.cli(*words, "--output", "json", timeout=150)
    assert result.code == code, result.stderr + result.stdout
    return result.json()


def container(person: Person) -> Any:
    (deployment,) = person.cluster.get(person.namespace, "deployments")
    return deployment["spec"]["template"]["spec"]["containers"][0]


def size(person: Person) -> str:
    (claim,) = person.cluster.get(person.namespace, "persistentvolumeclaims")
    found: str = claim["spec"]["resources"]["requests"]["storage"]
    return found


def inside(person: Person, name: str, script: str) -> str:
    return person.ok("exec", name, "--", "sh", "-c", script).stdout.strip()


def test_a_workspace_in_a_pod_with_its_values(person: Person, served: Callable[..., str]) -> None:
    repo = served({"image": IMAGE, "remoteUser": "vscode", "postCreateCommand": "touch ~/created"})
    given = ("-p", f"repo={repo}", "-p", "cpu=1", "-p", "memory=1", "-p", "workspaces_volume_size=1")
    made = up(person, *given)
    name = made["name"]
    assert container(person)["resources"] == {
        "limits": {"cpu": "1", "memory": "1Gi"},
        "requests": {"cpu": "250m", "memory": "512Mi"},
    }
    assert size(person) == "1Gi"
    assert up(person, "-p", f"repo={repo}")["steps"] == []
    assert inside(person, name, "ls /workspaces/app/.devcontainer; ls ~/created") != ""

    told = person("update", name, "-p", "workspaces_volume_size=0.5", "-p", f"repo={repo}x")
    assert told.code == 2
    assert "workspaces_volume_size can only be increased: it is 1, not 0.5" in told.stderr
    assert "repo is fixed when a workspace is made" in told.stderr
    assert container(person)["resources"]["limits"]["memory"] == "1Gi"

    inside(person, name, "echo mine > /workspaces/app/kept")
    person.ok("update", name, "-p", "memory=1.5")
    assert container(person)["resources"]["limits"] == {"cpu": "1", "memory": "1536Mi"}
    assert inside(person, name, "cat /workspaces/app/kept; ls ~/created") == "mine\n/home/vscode/created"

    # Changed devcontainer files in the volume count at the next start, and the values stay.
    changed = json.dumps({"image": IMAGE, "remoteUser": "vscode", "containerEnv": {"TEAM": "red"}})
    inside(person, name, f"echo '{changed}' > /workspaces/app/.devcontainer/devcontainer.json")
    person.ok("restart", name)
    assert inside(person, name, "echo $TEAM; cat /workspaces/app/kept") == "red\nmine"
    assert container(person)["resources"]["limits"] == {"cpu": "1", "memory": "1536Mi"}
    assert up(person, "-p", f"repo={repo}")["steps"] == []

    person.ok("stop", name)
    person.ok("delete", "--yes", name)
    assert person.left() == []


def test_values_that_no_node_can_give_are_changed_again(person: Person, served: Callable[..., str]) -> None:
    """A pod that cannot be placed does not stand in the way of the update that helps it."""
    repo = served({"image": IMAGE})
    made = up(person, "-p", f"repo={repo}", "-p", "workspaces_volume_size=1")
    own = "requests.cpu=900,limits.cpu=900,requests.memory=512Mi,limits.memory=2Gi"
    failed = person.cli(
        "update", "--driver", "kubernetes", "-o", f"namespace={person.namespace}", "-o", f"resources={own}",
        "-o", "schedulingTimeout=3", made["name"], "-p", "cpu=900", timeout=150,
    )  # fmt: skip
    assert failed.code != 0
    assert container(person)["resources"]["limits"]["cpu"] == "900"
    person.ok("update", made["name"], "-p", "cpu=1")
    assert container(person)["resources"]["limits"] == {"cpu": "1", "memory": "2Gi"}
    assert inside(person, made["name"], "ls -d /workspaces/app") == "/workspaces/app"


def test_images_are_built_into_the_cache_and_found_there(
    builder: Builder, served: Callable[..., str]
) -> None:
    """The login is in a Secret of the namespace, by either of the two names of its variable."""
    person, cluster = builder, builder.cluster
    repo = served({"build": {"dockerfile": "Dockerfile"}}, Dockerfile=f"FROM {IMAGE}\nRUN echo y > /built\n")
    config = json.dumps({"auths": {cluster.registry: {"auth": base64.b64encode(b"a:b").decode()}}})
    cluster.kubectl(
        "--namespace", person.namespace, "create", "secret", "generic", "registry",
        "--type=kubernetes.io/dockerconfigjson", f"--from-literal=.dockerconfigjson={config}",
    )  # fmt: skip
    plain = up(person, "-p", f"repo={repo}", code=9)
    assert plain["code"] == "build-refused"
    assert person.left() == ["secret/registry"]
    (person.cli.home / "config.toml").write_text(
        f'[registries.mirrors]\n"docker.io" = ["http://{cluster.registry}"]\n'
        '[driver.kubernetes]\nbuildkitCacheSize = "0"\n'
    )
    cache = ("--variable", f"cache_repo={cluster.registry}/{person.namespace}/cache")
    login = ("--variable", "cache_repo_secret_name=registry", "--variable", "insecure_cache_repo=true")
    made = up(person, "-p", f"repo={repo}", "-p", "workspaces_volume_size=1", *cache, *login)
    assert "build-image" in made["steps"]
    assert container(person)["image"].startswith(f"{cluster.registry}/{person.namespace}/cache")
    (pod,) = cluster.get(person.namespace, "pods", "--selector=dev.moorage.role=workspace")
    assert {"name": "registry"} in pod["spec"]["imagePullSecrets"]
    assert inside(person, made["name"], "cat /built") == "y"
    person.ok("restart", made["name"])
    person.ok("delete", "--yes", made["name"])
    again = up(person, "-p", f"repo={repo}", "-p", "workspaces_volume_size=1", *cache, *login)
    assert "build-image" not in again["steps"]


def test_what_is_not_there_yet_is_refused_before_anything_is_made(person: Person) -> None:
    for given in ("fallback_image=debian", "devcontainer_builder=ghcr.io/coder/envbuilder:latest"):
        told = up(person, "-p", "repo=https://github.com/org/project", "-p", given, code=9)
        assert told["code"] == "parameter-not-available"
    assert person.left() == []


def test_only_the_account_of_a_pod_is_taken_where_that_is_wanted(person: Person) -> None:
    told = up(person, "-p", "repo=https://github.com/org/x", "--variable", "use_kubeconfig=false", code=5)
    assert "this is no pod" in told["message"]
