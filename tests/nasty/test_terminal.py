"""Whatever something is called or prints, the terminal does not act on it (conftest.Attempt.check)."""

from __future__ import annotations

import json

import pytest

from tests.nasty.conftest import BUSYBOX, CONFIGURATION, Attempt

EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202egnp.exe\u2066\r\x08\x00x"
PRINT = "printf '\\033[2J\\033]0;owned\\007\\r\\b\\302\\2331m\\342\\200\\256gnp'"


def test_output_of_hooks(attempt: Attempt) -> None:
    attempt.write({"image": BUSYBOX, "postCreateCommand": {"a\x1b[2J": PRINT}, "postStartCommand": PRINT})
    assert attempt.up().code == 0
    assert attempt("logs", attempt.project).code == 0
    attempt("status", attempt.project)
    attempt("list")


def test_output_of_a_hook_that_fails(attempt: Attempt) -> None:
    attempt.write({"image": BUSYBOX, "onCreateCommand": f"{PRINT} >&2; exit 3"})
    assert attempt.up().code != 0
    attempt("why", attempt.project)
    attempt("devcontainer", "up", "--workspace-folder", attempt.project)


def test_output_of_a_build_that_fails(attempt: Attempt) -> None:
    dockerfile = f"FROM {BUSYBOX}\nRUN {PRINT}; {PRINT} >&2; exit 1\n"
    attempt.write({"build": {"dockerfile": "Dockerfile"}}, {".devcontainer/Dockerfile": dockerfile})
    attempt.refused(attempt.up())
    attempt("devcontainer", "build", "--workspace-folder", attempt.project)


def test_output_of_a_feature(attempt: Attempt) -> None:
    attempt.feature(
        "evil", {"name": EVIL, "description": EVIL, "documentationURL": EVIL}, f"#!/bin/sh\n{PRINT}\nexit 1\n"
    )
    attempt.write({"image": BUSYBOX, "features": {"./evil": {}}})
    attempt.refused(attempt.up())
    attempt("features", "resolve-dependencies", "--workspace-folder", attempt.project)


@pytest.mark.parametrize(
    "configuration",
    [
        {"image": EVIL},
        {"image": BUSYBOX, "name": EVIL, EVIL: 1, "remoteUser": EVIL},
        {"image": BUSYBOX, "workspaceFolder": f"/{EVIL}", "mounts": [EVIL], "runArgs": [f"--{EVIL}"]},
        {"image": BUSYBOX, "features": {f"./{EVIL}": {}}},
        {"build": {"dockerfile": EVIL, "args": {EVIL: EVIL}, "target": EVIL}},
        {"dockerComposeFile": EVIL, "service": EVIL},
        {"image": BUSYBOX, "hostRequirements": {"memory": EVIL}, "waitFor": EVIL},
        {"image": BUSYBOX, "customizations": {"x": f"${{localEnv:{EVIL}}} ${{{EVIL}}}"}},
    ],
    ids=["image", "names", "folders", "Feature", "build", "Compose", "values", "variables"],
)
def test_names_in_errors_and_warnings(configuration: dict[str, object], attempt: Attempt) -> None:
    attempt.write(configuration)
    for command in ("config", "plan"):
        assert attempt(command, attempt.project).code != 70
    attempt("devcontainer", "read-configuration", "--workspace-folder", attempt.project)


def test_the_line_of_a_mistake(attempt: Attempt) -> None:
    attempt.write(f'{{"image": "x", "{EVIL}": ]\n')
    attempt.refused(attempt("config", attempt.project), CONFIGURATION)


def test_the_name_of_a_folder(attempt: Attempt) -> None:
    folder = attempt.project / "a\x1b[2Jb\u202ec"
    (folder / CONFIGURATION).parent.mkdir(parents=True)
    (folder / CONFIGURATION).write_text(json.dumps({"image": "localhost/nothing:1"}))
    attempt.refused(attempt("up", folder))
    attempt("plan", folder)
