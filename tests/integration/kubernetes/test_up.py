"""The whole way through on a cluster, as a person goes it."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.integration.kubernetes.person import IMAGE, Person

HOOKS = {
    "onCreateCommand": "echo create >> ~/log",
    "postCreateCommand": {"one": "echo one >> /tmp/one", "two": ["touch", "/tmp/two"]},
    "postStartCommand": "echo start >> ~/log",
}


@pytest.fixture
def repository(cluster: Cluster, tmp_path: Path) -> Iterator[str]:
    """The URL of a repository with a configuration, as this machine and pods reach it."""
    work, bare = tmp_path / "work", tmp_path / "served/app.git"
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

    def git(*words: str | Path) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *identity, *words], check=True, capture_output=True, env=environment)

    git("init", "-q", "-b", "main", work)
    (work / ".devcontainer.json").write_text(json.dumps({"image": IMAGE, "remoteUser": "vscode", **HOOKS}))
    (work / "README").write_text("hello\n")
    git("-C", work, "add", ".")
    git("-C", work, "commit", "-q", "-m", "one")
    git("clone", "-q", "--bare", work, bare)
    git("-C", bare, "update-server-info")
    handler = partial(SimpleHTTPRequestHandler, directory=str(bare.parent))
    server = ThreadingHTTPServer((cluster.host, 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://{cluster.host}:{server.server_port}/app.git"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_local_folder(person: Person, project: Callable[..., Path]) -> None:
    folder = project(**HOOKS, containerEnv={"WORD": "a b"})
    made = person.ok("up", folder, "--output", "json").json()
    assert (made["created"], made["remote_user"], made["remote_folder"]) == (
        True,
        "vscode",
        "/workspaces/project",
    )
    inside = "id -un; pwd; src/tool; echo $WORD; cat ~/log /tmp/one; ls /tmp/two; stat -c %U:%G src/tool"
    shown = person.ok("exec", folder, "--", "sh", "-c", inside).stdout.split("\n")
    assert shown[:-1] == [
        "vscode", "/workspaces/project", "ran", "a b", "create", "start", "one", "/tmp/two", "vscode:vscode",
    ]  # fmt: skip
    assert person("exec", folder, "--", "sh", "-c", "exit 7").code == 7
    again = person.ok("up", folder, "--output", "json").json()
    assert (again["created"], again["steps"]) == (False, [])
    assert "running" in person.ok("list").stdout
    person.ok("delete", "--yes", "project")
    assert person.left() == []


def test_what_was_changed_in_the_workspace_stays(person: Person, project: Callable[..., Path]) -> None:
    folder = project(**HOOKS)
    person.ok("up", folder)
    person.ok("exec", folder, "--", "sh", "-c", "echo mine > file; rm src/tool")
    (folder / "file").write_text("from outside\n")
    person.ok("stop", folder)
    assert person.ok("list", "--output", "json").json()[0]["state"] == "exited"
    resumed = person.ok("up", folder, "--output", "json").json()
    assert not resumed["created"]
    assert person.ok("exec", folder, "--", "sh", "-c", "cat file; ls src").stdout == "mine\n"
    assert person.ok("exec", folder, "--", "sh", "-c", "cat ~/log").stdout == "create\nstart\n"  # a new pod


def test_a_repository_is_cloned_in_the_cluster(person: Person, repository: str) -> None:
    made = person.ok("up", repository, "--output", "json").json()
    assert made["remote_folder"] == "/workspaces/app"
    inside = "cat README; stat -c %U README .git; git log --oneline | wc -l; git status --short"
    shown = person.ok("exec", repository, "--", "sh", "-c", inside).stdout
    assert shown.split("\n")[:-1] == ["hello", "vscode", "vscode", "1"]
    person.ok("delete", "--yes", repository)
    assert person.left() == []


def test_a_pod_that_comes_with_no_client_runs_its_hooks(person: Person, project: Callable[..., Path]) -> None:
    person.ok("up", project(**HOOKS, remoteEnv={"WORD": "kept"}, postAttachCommand="touch /tmp/attached"))
    (before,) = person.cluster.get(person.namespace, "pods")
    person.cluster.kubectl("--namespace", person.namespace, "delete", "pod", before["metadata"]["name"])
    deadline = time.monotonic() + 60
    while "running" not in person.ok("list").stdout:
        assert time.monotonic() < deadline
    looks = ("exec", "project", "--", "sh", "-c", "cat ~/log /tmp/one; ls /tmp/two /tmp/attached 2>&1")
    while "two" not in (shown := person(*looks).stdout):
        assert time.monotonic() < deadline, shown
    lines = shown.splitlines()
    assert (lines[:3], "/tmp/two" in lines, "/tmp/attached" in lines) == (
        ["create", "start", "one"],
        True,
        False,
    )
    assert person.ok("up", "project", "--output", "json").json()["steps"] in ([], ["run-hooks"])


def test_a_plan_changes_nothing(person: Person, project: Callable[..., Path]) -> None:
    planned = person.ok("plan", project(**HOOKS)).stdout
    assert "Upload" in planned
    assert person.left() == []


def test_a_failed_hook_is_tried_again(person: Person, project: Callable[..., Path]) -> None:
    folder = project(onCreateCommand="echo once >> ~/log", postCreateCommand="cat /workspaces/project/needed")
    failed = person("up", folder)
    assert failed.code == 7
    assert "No such file" in failed.stderr
    person.ok("exec", folder, "--", "sh", "-c", "echo there > needed")
    person.ok("up", folder)
    assert person.ok("exec", folder, "--", "sh", "-c", "cat ~/log").stdout == "once\n"


def test_one_that_is_started_again_is_made_from_its_current_files(
    person: Person, project: Callable[..., Path]
) -> None:
    folder = project(postCreateCommand="echo made >> /tmp/made")
    person.ok("up", folder)
    change = """sed -i 's/{/{"containerEnv": {"FRESH": "yes"},/' .devcontainer/devcontainer.json"""
    person.ok("exec", folder, "--", "sh", "-c", f"{change}; echo mine > mine")
    told = person.ok("up", folder)
    assert "--recreate" in told.stderr
    person.ok("stop", folder)
    again = person.ok("up", folder)
    assert "its files say something else by now" in again.stderr
    assert "--recreate" not in again.stderr
    said = person.ok("exec", folder, "--", "sh", "-c", "echo $FRESH; cat mine /tmp/made").stdout
    assert said == "yes\nmine\nmade\n"
    person.ok("stop", folder)
    assert "Remove" not in person.ok("up", folder).stderr


def test_compose_is_refused_before_anything_is_made(person: Person, project: Callable[..., Path]) -> None:
    folder = project()
    (folder / ".devcontainer/compose.yaml").write_text("services: {app: {image: busybox}}\n")
    compose = {"dockerComposeFile": "compose.yaml", "service": "app"}
    (folder / ".devcontainer/devcontainer.json").write_text(json.dumps(compose))
    refused = person("up", folder)
    assert refused.code == 9
    assert "compose-unsupported" in refused.stderr
    assert person.left() == []


@pytest.mark.parametrize(
    ("level", "users"),
    [("baseline", {}), ("restricted", {"containerUser": "1000", "remoteUser": "1000"})],
)
def test_a_namespace_with_pod_security(
    person: Person, project: Callable[..., Path], level: str, users: dict[str, str]
) -> None:
    label = f"pod-security.kubernetes.io/enforce={level}"
    person.cluster.kubectl("label", "namespace", person.namespace, label)
    folder = project(**HOOKS, **users)
    person.ok("up", folder)
    inside = "id -un; src/tool; cat ~/log; touch file; ls /var/run/secrets/kubernetes.io"
    shown = person("exec", folder, "--", "sh", "-c", inside)
    assert shown.stdout.split() == ["vscode", "ran", "create", "start"]
    assert "No such file" in shown.stderr
    person.ok("delete", "--yes", folder)
    assert person.left() == []


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_what_pod_security_forbids_is_refused_before_anything_is_made(
    person: Person, project: Callable[..., Path], level: str
) -> None:
    label = f"pod-security.kubernetes.io/enforce={level}"
    person.cluster.kubectl("label", "namespace", person.namespace, label)
    refused = person("up", project(privileged=True))
    assert refused.code == 9
    assert f"Pod security '{level}'" in refused.stderr
    assert person.left() == []
