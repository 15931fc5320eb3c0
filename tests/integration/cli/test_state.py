"""list, status, start, stop, restart and delete against a real engine."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.outside import Cli, Docker, Images, Traces

Workspace = Callable[..., Path]


def row(cli: Cli, folder: Path) -> dict[str, object] | None:
    found = cli.ok("list", "--output", "json").json()
    assert isinstance(found, list)
    return next((each for each in found if each["source"] == str(folder)), None)


def test_from_nothing_to_nothing(
    moorage: Cli, workspace: Workspace, images: Images, docker: Docker, cleanup: Traces
) -> None:
    volume = f"{cleanup.token}-kept"
    folder = workspace(
        {
            "image": images.debian,
            "mounts": [f"source={volume},target=/kept,type=volume", "target=/anonymous,type=volume"],
            "onCreateCommand": "true",
            "postStartCommand": "echo started >> /kept/log",
            "forwardPorts": [3000],
        },
        name=cleanup.token,
    )
    assert row(moorage, folder) is None
    moorage.ok("up", folder)
    made = row(moorage, folder)
    assert made is not None
    assert (made["name"], made["state"]) == (cleanup.token, "running")

    status = moorage.ok("status", cleanup.token, "--output", "json").json()
    assert isinstance(status, dict)
    assert (status["state"], status["user"], status["folder"]) == (
        "running",
        "root",
        f"/workspaces/{cleanup.token}",
    )
    assert status["forward_ports"] == [3000]
    assert "onCreateCommand:0" in status["hooks"]["done"]
    assert status["image"] == images.debian
    text = moorage.ok("status", folder).stdout
    assert "onCreateCommand, postStartCommand" in text

    assert moorage.ok("stop", folder).stdout.split() == [cleanup.token, "stopped"]
    assert row(moorage, folder)["state"] == "exited"  # type: ignore[index]
    assert moorage.ok("stop", folder).stdout.strip() == f"{cleanup.token}  not running"

    assert moorage.ok("start", cleanup.token).stdout.split() == [cleanup.token, "started"]
    assert moorage.ok("start", cleanup.token).stdout.strip() == f"{cleanup.token}  running already"
    assert moorage.ok("restart", cleanup.token).stdout.split() == [cleanup.token, "restarted"]
    assert moorage.ok("exec", folder, "cat", "/kept/log").stdout.split() == ["started"] * 3

    deleted = moorage.ok("delete", folder, "--output", "json").json()
    assert isinstance(deleted, list)
    assert [each["outcome"] for each in deleted] == ["deleted"]
    assert deleted[0]["removed"] == [f"container {status['container']}"]
    assert row(moorage, folder) is None
    assert cleanup.containers() == []
    assert docker("volume", "ls", "--quiet", "--filter", f"name={volume}") == volume  # a person's own volume
    docker("volume", "rm", volume)


def test_several_at_once(moorage: Cli, workspace: Workspace, images: Images, cleanup: Traces) -> None:
    folders = [workspace({"image": images.busybox}, name=f"{cleanup.token}{letter}") for letter in "ab"]
    for folder in folders:
        moorage.ok("up", folder)
    assert len(moorage.ok("stop", *folders).stdout.splitlines()) == 2
    result = moorage("delete", folders[0], "nonsense")
    assert result.code == 2
    assert row(moorage, folders[0]) is not None  # a wrong name stops it before anything is done
    assert len(moorage.ok("delete", *folders).stdout.splitlines()) == 2
    assert cleanup.containers() == []


def test_nothing_is_done_without_a_name(moorage: Cli) -> None:
    for command in ("start", "stop", "restart", "delete"):
        result = moorage(command)
        assert (result.code, result.stdout) == (2, "")
        assert "[none-named]" in result.stderr


def test_a_workspace_that_is_not_there(moorage: Cli, tmp_path: Path) -> None:
    for command in ("start", "stop", "restart", "delete", "status", "logs", "forward"):
        result = moorage(command, tmp_path)
        assert result.code == 2, command
        assert "[no-workspace]" in result.stderr, command


def test_an_engine_that_is_not_there(moorage: Cli) -> None:
    result = moorage("list", "--output", "json", env={"DOCKER_HOST": "unix:///nowhere/docker.sock"})
    assert result.code == 5
    body = result.json()
    assert isinstance(body, dict)
    assert body["outcome"] == "error"


def test_a_start_goes_without_the_folder(
    moorage: Cli, workspace: Workspace, images: Images, docker: Docker, cleanup: Traces
) -> None:
    """Nothing but the container is needed where its files are not on this machine."""
    folder = workspace(
        {"image": images.debian, "workspaceMount": "", "workspaceFolder": "/"}, name=cleanup.token
    )
    moorage.ok("up", folder)
    moorage.ok("stop", folder)
    for file in sorted(folder.rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    folder.rmdir()
    result = moorage.ok("start", cleanup.token)
    assert "[started-without-source]" in result.stderr or "is gone" in result.stderr
    assert moorage.ok("exec", cleanup.token, "pwd").stdout == "/\n"


def test_a_deletion_on_a_terminal_asks(
    moorage: Cli, workspace: Workspace, images: Images, cleanup: Traces
) -> None:
    folder = workspace({"image": images.busybox}, name=cleanup.token)
    moorage.ok("up", folder)
    assert answered(moorage, "n\n", "delete", folder) == 9
    assert row(moorage, folder) is not None
    assert answered(moorage, "", "delete", "--yes", folder) == 0
    assert row(moorage, folder) is None


def answered(cli: Cli, text: str, *arguments: str | Path) -> int:
    """The exit code of a command on a terminal whose user types this."""
    master, slave = pty.openpty()
    try:
        os.write(master, text.encode())
        return subprocess.run(
            cli.command(*arguments), stdin=slave, stdout=slave, stderr=slave, env=cli.env, timeout=60
        ).returncode
    finally:
        os.close(master)
        os.close(slave)


def test_all_of_it_on_an_old_engine(
    old_moorage: Cli, workspace: Workspace, images: Images, tmp_path: Path
) -> None:
    folder = workspace(
        {"image": images.devcontainer, "remoteUser": "vscode", "postStartCommand": "echo hello"},
        name=tmp_path.name.replace("_", "-")[:30],
    )
    old_moorage.ok("up", folder)
    assert row(old_moorage, folder)["state"] == "running"  # type: ignore[index]
    result = old_moorage("exec", folder, "sh", "-c", "id -un; exit 4")
    assert (result.code, result.stdout) == (4, "vscode\n")
    assert "hello" in old_moorage.ok("logs", folder).stdout
    assert old_moorage("exec", folder, "no-such-command").code in (126, 127)
    old_moorage.ok("stop", folder)
    assert old_moorage.ok("exec", folder, "id", "-un").stdout == "vscode\n"
    old_moorage.ok("delete", folder)
    assert row(old_moorage, folder) is None
