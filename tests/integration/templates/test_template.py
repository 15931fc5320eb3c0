"""Templates from the outside: listed, copied, checked, brought up on an engine, changed."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.outside import Cli, Docker, Images, Traces

NAME = "docker-devcontainer"


@pytest.fixture
def repository(workspace: Callable[..., Path], images: Images) -> tuple[str, Path]:
    """The URL of a repository with a devcontainer.json, and its folder."""
    folder = workspace({"image": images.busybox, "postCreateCommand": "echo ran >> /workspaces/ran"})
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *arguments], check=True)
    return f"file://{folder}", folder


def up(moorage: Cli, *arguments: str) -> Any:
    return moorage.ok("template", "up", NAME, *arguments, "--output", "json").json()


def refused(moorage: Cli, *arguments: str | Path, code: int) -> Any:
    result = moorage(*arguments, "--output", "json")
    assert result.code == code, result.stderr + result.stdout
    return result.json()


def limits(docker: Docker, result: Any) -> tuple[float, float]:
    """CPUs and GiB of memory."""
    (found,) = json.loads(docker("inspect", result["container"]))
    host = found["HostConfig"]
    return host["NanoCpus"] / 1e9, host["Memory"] / 2**30


def test_a_workspace_keeps_its_values_and_changes_them(
    moorage: Cli, docker: Docker, repository: tuple[str, Path], cleanup: Traces
) -> None:
    source, _ = repository
    first = up(moorage, "--parameter", f"repo={source}", "--parameter", "cpu=1", "--parameter", "memory=1")
    assert first["created"]
    assert limits(docker, first) == (1, 1)

    again = up(moorage, "--parameter", f"repo={source}")
    assert (again["steps"], again["container_id"]) == ([], first["container_id"])

    name = first["name"]
    changed = moorage.ok("update", name, "--parameter", "memory=1.5", "--output", "json").json()
    assert changed["container_id"] != first["container_id"]
    assert limits(docker, changed) == (1, 1.5)
    kept = docker("exec", changed["container"], "cat", "/workspaces/ran")
    assert kept.splitlines() == ["ran", "ran"]

    told = refused(
        moorage, "update", name, "--parameter", "repo=file:///else", "--parameter", "cpus=1", code=2
    )
    assert told["code"] == "bad-parameters"
    assert "There is no parameter cpus. Did you mean cpu?" in told["evidence"]
    assert any("repo is fixed when a workspace is made" in line for line in told["evidence"])
    assert limits(docker, changed) == (1, 1.5)

    moorage.ok("stop", name)
    same = moorage.ok("update", name, "--output", "json").json()
    assert same["container_id"] == changed["container_id"]

    plain = moorage.ok("up", source, "--recreate", "--output", "json").json()
    assert plain["container_id"] != changed["container_id"]
    assert limits(docker, plain) == (1, 1.5)
    assert up(moorage, "--parameter", f"repo={source}")["steps"] == []

    moorage.ok("delete", "--yes", name)
    assert cleanup.volumes() == []
    assert cleanup.containers() == []


def test_values_outlive_a_container_that_is_gone(
    moorage: Cli, docker: Docker, repository: tuple[str, Path]
) -> None:
    """As where a run is killed between removing the old one and making the new one: what was given first."""
    source, _ = repository
    first = up(moorage, "--parameter", f"repo={source}", "--parameter", "memory=1")
    docker("rm", "--force", first["container"])
    assert limits(docker, up(moorage, "--parameter", f"repo={source}")) == (2, 1)
    docker("rm", "--force", first["container"])
    assert limits(docker, moorage.ok("up", source, "--output", "json").json()) == (2, 1)


def test_a_file_of_parameters_comes_before_the_command_line(
    moorage: Cli, docker: Docker, repository: tuple[str, Path], tmp_path: Path
) -> None:
    source, _ = repository
    file = tmp_path / "values.yaml"
    file.write_text(f"repo: {source}\ncpu: 1.5\nmemory: 1\n")
    result = up(moorage, "--parameters-file", str(file), "-p", "memory=2")
    assert limits(docker, result) == (1.5, 2)


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        ((), 2, "repo"),
        (("-p", "repo=file:///x", "-p", "cpu=0"), 2, "cpu must be at least 1, not 0"),
        (
            ("-p", "repo=file:///x", "-p", "fallback_image=debian"),
            9,
            "fallback_image cannot take effect yet.",
        ),
        (("-p", "repo=file:///x", "--variable", "cache_repo=r/x"), 9, "cache_repo cannot take effect yet."),
        (("-p", "repo=https://me:secret@host/x"), 2, "a password"),
        (("--variable", "x=1"), 2, "There is no variable x."),
        (("--parameters-file", "/nowhere"), 2, "/nowhere cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(
    moorage: Cli, cleanup: Traces, arguments: tuple[str, ...], code: int, word: str
) -> None:
    result = moorage("template", "up", NAME, *arguments, "--output", "json")
    assert result.code == code, result.stderr
    assert word in result.json()["message"]
    assert "secret" not in result.stderr + result.stdout
    assert cleanup.everything() == []


def test_a_workspace_of_another_kind_is_not_taken_over(moorage: Cli, repository: tuple[str, Path]) -> None:
    source, folder = repository
    made = moorage.ok("up", source, "--output", "json").json()
    told = refused(moorage, "template", "up", NAME, "-p", f"repo={source}", code=9)
    assert told["code"] == "not-from-template"
    assert refused(moorage, "update", made["name"], code=9)["code"] == "not-from-template"
    taken = up(moorage, "-p", f"repo={source}", "--recreate")
    assert taken["workspace"] == made["workspace"]
    moorage.ok("update", made["name"], "-p", "memory=1")
    assert (folder / ".git").is_dir()


def test_a_copy_is_extended_and_followed(moorage: Cli, docker: Docker, repository: tuple[str, Path]) -> None:
    """A template of one's own; a workspace goes over to its later form when that is asked for."""
    source, _ = repository
    own = moorage.ok("template", "init", NAME, "ours", "--output", "json").json()
    file = Path(own["folder"], "template.yaml")
    assert file.parent == moorage.home / ".config/moorage/templates/ours"
    assert "verified: false" in file.read_text()
    assert moorage("template", "init", NAME, "ours").code == 9
    extended = file.read_text() + "  environment: { TEAM: '${parameter.team}' }\n"
    extended = extended.replace(
        "parameters:\n",
        "parameters:\n  team: { default: red, mutable: true }\n"
        "  anew: { type: bool, default: false, mutable: true, ephemeral: true }\n",
        1,
    )
    file.write_text(extended + "  rebuild: ${parameter.anew}\n")
    moorage.ok("template", "validate", "ours")
    made = moorage.ok("template", "up", "ours", "-p", f"repo={source}", "--output", "json").json()

    def team(container: str) -> str:
        return docker("exec", container, "sh", "-c", "echo $TEAM")

    assert team(made["container"]) == "red"
    file.write_text(file.read_text().replace("TEAM: '$", "TEAM: 'the $"))
    told = moorage.ok("template", "up", "ours", "-p", f"repo={source}")
    assert "The template has changed since this workspace was made: environment." in told.stderr
    assert team(made["container"]) == "red"
    moorage.ok("update", made["name"])
    assert team(made["container"]) == "the red"
    followed = moorage.ok("update", made["name"], "-p", "anew=true", "--output", "json").json()
    assert followed["created"]
    assert moorage.ok("update", made["name"], "--output", "json").json()["steps"] == []

    file.write_text("driver: nowhere\nparameters: 3\n")
    broken = refused(moorage, "template", "validate", "ours", code=3)
    assert [line.split(":")[1] for line in broken["evidence"]] == ["1", "1", "2"]
    listed = moorage.ok("template", "list", "--output", "json")
    assert [each["name"] for each in listed.json()] == [NAME, "kubernetes-devcontainer", "ours"]
    assert "fault" in listed.json()[2]


