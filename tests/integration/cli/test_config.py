"""config against a real engine and a real repository."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.outside import Cli, Docker, Images

Workspace = Callable[..., Path]
NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


def repository(folder: Path) -> str:
    """A repository of this folder's files, as a URL."""
    git = ["git", "-C", str(folder), "-c", "user.name=me", "-c", "user.email=me@example.com"]
    subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message=first"], check=True)
    return f"file://{folder}"


def test_what_a_person_wants_to_know(moorage: Cli, workspace: Workspace) -> None:
    folder = workspace(
        {
            "image": "registry.invalid/never/asked",
            "remoteUser": "me",
            "initializeCommand": "touch made",
            "postCreateCommand": {"deps": ["make", "all of it"], "db": "./db"},
            "containerEnv": {"TOKEN": "${localEnv:WORD}"},
            "mounts": ["source=cache,target=/cache,type=volume"],
            "forwardPorts": [3000, "db:5432"],
        }
    )
    said = moorage.ok("config", folder, env={**NOWHERE, "WORD": "s3cret"}).stdout
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "file .devcontainer/devcontainer.json" in lines
    assert "image registry.invalid/never/asked" in lines
    assert "user me" in lines
    assert f"mount bind {folder} at /workspaces/project" in lines
    assert "mount volume cache at /cache" in lines
    assert "containerEnv TOKEN" in lines
    assert "forwardPorts 3000, db:5432" in lines
    assert lines[-3:] == [
        "initializeCommand touch made",
        "postCreateCommand deps: make 'all of it'",
        "postCreateCommand db: ./db",
    ]
    assert "s3cret" not in said
    assert not (folder / "made").exists()


def test_a_program_gets_the_values_with_their_variables_filled_in(
    moorage: Cli, workspace: Workspace, images: Images
) -> None:
    folder = workspace(
        {
            "image": images.metadata,
            "name": "${localWorkspaceFolderBasename}",
            "remoteEnv": {"A": "${localEnv:WORD}"},
        }
    )
    found = moorage.ok("config", folder, "--output", "json", env={"WORD": "hello", **NOWHERE}).json()
    assert isinstance(found, dict)
    assert found["configuration"]["name"] == "project"
    assert found["configuration"]["remoteEnv"] == {"A": "hello"}
    assert (found["remote_user"], found["merged"]) == ("", None)


def test_merged_asks_the_image_and_changes_nothing(
    moorage: Cli, workspace: Workspace, images: Images, docker: Docker
) -> None:
    folder = workspace({"image": images.metadata, "remoteEnv": {"PATH": "${containerEnv:PATH}:/x"}})
    found = moorage.ok("config", folder, "--merged", "--output", "json").json()
    assert isinstance(found, dict)
    assert found["remote_user"] == "vscode"
    assert found["merged"]["remoteUser"] == "vscode"
    assert found["merged"]["remoteEnv"] == {"PATH": "${containerEnv:PATH}:/x"}
    assert found["path"] == ".devcontainer/devcontainer.json"
    named = docker.lines("ps", "--all", "--quiet", "--filter", f"label=devcontainer.local_folder={folder}")
    assert named == []


def test_what_is_odd_in_a_configuration(moorage: Cli, workspace: Workspace) -> None:
    folder = workspace({"image": "x", "forwardPort": [1]})
    result = moorage.ok("config", folder)
    assert "devcontainer.json:3:" in result.stderr
    assert "forwardPorts" in result.stderr


def test_configurations_are_listed_without_an_engine(moorage: Cli, workspace: Workspace) -> None:
    folder = workspace({"image": "x"}, files={".devcontainer/other/devcontainer.json": "{}"})
    result = moorage.ok("config", folder, "--list", env=NOWHERE)
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["ID", "default", "other"]
    chosen = moorage("config", folder, "--config", "othr")
    assert chosen.code == 2
    assert "other" in chosen.stderr


def test_a_repository_is_read_without_cloning_it(moorage: Cli, workspace: Workspace) -> None:
    files = {".devcontainer/other/devcontainer.json": '{"image": "y"}'}
    url = repository(workspace({"image": "x", "initializeCommand": "true"}, files=files))
    listed = moorage.ok("config", url, "--list", "--output", "json", env=NOWHERE).json()
    assert isinstance(listed, dict)
    assert [each["id"] for each in listed["configurations"]] == ["default", "other"]
    found = moorage.ok("config", url, "--config", "other", "--output", "json", env=NOWHERE).json()
    assert isinstance(found, dict)
    assert found["made_from"] == "y"
    assert len(found["commit"]) == 40
    assert found["workspace_mount"].startswith("volume moorage-project-")


def test_what_cannot_be_shown(moorage: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    nothing = moorage("config", tmp_path / "empty", "--list")
    assert (nothing.code, "no-configuration" in nothing.stderr) == (3, True)
    image = moorage("config", "image:busybox", "--list")
    assert (image.code, "nothing-to-list" in image.stderr) == (2, True)
