"""Folders and names with spaces, quotes, other alphabets and `=`: nothing is taken apart on the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.outside import Cli, Docker, Images, Traces

NAMES = [
    "two words",
    'it\'s "quoted"',
    "größe-日本",
    "a=b",
    "$HOME `id` $(id)",
    "semi;colon & star*[x]?",
    "-dash, {brace} #hash 100%",
    "back\\slash:colon",
]


@pytest.mark.parametrize("name", NAMES)
def test_folder(
    name: str, moorage: Cli, docker: Docker, images: Images, cleanup: Traces, tmp_path: Path
) -> None:
    folder = tmp_path / name
    (folder / ".devcontainer").mkdir(parents=True)
    (folder / ".devcontainer/devcontainer.json").write_text(
        json.dumps(
            {
                "name": name,
                "image": images.busybox,
                "containerEnv": {"FOLDER": "${localWorkspaceFolderBasename}", "NAME": name},
                "postCreateCommand": 'pwd > from-hook; printf "%s" "$NAME" > name; echo "$FOLDER" > folder',
            }
        )
    )
    result = moorage.ok("up", folder, "--output", "json").json()
    assert isinstance(result, dict)
    assert result["remote_folder"] == f"/workspaces/{name}"
    assert (folder / "from-hook").read_text() == f"/workspaces/{name}\n"
    assert (folder / "name").read_text() == name
    assert (folder / "folder").read_text() == f"{name}\n"
    ran = moorage.ok("exec", folder, "--", "sh", "-c", 'echo "$1 in $PWD"', "x", name)
    assert ran.stdout == f"{name} in /workspaces/{name}\n"
    moorage.ok("delete", "--yes", folder)
    assert cleanup.containers() == []


def test_dockerfile_in_a_folder_with_an_odd_name(
    moorage: Cli, docker: Docker, images: Images, cleanup: Traces, tmp_path: Path
) -> None:
    """Paths of the context and values of arguments go through as they are."""
    folder = tmp_path / "a=b 'c' größe"
    odd = "file with = größe.txt"
    (folder / ".devcontainer").mkdir(parents=True)
    (folder / odd).write_text("content")
    (folder / ".devcontainer/Docker file").write_text(
        f"FROM {images.busybox}\nARG VALUE\nLABEL token={cleanup.token}\n"
        f'COPY {json.dumps([odd, "/copied"])}\nRUN printf "%s" "$VALUE" > /value\n'
    )
    value = "x=1 'two' \"three\" $HOME größe"
    (folder / ".devcontainer/devcontainer.json").write_text(
        json.dumps({"build": {"dockerfile": "Docker file", "context": "..", "args": {"VALUE": value}}})
    )
    moorage.ok("up", folder)
    container = cleanup.containers()[0]
    assert docker("exec", container, "cat", "/copied") == "content"
    assert docker("exec", container, "cat", "/value") == value
