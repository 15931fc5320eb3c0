"""Containers of the reference CLI used by the product, and the other way round."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.integration.compat.beside import DropIn, Reference
from tests.outside import Docker

BASE = "moorage-test/metadata:latest"
HOOKS = {
    "onCreateCommand": "echo create >> log",
    "updateContentCommand": {"a": "echo update >> log"},
    "postCreateCommand": ["sh", "-c", "echo post >> log"],
    "postStartCommand": "echo start >> log",
    "postAttachCommand": "echo attach >> log",
}
CONFIGURATION = {"image": BASE, "remoteEnv": {"FROM_FILE": "file"}, **HOOKS}
FIRST = ["create", "update", "post", "start", "attach"]


def test_a_container_of_the_reference_is_used_and_its_hooks_do_not_run_again(
    workspace: Callable[..., Path], reference: Reference, dropin: DropIn, docker: Docker
) -> None:
    folder = open_to_all(workspace(CONFIGURATION))
    theirs = reference("up", "--workspace-folder", folder)
    assert theirs.code == 0, theirs.stderr
    assert log(folder) == FIRST

    ours = dropin("up", "--workspace-folder", folder)

    assert ours.code == 0, ours.stderr
    assert json.loads(ours.stdout) == json.loads(theirs.stdout)
    assert log(folder) == [*FIRST, "attach"]
    said = dropin("exec", "--workspace-folder", folder, "sh", "-c", "echo $FROM_FILE $(id -un) $PWD; exit 3")
    assert (said.code, said.stdout) == (3, "file vscode /workspaces/project\n")
    run = dropin("run-user-commands", "--workspace-folder", folder, "--skip-post-attach")
    assert json.loads(run.stdout) == {"outcome": "success", "result": "done"}
    assert log(folder) == [*FIRST, "attach"]
    docker("restart", "--time", "0", json.loads(theirs.stdout)["containerId"])
    assert dropin("up", "--workspace-folder", folder).code == 0
    assert log(folder)[-2:] == ["start", "attach"]


def test_a_container_of_ours_is_used_by_the_reference_and_its_hooks_do_not_run_again(
    workspace: Callable[..., Path], reference: Reference, dropin: DropIn
) -> None:
    folder = open_to_all(workspace(CONFIGURATION))
    ours = dropin(
        "up", "--workspace-folder", folder, "--include-configuration", "--include-merged-configuration"
    )
    assert ours.code == 0, ours.stderr
    assert log(folder) == FIRST

    theirs = reference(
        "up", "--workspace-folder", folder, "--include-configuration", "--include-merged-configuration"
    )

    assert theirs.code == 0, theirs.stderr
    assert json.loads(theirs.stdout) == json.loads(ours.stdout)
    assert log(folder) == [*FIRST, "attach"]
    said = reference(
        "exec", "--workspace-folder", folder, "sh", "-c", "echo $FROM_FILE $(id -un) $PWD; exit 3"
    )
    assert (said.code, said.stdout) == (3, "file vscode /workspaces/project\n")
    flags = ("--workspace-folder", folder, "--include-merged-configuration")
    assert reference("read-configuration", *flags).stdout == dropin("read-configuration", *flags).stdout


def test_a_workspace_of_moorage_up_is_one_of_both(
    workspace: Callable[..., Path], reference: Reference, dropin: DropIn
) -> None:
    folder = open_to_all(workspace(CONFIGURATION))
    dropin.moorage.ok("up", folder)
    containers = [
        json.loads(tool("up", "--workspace-folder", folder, "--skip-post-attach").stdout)["containerId"]
        for tool in (reference, dropin)
    ]
    assert len(set(containers)) == 1
    assert log(folder) == FIRST


def test_a_compose_project_is_one_of_both(
    workspace: Callable[..., Path], reference: Reference, dropin: DropIn, docker: Docker
) -> None:
    services = {
        name: {"image": BASE, "command": "sleep infinity", "init": True} for name in ("app", "beside")
    }
    files = {".devcontainer/compose.yml": json.dumps({"services": services})}
    configuration = {"dockerComposeFile": "compose.yml", "service": "app", "remoteEnv": {"A": "b"}}
    for first, second in ((reference, dropin), (dropin, reference)):
        folder = workspace(configuration, name=f"project-{type(first).__name__}".lower(), files=files)
        made = first("up", "--workspace-folder", folder)
        used = second("up", "--workspace-folder", folder)
        assert (made.code, used.code) == (0, 0), made.stderr + used.stderr
        assert json.loads(used.stdout) == json.loads(made.stdout)
        said = second("exec", "--workspace-folder", folder, "sh", "-c", "echo $A")
        assert said.stdout == "b\n", said.stderr
        project = f"label=com.docker.compose.project={json.loads(made.stdout)['composeProjectName']}"
        containers = docker.lines("ps", "--quiet", "--filter", project)
        docker("stop", "--time", "0", *containers)
        assert second("up", "--workspace-folder", folder).code == 0
        assert sorted(docker.lines("ps", "--quiet", "--filter", project)) == sorted(containers)


def test_features_of_either_are_used_by_the_other(
    workspace: Callable[..., Path], reference: Reference, dropin: DropIn
) -> None:
    feature = {
        "id": "own",
        "version": "1.0.0",
        "name": "own",
        "containerEnv": {"OWN": "1"},
        "postCreateCommand": "echo feature >> log",
        "customizations": {"vscode": {"extensions": ["a.b"]}},
    }
    files = {
        ".devcontainer/own/devcontainer-feature.json": json.dumps(feature),
        ".devcontainer/own/install.sh": "#!/bin/sh\ntouch /own\n",
    }
    configuration = {"image": BASE, "features": {"./own": {}}, "postCreateCommand": "echo file >> log"}
    for first, second in ((reference, dropin), (dropin, reference)):
        name = f"features-{type(first).__name__}".lower()
        folder = open_to_all(workspace(configuration, name=name, files=files))
        flags = ("--workspace-folder", folder, "--include-merged-configuration")
        made, used = first("up", *flags), second("up", *flags)
        assert (made.code, used.code) == (0, 0), made.stderr + used.stderr
        assert json.loads(used.stdout) == json.loads(made.stdout)
        assert log(folder) == ["feature", "file"]
        said = second("exec", "--workspace-folder", folder, "sh", "-c", "ls /own; echo $OWN")
        assert said.stdout == "/own\n1\n", said.stderr


def test_id_labels_are_the_identity(
    workspace: Callable[..., Path], reference: Reference, dropin: DropIn, docker: Docker
) -> None:
    folder = workspace({"image": BASE, "remoteEnv": {"ID": "${devcontainerId}"}})
    labels = ("--id-label", f"first={folder}", "--idLabel=second=2")
    ours = json.loads(dropin("up", "--workspace-folder", folder, *labels).stdout)
    assert json.loads(reference("up", "--workspace-folder", folder, *labels).stdout) == ours
    other = json.loads(dropin("up", "--workspace-folder", folder).stdout)
    assert other["containerId"] != ours["containerId"]
    found = json.loads(docker("inspect", ours["containerId"]))[0]["Config"]["Labels"]
    assert (found["first"], found["second"]) == (str(folder), "2")
    assert not {name for name in found if name.startswith("devcontainer.")} - {"devcontainer.metadata"}
    echo = ("exec", "--workspace-folder", folder, *labels, "sh", "-c", "echo $ID")
    assert dropin(*echo).stdout == run_id(reference, folder, labels)


def test_the_reference_s_container_is_replaced_where_that_is_asked_for(
    workspace: Callable[..., Path], reference: Reference, dropin: DropIn, docker: Docker
) -> None:
    folder = workspace({"image": BASE})
    theirs = json.loads(reference("up", "--workspace-folder", folder).stdout)
    ours = json.loads(dropin("up", "--workspace-folder", folder, "--remove-existing-container").stdout)
    assert ours["outcome"] == "success"
    assert ours["containerId"] != theirs["containerId"]
    assert docker.lines(
        "ps", "-aq", "--no-trunc", "--filter", f"label=devcontainer.local_folder={folder}"
    ) == [ours["containerId"]]


def run_id(reference: Reference, folder: Path, labels: tuple[str, ...]) -> str:
    read = reference("read-configuration", "--workspace-folder", folder, *labels)
    return str(json.loads(read.stdout)["configuration"]["remoteEnv"]["ID"]) + "\n"


def open_to_all(folder: Path) -> Path:
    """The remote user writes into the project, whoever runs the tests."""
    folder.chmod(0o777)
    return folder


def log(folder: Path) -> list[str]:
    return (folder / "log").read_text().split()
