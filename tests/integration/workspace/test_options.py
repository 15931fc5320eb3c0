"""Options of `up` and properties that only a whole run can show, on the real engine."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.integration.git.conftest import Repository, environ, make_repository
from tests.outside import Cli, Docker, Images, Traces

__all__ = ["environ", "make_repository"]

Workspace = Callable[..., Path]


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An SSH agent with one key, whose comment is "held by the agent"."""
    key, sock = tmp_path / "key", tmp_path / "agent.sock"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(sock)], stdout=subprocess.DEVNULL)
    try:
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "held by the agent", "-f", str(key)],
            check=True,
        )
        while not sock.exists():
            os.sched_yield()
        variables = {"SSH_AUTH_SOCK": str(sock)}
        subprocess.run(["ssh-add", "-q", str(key)], env={**os.environ, **variables}, check=True)
        yield variables
    finally:
        process.terminate()
        process.wait()


def test_environment_and_mounts_of_the_command_line(
    moorage: Cli, workspace: Workspace, images: Images, tmp_path: Path
) -> None:
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted/a").write_text("there")
    folder = workspace(
        {
            "image": images.busybox,
            "containerEnv": {"A": "file", "B": "file"},
            "remoteEnv": {"B": None, "C": "file"},
            "postCreateCommand": "env > /env",
        }
    )
    moorage.ok(
        "up", folder, "--env", "A=line", "--remote-env", "C=line", "--remote-env", "D=a=b",
        "--mount", f"type=bind,source={tmp_path}/mounted,target=/mounted,readonly",
    )  # fmt: skip
    seen = moorage.ok("exec", folder, "cat", "/env", "/mounted/a").stdout.splitlines()
    assert {"A=line", "C=line", "D=a=b", "there"} <= set(seen)
    assert [line for line in seen if line.startswith("B=")] == []
    assert moorage("exec", folder, "touch", "/mounted/b").code == 1


def test_dotfiles_are_installed_once_and_before_the_start_hook(
    moorage: Cli,
    workspace: Workspace,
    make_repository: Callable[..., Repository],
    cleanup: Traces,
) -> None:
    """The repository must be reachable from inside: here it is, at the same path, by a mount."""
    dotfiles = make_repository("dotfiles")
    dotfiles.commit({"install.sh": "#!/bin/sh\necho installed >> ~/installed\n"})
    dotfiles.git("update-index", "--chmod=+x", "install.sh")
    dotfiles.git("commit", "-q", "-m", "executable")
    dotfiles.git("push", "-q", "origin", "main")
    folder = workspace(
        {
            "image": "moorage-test/base:latest",
            "mounts": [f"type=bind,source={dotfiles.bare},target={dotfiles.bare}"],
            "onCreateCommand": "git config --global --add safe.directory '*'",
            "postStartCommand": "cp ~/installed /at-start",
        }
    )
    for _ in range(2):
        moorage.ok("up", folder, "--dotfiles", dotfiles.url)
    assert moorage.ok("exec", folder, "cat", "/root/installed", "/at-start").stdout == "installed\n" * 2


def test_command_of_a_cloned_repository_needs_consent(
    moorage: Cli, images: Images, cleanup: Traces, make_repository: Callable[..., Repository], tmp_path: Path
) -> None:
    made = tmp_path / "made-on-the-host"
    repository = make_repository(cleanup.token)
    repository.commit(
        {".devcontainer.json": f'{{"image": "{images.busybox}", "initializeCommand": "touch {made}"}}'}
    )
    refused = moorage("up", repository.url)
    assert refused.code == 9
    assert f"touch {made}" in refused.stderr
    assert "--allow-host-commands" in refused.stderr
    assert cleanup.everything() == []
    assert not made.exists()
    moorage.ok("up", repository.url, "--allow-host-commands")
    assert made.exists()


def test_pull_looks_for_a_newer_base(
    moorage: Cli, workspace: Workspace, images: Images, docker: Docker, registry: str, cleanup: Traces
) -> None:
    """Without it a tag that moved in the registry changes nothing: the engine has an image of that name."""
    image = f"{registry}/{cleanup.token}:1"

    def publish(source: str) -> None:
        docker("tag", source, image)
        docker("push", "--quiet", image)

    def built(*options: str) -> str:
        found = moorage.ok("build", folder, *options, "--output", "json").json()["reference"]
        return str(found)

    folder = workspace(
        {"build": {"dockerfile": "Dockerfile"}},
        files={".devcontainer/Dockerfile": f"FROM {image}\nLABEL token={cleanup.token}\n"},
    )
    publish(images.busybox)
    first = built()
    publish(images.debian)
    docker("tag", images.busybox, image)
    assert built() == first
    second = built("--pull")
    assert second != first
    assert docker("run", "--rm", second, "cat", "/etc/debian_version")


