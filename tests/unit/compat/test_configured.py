"""The configuration as the reference CLI prints it, and where the project is inside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from moorage.compat.reference.configured import Configured, configured, shown, workspace
from moorage.compat.reference.place import Place, place


def test_only_tools_properties_move_to_their_new_place(tmp_path: Path) -> None:
    found, where = read(
        tmp_path, {"dockerFile": "D", "extensions": ["a.b"], "name": "${localEnv:N}${devcontainerId}"}
    )
    value = shown(where, found.value(identity=None, container=None))
    assert value == {
        "dockerFile": "D",
        "name": "n${devcontainerId}",
        "customizations": {"vscode": {"extensions": ["a.b"]}},
        "configFilePath": {
            "$mid": 1,
            "fsPath": f"{tmp_path}/.devcontainer.json",
            "path": f"{tmp_path}/.devcontainer.json",
            "scheme": "vscode-fileHost",
        },
    }
    assert found.value(identity="id", container={})["name"] == "nid"


def test_without_a_folder_there_is_no_workspace(tmp_path: Path) -> None:
    found = (
        configured(place(None, config=str(tmp_path / "x.json"), container="c"), {})
        if write(tmp_path)
        else None
    )
    assert found is not None
    assert workspace(found) is None
    assert configured(place(None, container="c"), {}) is None


def test_a_worktree_and_its_repository_are_as_far_apart_as_here(tmp_path: Path) -> None:
    repository = tmp_path / "deep/main/.git/worktrees/one"
    repository.mkdir(parents=True)
    (repository / "HEAD").write_text("ref: refs/heads/one\n")
    (repository / "commondir").write_text("../..\n")
    tree = tmp_path / "trees/one"
    tree.mkdir(parents=True)
    (tree / ".git").write_text("gitdir: ../../deep/main/.git/worktrees/one\n")
    found, _ = read(tree, {"image": "x"}, common_dir=True)
    assert workspace(found) == {
        "workspaceFolder": "/workspaces/trees/one",
        "workspaceMount": f"type=bind,source={tree},target=/workspaces/trees/one",
        "additionalMountString": (
            f"type=bind,source={tmp_path}/deep/main/.git,target=/workspaces/deep/main/.git"
        ),
    }
    (tree / ".git").write_text(f"gitdir: {repository}\n")
    plain, _ = read(tree, {"image": "x"}, common_dir=True)
    assert (workspace(plain) or {})["workspaceFolder"] == "/workspaces/one"


def read(
    folder: Path, configuration: dict[str, Any], *, common_dir: bool = False
) -> tuple[Configured, Place]:
    (folder / ".devcontainer.json").write_text(json.dumps(configuration))
    where = place(str(folder), common_dir=common_dir)
    found = configured(where, {"N": "n"})
    assert found is not None
    return found, where


def write(folder: Path) -> bool:
    return bool((folder / "x.json").write_text('{"image": "x"}'))
