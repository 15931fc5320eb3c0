"""read-configuration beside the reference CLI's own, on many configurations."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.compat.beside import DropIn, Reference

BASE = "moorage-test/metadata:latest"
ALL: dict[str, dict[str, object]] = {
    "image": {"image": BASE},
    "name-and-unknown": {
        "image": BASE,
        "name": "a ${localEnv:HOME}",
        "future": {"a": [1, "${localEnv:HOME}"]},
    },
    "defaults": {
        "image": BASE,
        "containerEnv": {"A": "${localEnv:NOT_SET_AT_ALL:x}", "B": "${env:NOT_SET:}"},
    },
    "folders": {
        "image": BASE,
        "remoteEnv": {
            "A": "${localWorkspaceFolder} ${localWorkspaceFolderBasename}",
            "B": "${containerWorkspaceFolder} ${containerWorkspaceFolderBasename}",
        },
    },
    "left-for-later": {
        "image": BASE,
        "remoteEnv": {"A": "${containerEnv:PATH}", "B": "${devcontainerId}", "C": "${x}"},
    },
    "null-in-remote-env": {"image": BASE, "remoteEnv": {"A": None}},
    "workspace-folder": {"image": BASE, "workspaceFolder": "/w/${localWorkspaceFolderBasename}"},
    "workspace-mount": {
        "image": BASE,
        "workspaceMount": "source=${localWorkspaceFolder},target=/w,type=bind,consistency=cached",
        "workspaceFolder": "/w/x",
        "postCreateCommand": "ls ${containerWorkspaceFolder}",
    },
    "no-mount": {"image": BASE, "workspaceMount": "", "workspaceFolder": "/srv"},
    "hooks": {
        "image": BASE,
        "initializeCommand": ["true", "a b"],
        "onCreateCommand": {"one": "echo 1", "two": ["echo", "2"]},
        "updateContentCommand": "echo update",
        "postCreateCommand": ["echo", "${localEnv:HOME}"],
        "postStartCommand": "",
        "postAttachCommand": "echo attach",
        "waitFor": "postCreateCommand",
    },
    "mounts": {
        "image": BASE,
        "mounts": [
            "source=a,target=/a,type=volume",
            {"type": "volume", "source": "b", "target": "/b"},
            "src=c,dst=/a,type=volume",
            {"type": "volume", "target": "/anonymous"},
            "type=bind,source=${localWorkspaceFolder},destination=/b,readonly",
        ],
    },
    "security": {
        "image": BASE,
        "init": True,
        "privileged": False,
        "capAdd": ["SYS_PTRACE", "NET_ADMIN", "SYS_PTRACE"],
        "securityOpt": ["seccomp=unconfined"],
    },
    "ports": {
        "image": BASE,
        "forwardPorts": [3000, "db:5432", 3000, "localhost:3000", "localhost:99"],
        "portsAttributes": {
            "3000": {"label": "web", "onAutoForward": "openBrowser"},
            "4-5": {"protocol": "https"},
        },
        "otherPortsAttributes": {"onAutoForward": "silent"},
        "appPort": [8000, "9000:90"],
    },
    "requirements": {
        "image": BASE,
        "hostRequirements": {"cpus": 4, "memory": "8gb", "storage": "32gb", "gpu": "optional"},
    },
    "requirements-of-storage": {"image": BASE, "hostRequirements": {"storage": "5mb"}},
    "requirements-of-gpu": {"image": BASE, "hostRequirements": {"gpu": {"cores": 2, "memory": "1gb"}}},
    "requirements-of-any-gpu": {"image": BASE, "hostRequirements": {"gpu": True, "cpus": 1}},
    "customizations": {
        "image": BASE,
        "customizations": {"vscode": {"extensions": ["a.b"]}, "codespaces": {"openFiles": ["x"]}},
    },
    "old-names": {"image": BASE, "extensions": ["a.b"], "settings": {"x": 1}, "devPort": 1234},
    "old-names-beside-new": {
        "image": BASE,
        "extensions": ["a.b"],
        "settings": {"x": 1, "y": 2},
        "customizations": {"vscode": {"extensions": ["c.d"], "settings": {"x": 3}}},
    },
    "users": {"image": BASE, "remoteUser": "root", "containerUser": "vscode", "updateRemoteUserUID": False},
    "users-unsaid": {"image": "busybox:latest", "remoteUser": ""},
    "command": {
        "image": BASE,
        "overrideCommand": False,
        "shutdownAction": "none",
        "userEnvProbe": "loginShell",
    },
    "empty-values": {
        "image": BASE,
        "mounts": [],
        "forwardPorts": [],
        "customizations": {},
        "hostRequirements": {},
        "capAdd": [],
        "postCreateCommand": None,
        "remoteEnv": {},
        "runArgs": [],
    },
    "run-args": {
        "image": BASE,
        "runArgs": ["--cap-add=SYS_ADMIN", "--name", "x-${localWorkspaceFolderBasename}"],
    },
    "dockerfile": {"build": {"dockerfile": "Dockerfile", "args": {"BASE": BASE}}, "remoteEnv": {"A": "b"}},
    "dockerfile-of-old": {"dockerFile": "Dockerfile", "context": "..", "remoteUser": "root"},
    "dockerfile-with-target": {"build": {"dockerfile": "Dockerfile", "target": "first"}},
}
DOCKERFILE = f"ARG BASE={BASE}\nFROM $BASE AS first\nFROM first\nLABEL a=b\n"


@pytest.mark.parametrize("name", ALL)
def test_it_prints_what_the_reference_prints(
    name: str,
    workspace: Callable[..., Path],
    reference: Reference,
    dropin: DropIn,
) -> None:
    folder = workspace(ALL[name], files={".devcontainer/Dockerfile": DOCKERFILE})
    same(reference, dropin, "--workspace-folder", folder, "--include-merged-configuration")


def test_a_folder_below_a_repository(
    workspace: Callable[..., Path], reference: Reference, dropin: DropIn
) -> None:
    folder = workspace({"image": BASE}, name="repository/below, with a comma")
    subprocess.run(["git", "init", "--quiet", folder.parent], check=True)
    for flags in ([], ["--mount-workspace-git-root", "false"], ["--mountWorkspaceGitRoot=false"]):
        same(reference, dropin, "--workspace-folder", folder, *flags)


def test_a_linked_worktree(
    tmp_path: Path, workspace: Callable[..., Path], reference: Reference, dropin: DropIn
) -> None:
    """Below, beside and inside the main repository; named by a relative and an absolute path."""
    main = workspace({"image": BASE}, name="deep/main")
    git = ("git", "-C", main, "-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", "init", "--quiet", main], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", "x"], check=True)
    for path, gitdir in ({"trees/one": "../../deep/main", "deep/main/in/two": "../.."}).items():
        tree = tmp_path / path
        subprocess.run([*git, "worktree", "add", "--quiet", tree], check=True)
        flags = (
            "--workspace-folder",
            workspace({"image": BASE}, name=path),
            "--mount-git-worktree-common-dir",
        )
        same(reference, dropin, *flags)
        (tree / ".git").write_text(f"gitdir: {gitdir}/.git/worktrees/{tree.name}\n")
        same(reference, dropin, *flags)
        same(
            reference,
            dropin,
            "--workspace-folder",
            workspace({"image": BASE}, name=f"{path}/below"),
            *flags[2:],
        )
        same(reference, dropin, *flags, "--mount-workspace-git-root", "false")


def test_the_current_folder_and_other_files(
    workspace: Callable[..., Path], reference: Reference, dropin: DropIn
) -> None:
    folder = workspace(
        {"image": BASE},
        files={"other/devcontainer.json": '{"image": "busybox:latest", /* c */ "name": "o",}'},
    )
    same(reference, dropin, cwd=folder)
    same(reference, dropin, "--config", "other/devcontainer.json", cwd=folder)
    same(reference, dropin, "--override-config", "other/devcontainer.json", cwd=folder)
    same(reference, dropin, "--workspace-folder", folder, "--config", folder / "other/devcontainer.json")


def test_an_override_of_nothing(
    workspace: Callable[..., Path], tmp_path: Path, reference: Reference, dropin: DropIn
) -> None:
    folder = workspace({"image": BASE})
    empty = tmp_path / "empty"
    empty.mkdir()
    override = folder / ".devcontainer/devcontainer.json"
    same(reference, dropin, "--workspace-folder", empty, "--override-config", override)


def test_what_is_not_there_ends_with_1_and_nothing_on_standard_output(
    tmp_path: Path, reference: Reference, dropin: DropIn
) -> None:
    theirs = reference("read-configuration", "--workspace-folder", tmp_path)
    ours = dropin("read-configuration", "--workspace-folder", tmp_path)
    text = f"Dev container config ({tmp_path}/.devcontainer/devcontainer.json) not found."
    assert (ours.code, ours.stdout) == (theirs.code, theirs.stdout) == (1, "")
    assert text in ours.stderr


def test_no_engine_is_no_reason_not_to_read_a_file(workspace: Callable[..., Path], dropin: DropIn) -> None:
    folder = workspace({"image": BASE})
    result = dropin(
        "read-configuration", "--workspace-folder", folder, env={"DOCKER_HOST": "unix:///nowhere.sock"}
    )
    assert result.code == 0, result.stderr
    assert json.loads(result.stdout)["configuration"]["image"] == BASE


def same(reference: Reference, dropin: DropIn, *flags: str | Path, cwd: Path | None = None) -> None:
    theirs = reference("read-configuration", *flags, cwd=cwd)
    ours = dropin("read-configuration", *flags, cwd=cwd)
    assert ours.code == theirs.code == 0, (ours.stderr, theirs.stderr)
    assert json.loads(ours.stdout) == json.loads(theirs.stdout)