def test_an_agent_is_lent_to_the_build(
    moorage: Cli, workspace: Workspace, cleanup: Traces, agent: dict[str, str]
) -> None:
    folder = workspace(
        {"build": {"dockerfile": "Dockerfile"}},
        files={
            ".devcontainer/Dockerfile": (
                f"FROM moorage-test/base\nRUN --mount=type=ssh ssh-add -l > /keys # {cleanup.token}\n"
            )
        },
    )
    moorage.ok("up", folder, "--ssh", "default", env=agent)
    assert "held by the agent" in moorage.ok("exec", folder, "cat", "/keys").stdout


def test_layers_are_taken_from_a_registry(
    moorage: Cli, workspace: Workspace, docker: Docker, registry: str, cleanup: Traces
) -> None:
    """What cacheTo wrote is there for cacheFrom: the number that a step drew comes again."""
    reference = f"{registry}/{cleanup.token}:cache"
    text = f"FROM busybox\nRUN head -c 8 /dev/urandom | od -An -tx1 > /drawn # {cleanup.token}\n"

    def drawn(name: str, more: str, **build: object) -> str:
        folder = workspace(
            {"build": {"dockerfile": "Dockerfile", **build}},
            name=name,
            files={".devcontainer/Dockerfile": text + more},
        )
        moorage.ok("up", folder)
        return moorage.ok("exec", folder, "cat", "/drawn").stdout

    option = f"--cache-to=type=registry,ref={reference},mode=max"
    first = drawn("first", "", options=[option])
    moorage.ok("delete", "--yes", "first")
    assert drawn("second", "LABEL a=b\n", cacheFrom=f"type=registry,ref={reference}") == first


def test_what_the_machine_lacks_is_told(moorage: Cli, workspace: Workspace, images: Images) -> None:
    folder = workspace({"image": images.busybox, "hostRequirements": {"cpus": 4000, "memory": "900tb"}})
    result = moorage.ok("up", folder)
    assert "4000" in result.stderr
    assert "900" in result.stderr


def test_inactivity_is_noted_and_said_not_to_be_enforced_yet(
    moorage: Cli, workspace: Workspace, images: Images
) -> None:
    folder = workspace({"image": images.busybox})
    result = moorage.ok("up", folder, "-o", "containerInactivityTimeout=30m")
    assert "[inactivity-not-enforced]" in result.stderr or "not stopped yet" in result.stderr


def test_a_shell_opens_when_it_is_up(moorage: Cli, workspace: Workspace, images: Images) -> None:
    folder = workspace({"image": images.debian})
    result = moorage("up", folder, "--shell", stdin="pwd; exit 6\n")
    assert result.code == 6
    assert result.stdout.splitlines()[-1] == "/workspaces/project"


def test_a_terminal_shows_steps_with_their_times_and_the_result_last(
    moorage: Cli, workspace: Workspace, images: Images
) -> None:
    folder = workspace({"image": images.busybox, "postCreateCommand": "echo at work; sleep 0.3"})
    code, seen = on_terminal(moorage.command("up", folder), moorage.env)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen)
    assert code == 0, text
    assert re.search(r"✓ postCreateCommand +(0\.[3-9]|[1-9]\d*\.\d) s", text)
    assert "at work" in text
    assert text.index("Workspace project") > text.rindex("✓")
    assert "\x1b" not in moorage.ok("up", folder, "--recreate").stderr


def on_terminal(command: list[str], variables: dict[str, str]) -> tuple[int, str]:
    """The exit code, and all that was drawn."""
    master, slave = pty.openpty()
    try:
        process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env={**variables, "TERM": "xterm"},
            start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(slave)
    seen = b""
    with suppress(OSError):  # the end of a terminal that nobody has open any more
        while data := os.read(master, 65536):
            seen += data
    os.close(master)
    return process.wait(timeout=60), seen.decode()