def test_a_terminal_is_asked_for_what_is_missing(moorage: Cli, repository: tuple[str, Path]) -> None:
    source, _ = repository
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        moorage.command("template", "up", NAME, "--output", "json"), env=moorage.env, cwd=moorage.home,
        stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, text=True,
    )  # fmt: skip
    os.close(theirs)
    shown = until(ours, "Repository: ")
    os.write(ours, b" \n")
    shown = until(ours, "Repository: ")
    assert "it must be a Git URL" in shown
    os.write(ours, source.encode() + b"\n")
    assert running.stdout is not None
    with running.stdout as result:
        reading = until(ours, None)
        assert json.loads(result.read())["outcome"] == "success", reading
    assert running.wait(60) == 0
    os.close(ours)


def until(terminal: int, text: str | None) -> str:
    """What the terminal shows up to a text, or to its end."""
    shown, deadline = "", time.monotonic() + 60
    while text is None or text not in shown:
        assert time.monotonic() < deadline, shown
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        shown += part.decode(errors="replace")
    return shown


def test_a_compose_project_is_refused(
    moorage: Cli, workspace: Callable[..., Path], images: Images, cleanup: Traces, tmp_path: Path
) -> None:
    """What a template asks for and a driver cannot give is refused before anything is made."""
    folder = workspace(
        {"dockerComposeFile": "compose.yaml", "service": "app", "workspaceFolder": "/w"},
        files={".devcontainer/compose.yaml": f"services: {{app: {{image: '{images.busybox}'}}}}\n"},
    )
    own = tmp_path / "local"
    moorage.ok("template", "init", NAME, str(own))
    told = refused(moorage, "template", "up", str(own), "-p", f"repo={folder}", code=9)
    assert told["code"] == "run-args-unsupported"
    assert cleanup.containers() == []


def test_show_says_what_can_be_chosen(moorage: Cli) -> None:
    text = moorage.ok("template", "show", NAME).stdout
    assert "Docker (Devcontainer)" in text
    assert "(required)" in text
    found = moorage.ok("template", "show", NAME, "--output", "json").json()
    assert [each["name"] for each in found["parameters"]][:3] == ["cpu", "memory", "repo"]
    assert found["readme"].startswith("# Development in a container")
    assert (
        refused(moorage, "template", "show", "docker-devcontaner", code=2)["hint"] == f"Did you mean {NAME}?"
    )
