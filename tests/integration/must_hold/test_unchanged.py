"""An unchanged workspace costs nothing, and `moorage plan` changes nothing (design promises 1 and 4)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.must_hold.proxy import EngineProxy
from tests.outside import Cli, Docker, Images, Traces

LIMIT = 3
"""Round trips to the engine that an unchanged `up` may take."""


def hooks() -> dict[str, str]:
    return dict.fromkeys(("onCreateCommand", "updateContentCommand", "postCreateCommand"), "true")


def configuration(kind: str, images: Images) -> dict[str, Any]:
    if kind == "image":
        return {"image": images.busybox, **hooks()}
    return {"build": {"dockerfile": "Dockerfile"}, **hooks()}


def files(kind: str, images: Images, token: str) -> dict[str, str]:
    if kind == "image":
        return {}
    return {
        ".devcontainer/Dockerfile": f"FROM {images.busybox}\nLABEL token={token}\nCOPY a.txt /\nRUN true\n",
        ".devcontainer/a.txt": token,
    }


@pytest.fixture
def project(workspace: Callable[..., Path], images: Images, cleanup: Traces) -> Callable[[str], Path]:
    return lambda kind: workspace(
        configuration(kind, images), files=files(kind, images, cleanup.token), name=cleanup.token
    )


@pytest.mark.parametrize("kind", ["image", "dockerfile"])
def test_unchanged_up_takes_three_reads_at_most(
    kind: str, project: Callable[[str], Path], moorage: Cli, proxy: EngineProxy
) -> None:
    folder = project(kind)
    moorage.ok("up", folder)
    result = moorage.ok("up", folder, "--output", "json", env={"DOCKER_HOST": proxy.host}).json()
    assert isinstance(result, dict)
    assert result["steps"] == []
    assert proxy.writes == []
    assert 1 <= len(proxy.requests) <= LIMIT, proxy.requests


def test_exec_of_a_source_looks_at_its_container_and_at_no_other(
    project: Callable[[str], Path], moorage: Cli, proxy: EngineProxy
) -> None:
    folder = project("image")
    moorage.ok("up", folder)
    moorage.ok("exec", folder, "true", env={"DOCKER_HOST": proxy.host})
    asked = [request.path.partition("?")[0].rpartition("/")[2] for request in proxy.requests]
    assert sorted(asked[:2]) == ["archive", "json"]
    assert asked[2:] == ["exec", "start", "json"]


def test_exec_finds_a_workspace_whose_container_is_called_otherwise(
    project: Callable[[str], Path], moorage: Cli, cleanup: Traces
) -> None:
    folder = project("image")
    moorage.ok("up", folder, "--name", f"other-{cleanup.token}")
    assert moorage.ok("exec", folder, "echo", "found").stdout == "found\n"
    moorage.ok("stop", folder)
    assert moorage.ok("exec", folder, "echo", "started").stdout == "started\n"


@pytest.mark.parametrize("kind", ["image", "dockerfile"])
def test_plan_only_reads(
    kind: str,
    project: Callable[[str], Path],
    moorage: Cli,
    proxy: EngineProxy,
    docker: Docker,
    cleanup: Traces,
) -> None:
    """Of a workspace that is not there, one that is up, one that changed, and one that stopped."""
    folder = project(kind)
    through = {"DOCKER_HOST": proxy.host}

    def planned(*options: str) -> dict[str, Any]:
        before = everything(docker, cleanup), contents(folder)
        result = moorage.ok("plan", folder, "--output", "json", *options, env=through).json()
        assert (everything(docker, cleanup), contents(folder)) == before
        assert proxy.writes == []
        assert isinstance(result, dict)
        return result

    assert steps(planned()) >= {"create-container", "start-container", "run-hooks"}
    assert ("build-image" in steps(planned())) == (kind == "dockerfile")
    moorage.ok("up", folder)
    assert steps(planned()) == set()
    assert steps(planned("--recreate")) >= {"remove-container", "create-container"}
    change(folder)
    assert planned()["differences"]
    docker("stop", "--time", "0", *cleanup.containers())
    assert steps(planned()) == {"start-container"}


@pytest.mark.serial
def test_plan_leaves_the_whole_engine_as_it_is(
    project: Callable[[str], Path], moorage: Cli, docker: Docker
) -> None:
    before = whole(docker)
    moorage.ok("plan", project("dockerfile"))
    assert whole(docker) == before


def steps(planned: dict[str, Any]) -> set[str]:
    return {step["step"] for step in planned["steps"]}


def change(folder: Path) -> None:
    path = folder / ".devcontainer/devcontainer.json"
    value = json.loads(path.read_text())
    path.write_text(json.dumps({**value, "containerEnv": {"NEW": "1"}}))


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(folder.rglob("*"))
    }


def everything(docker: Docker, cleanup: Traces) -> list[str]:
    """What belongs to this test, with the states of containers."""
    return [*cleanup.everything(), *states(docker, cleanup)]


def states(docker: Docker, cleanup: Traces) -> list[str]:
    found = cleanup.containers()
    return docker.lines("inspect", "--format", "{{.Id}} {{json .State}}", *found) if found else []


def whole(docker: Docker) -> list[list[str]]:
    return [
        sorted(docker.lines(*command, "--quiet", "--no-trunc"))
        for command in (("ps", "--all"), ("image", "ls", "--all"), ("network", "ls"))
    ] + [sorted(docker.lines("volume", "ls", "--quiet"))]
