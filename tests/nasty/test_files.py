"""Pipes, devices and files without end in the place of a project's files: nobody waits for them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.nasty.conftest import BUSYBOX, CONFIGURATION, Attempt

Configuration = dict[str, object]

DOCKERFILE: Configuration = {"build": {"dockerfile": "Dockerfile"}}
COMPOSE: Configuration = {"dockerComposeFile": "compose.yaml", "service": "app"}
SERVICES = f"services:\n  app:\n    image: {BUSYBOX}\n"
FEATURE: Configuration = {"image": BUSYBOX, "features": {"./evil": {}}}
PLACES: dict[str, Configuration] = {
    "Dockerfile": DOCKERFILE,
    ".dockerignore": DOCKERFILE,
    "compose.yaml": COMPOSE,
    ".env": COMPOSE,
    "devcontainer-lock.json": {"image": BUSYBOX, "features": {"localhost:1/a/b": {}}},
    "evil/devcontainer-feature.json": FEATURE,
    "evil/install.sh": FEATURE,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_nobody_waits_for_what_is_no_file(place: str, kind: str, attempt: Attempt) -> None:
    files = {".devcontainer/Dockerfile": f"FROM {BUSYBOX}\n", ".devcontainer/compose.yaml": SERVICES}
    attempt.feature("evil", {})
    attempt.write(PLACES[place], files)
    there = attempt.project / ".devcontainer" / place
    there.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(there)
    else:
        there.symlink_to("/dev/zero")
    attempt.refused(attempt("build", attempt.project))


def test_a_configuration_without_end(attempt: Attempt) -> None:
    attempt.write({"image": BUSYBOX})
    endless(attempt.project / CONFIGURATION)
    attempt.refused(attempt("plan", attempt.project), "file-too-large")
    result = attempt("devcontainer", "read-configuration", "--workspace-folder", attempt.project)
    assert (result.code, result.stdout) == (1, "")


def test_a_lockfile_and_a_dockerfile_without_end(attempt: Attempt) -> None:
    attempt.write({**DOCKERFILE, "features": {"localhost:1/a/b": {}}}, {".devcontainer/Dockerfile": ""})
    endless(attempt.project / ".devcontainer/Dockerfile")
    attempt.refused(attempt("plan", attempt.project, "--no-lockfile"))
    endless(attempt.project / ".devcontainer/devcontainer-lock.json")
    attempt.refused(attempt("plan", attempt.project), "file-too-large")


def test_a_pipe_in_a_context_is_left_out(attempt: Attempt) -> None:
    attempt.write(DOCKERFILE, {".devcontainer/Dockerfile": f"FROM {BUSYBOX}\nCOPY . /context\n"})
    os.mkfifo(attempt.project / ".devcontainer/pipe")
    result = attempt("build", attempt.project)
    assert result.code != 70, result.stderr


@pytest.mark.parametrize("text", ["gitdir: SECRET\n", "gitdir: \x00\x1b[2J\n", "gitdir: ../../..\n"])
def test_a_worktree_of_something_else(text: str, attempt: Attempt) -> None:
    attempt.write({"image": BUSYBOX}, {".git": text.replace("SECRET", str(attempt.outside / "secret"))})
    result = attempt(
        "devcontainer", "read-configuration", "--mount-git-worktree-common-dir",
        "--workspace-folder", attempt.project,
    )  # fmt: skip
    assert "Traceback" not in result.stderr
    if result.code == 0:
        assert str(attempt.outside) not in json.dumps(json.loads(result.stdout))


def endless(path: Path) -> None:
    """More bytes than any machine has memory for, and none of them on the disk."""
    with path.open("wb") as file:
        file.truncate(1 << 42)
