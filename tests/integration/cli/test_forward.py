"""Ports of a workspace on this machine, with real servers inside."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from moorage.workspace import relay
from tests.outside import Cli, Docker, Images, Traces

Workspace = Callable[..., Path]

ECHO = """
import socket, sys, threading
server = socket.create_server((sys.argv[1], int(sys.argv[2])))
def serve(peer):
    data = b""
    while piece := peer.recv(65536):
        data += piece
    peer.sendall(data[::-1])
    peer.close()
while True:
    threading.Thread(target=serve, args=(server.accept()[0],)).start()
"""


class Forwarding:
    """A `moorage forward` under way."""

    def __init__(self, cli: Cli, *arguments: str | Path) -> None:
        self.process = cli.start("forward", *arguments, "--output", "json")

    def opened(self) -> dict[str, object]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read() if self.process.stderr else ""
        body = json.loads(line)
        assert isinstance(body, dict)
        return body

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=20)
        return self.process.returncode


@pytest.fixture
def forward(moorage: Cli) -> Iterator[Callable[..., Forwarding]]:
    made: list[Forwarding] = []

    def make(*arguments: str | Path) -> Forwarding:
        made.append(Forwarding(moorage, *arguments))
        return made[-1]

    yield make
    for each in made:
        each.end()


@pytest.fixture
def up(moorage: Cli, workspace: Workspace, images: Images, docker: Docker, cleanup: Traces) -> Path:
    """A workspace whose server listens on its own 127.0.0.1, and answers when the request has ended."""
    folder = workspace(
        {
            "image": images.python,
            "forwardPorts": [4711],
            "portsAttributes": {"4711": {"label": "Mirror", "protocol": "http"}},
        },
        name=cleanup.token,
        files={"mirror.py": ECHO},
    )
    moorage.ok("up", folder)
    container = docker("ps", "--quiet", "--filter", f"label=devcontainer.local_folder={folder}")
    docker(
        "exec", "--detach", container, "python", f"/workspaces/{cleanup.token}/mirror.py", "127.0.0.1", "4711"
    )
    return folder


def mirrored(port: object, data: bytes) -> bytes:
    """What the server gives back for data whose end it has seen."""
    assert isinstance(port, int)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        got = b""
        while piece := peer.recv(65536):
            got += piece
        return got


def eventually(port: object, data: bytes) -> bytes:
    """As `mirrored`, for a server that may still be starting."""
    end = time.monotonic() + 20
    while not (got := mirrored(port, data)):
        assert time.monotonic() < end
        time.sleep(0.1)
    return got


def test_forward_ports_reach_the_workspaces_own_localhost(
    up: Path, forward: Callable[..., Forwarding]
) -> None:
    forwarding = forward(up)
    opened = forwarding.opened()
    assert (opened["port"], opened["label"], opened["address"]) == (4711, "Mirror", "127.0.0.1")
    assert eventually(opened["local"], b"abc") == b"cba"
    data = bytes(range(256)) * 2000
    assert mirrored(opened["local"], data) == data[::-1]
    assert forwarding.end() == 0


def test_a_taken_port_is_passed_over_unless_it_is_required(
    up: Path, moorage: Cli, forward: Callable[..., Forwarding]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        named = forward(up, f"{port}:4711")
        assert named.process.wait(timeout=30) == 9
        assert named.process.stderr is not None
        assert "[local-port-taken]" in named.process.stderr.read()
        opened = forward(up, str(port)).opened()
        assert opened["local"] != port
        assert opened["port"] == port


def test_a_port_of_another_name_is_reached_from_inside(up: Path, forward: Callable[..., Forwarding]) -> None:
    opened = forward(up, "127.0.0.1:4711").opened()
    assert (opened["host"], opened["port"]) == ("127.0.0.1", 4711)
    assert eventually(opened["local"], b"xy") == b"yx"


def test_a_port_that_nobody_serves_is_told(up: Path, forward: Callable[..., Forwarding]) -> None:
    forwarding = forward(up, "4799")
    assert mirrored(forwarding.opened()["local"], b"x") == b""
    assert forwarding.process.stderr is not None
    said = forwarding.process.stderr.readline()
    assert "A connection to 4799 in the workspace failed" in said


def test_nothing_to_forward_is_told(
    moorage: Cli, workspace: Workspace, images: Images, cleanup: Traces
) -> None:
    folder = workspace({"image": images.busybox}, name=cleanup.token)
    moorage.ok("up", folder)
    result = moorage("forward", folder)
    assert (result.code, "[no-ports]" in result.stderr) == (2, True)
    assert moorage("forward", folder, "x").code == 2


@pytest.mark.parametrize("program", ["perl", "python3", "bash"])
def test_each_program_carries_both_directions(
    program: str, up: Path, docker: Docker, forward: Callable[..., Forwarding]
) -> None:
    eventually(forward(up).opened()["local"], b"up")
    container = docker("ps", "--quiet", "--filter", f"label=devcontainer.local_folder={up}")
    argv = relay.call(program, "localhost", 4711)
    with subprocess.Popen(
        ["docker", "--host", docker.host, "exec", "--interactive", container, *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        if program == "bash":  # which cannot end one direction alone: the server never answers
            process.communicate(b"abc", timeout=30)
            return
        out, _ = process.communicate(b"abc", timeout=30)
        assert out == b"cba"


def test_busybox_carries_both_directions(
    moorage: Cli,
    workspace: Workspace,
    images: Images,
    docker: Docker,
    cleanup: Traces,
    forward: Callable[..., Forwarding],
) -> None:
    folder = workspace({"image": images.busybox}, name=cleanup.token)
    moorage.ok("up", folder)
    container = docker("ps", "--quiet", "--filter", f"label=devcontainer.local_folder={folder}")
    docker("exec", "--detach", container, "nc", "-ll", "-p", "4712", "-e", "sh", "-c", "read x; echo got $x")
    opened = forward(folder, "4712").opened()
    assert opened["through"] == "busybox"
    assert eventually(opened["local"], b"word\n") == b"got word\n"
