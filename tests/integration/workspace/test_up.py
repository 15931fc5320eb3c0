"""The whole way through, on the real engine: what a person does first."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import moorage as api
from moorage.planner.steps import CreateContainer
from tests.outside import Cli, Docker

Workspace = Callable[..., Path]

DOCKERFILE = """\
ARG BASE=debian:bookworm-slim
FROM $BASE AS base
ARG WORD=none
RUN useradd --create-home dev && echo "$WORD" > /word
FROM base AS unused
RUN exit 1
FROM base
COPY src /src
USER dev
"""


def result(cli: Cli, *arguments: str | Path) -> dict[str, object]:
    code, out, err = cli("up", *arguments, "--output", "json")
    assert code == 0, err
    body = json.loads(out)
    assert isinstance(body, dict)
    return body


def inside(docker: Docker, body: dict[str, object], *command: str) -> str:
    return docker("exec", str(body["container"]), *command)


def test_an_image_becomes_a_workspace_and_the_second_up_does_nothing(
    moorage: Cli, docker: Docker, workspace: Workspace
) -> None:
    folder = workspace(
        {
            "image": "debian:bookworm-slim",
            "containerEnv": {"FOLDER": "${containerWorkspaceFolder}"},
            "remoteEnv": {"WHERE": "${containerEnv:FOLDER}"},
            "onCreateCommand": 'echo "$WHERE" > /tmp/where',
            "postStartCommand": ["touch", "/tmp/started"],
        }
    )
    first = result(moorage, folder)
    assert first["created"]
    assert inside(docker, first, "cat", "/tmp/where").strip() == "/workspaces/project"
    assert inside(docker, first, "cat", "/workspaces/project/.devcontainer/devcontainer.json")
    again = result(moorage, folder)
    assert (again["steps"], again["container_id"]) == ([], first["container_id"])


def test_a_dockerfile_is_built_once_and_a_change_is_named(
    moorage: Cli, docker: Docker, workspace: Workspace, cleanup: object
) -> None:
    token = str(getattr(cleanup, "token", "x"))
    folder = workspace(
        {
            "build": {"dockerfile": "Dockerfile", "context": "..", "args": {"WORD": f"quo'te {token}"}},
            "remoteUser": "dev",
            "postCreateCommand": "id -un > /tmp/who",
        },
        files={".devcontainer/Dockerfile": DOCKERFILE, "src/a.txt": token},
    )
    first = result(moorage, folder)
    assert "build-image" in first["steps"]  # type: ignore[operator]
    assert inside(docker, first, "cat", "/tmp/who").strip() == "dev"
    assert inside(docker, first, "cat", "/word").strip() == f"quo'te {token}"
    assert inside(docker, first, "cat", "/src/a.txt") == token
    owners = inside(docker, first, "stat", "-c", "%U", "/etc/passwd", "/var/lib/moorage/runner.sh")
    assert owners.split() == ["root", "root"]

    (folder / "elsewhere.txt").write_text("no stage reads this")
    assert result(moorage, folder)["steps"] == []
    (folder / "src/a.txt").write_text("other")
    code, _, err = moorage("up", folder)
    assert code == 0
    assert "line 8" in err
    assert "--recreate" in err
    assert inside(docker, first, "cat", "/src/a.txt") == token
    second = result(moorage, folder, "--recreate")
    assert inside(docker, second, "cat", "/src/a.txt") == "other"


def test_a_repository_is_cloned_and_its_own_files_decide_from_then_on(
    moorage: Cli, docker: Docker, workspace: Workspace
) -> None:
    folder = workspace({"image": "debian:bookworm-slim", "postCreateCommand": "ls > /tmp/files"})
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *arguments], check=True)
    source = f"file://{folder}"
    first = result(moorage, source)
    assert first["remote_folder"] == "/workspaces/project"
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    assert inside(docker, first, "cat", "/workspaces/project/.git/refs/heads/main") == head.strip()

    edit = 'echo \'{"image": "debian:bookworm-slim", "postStartCommand": "touch /tmp/edited"}\''
    inside(
        docker,
        first,
        "sh",
        "-c",
        f"{edit} > /workspaces/project/.devcontainer/devcontainer.json; echo mine > /workspaces/project/kept",
    )
    second = result(moorage, source, "--recreate")
    assert inside(docker, second, "ls", "/tmp/edited").strip() == "/tmp/edited"
    assert inside(docker, second, "cat", "/workspaces/project/kept").strip() == "mine"


def test_a_prebuild_for_others_carries_its_configuration(
    moorage: Cli, docker: Docker, workspace: Workspace, registry: str, cleanup: object
) -> None:
    """`build --repository` writes the metadata label; who names the image gets users and hooks from it."""
    token = str(getattr(cleanup, "token", "x"))
    built = workspace(
        {"build": {"dockerfile": "Dockerfile"}, "remoteUser": "dev", "onCreateCommand": "id -un >> /tmp/who"},
        name="prebuilt",
        files={".devcontainer/Dockerfile": f"FROM debian:bookworm-slim\nRUN useradd -m dev # {token}\n"},
    )
    repository = f"{registry}/moorage-test/{token}"
    code, out, err = moorage("build", built, "--repository", repository, "--push", "--output", "json")
    assert code == 0, err
    image = json.loads(out)
    assert image["pushed"]
    docker("image", "rm", image["reference"])
    named = workspace({"image": image["reference"]}, name="named")
    body = result(moorage, named)
    assert body["remote_user"] == "dev"
    assert inside(docker, body, "cat", "/tmp/who").split() == ["dev"]


def test_an_image_alone_is_a_workspace(moorage: Cli, docker: Docker) -> None:
    body = result(moorage, "image:busybox:latest", "--name", "only-an-image")
    assert body["name"] == "only-an-image"
    assert inside(docker, body, "id", "-u").strip() == "0"


def test_initialize_command_may_rewrite_the_configuration(
    moorage: Cli, docker: Docker, workspace: Workspace
) -> None:
    file = ".devcontainer/devcontainer.json"
    folder = workspace(
        {
            "image": "no-such-image:here",
            "initializeCommand": f"sed -i s/no-such-image:here/busybox:latest/ {file}",
        }
    )
    assert result(moorage, folder)["created"]


def test_a_plan_names_every_step_and_changes_nothing(
    moorage: Cli, docker: Docker, workspace: Workspace
) -> None:
    folder = workspace({"image": "busybox:latest", "postCreateCommand": "true"}, name="planned")
    code, out, _ = moorage("plan", folder, "--objects")
    assert code == 0
    assert "Create container moorage-planned-" in out
    assert "postCreateCommand: /bin/sh -c true" in out
    assert '"Image": "busybox:latest"' in out
    assert "moorage-planned" not in docker("ps", "-a", "--format", "{{.Names}}")


def test_the_library_does_the_same(
    moorage: Cli, engine: object, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = workspace({"image": "busybox:latest"}, name="from-python")
    monkeypatch.setenv("DOCKER_HOST", str(getattr(engine, "host", "")))
    foreseen = asyncio.run(api.plan(str(folder)))
    assert any(isinstance(step, CreateContainer) for step in foreseen.steps)
    made = asyncio.run(api.up(str(folder)))
    assert made.created
    assert not asyncio.run(api.up(str(folder))).created


def test_an_old_engine_runs_a_built_workspace_too(old_moorage: Cli, workspace: Workspace) -> None:
    folder = workspace(
        {"build": {"dockerfile": "Dockerfile", "context": ".."}, "remoteUser": "dev"},
        name="old",
        files={".devcontainer/Dockerfile": DOCKERFILE, "src/a.txt": "a"},
    )
    assert result(old_moorage, folder)["created"]
    assert result(old_moorage, folder)["steps"] == []
