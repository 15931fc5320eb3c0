"""Ports of a workspace in a cluster on this machine, over the API."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.kubernetes.person import Person

SERVER = """
use IO::Socket; $SIG{CHLD} = "IGNORE";
my @place = (LocalAddr => "127.0.0.1", LocalPort => 4711, Listen => 5, ReuseAddr => 1);
my $server = IO::Socket::INET->new(@place) or die;
while (my $peer = $server->accept) {
  next if fork;
  while (my $line = <$peer>) { chomp $line; print $peer scalar(reverse $line), "\\n"; $peer->flush; }
  exit;
}
"""
PORTS = {
    "forwardPorts": [4711],
    "portsAttributes": {"4711": {"label": "Mirror", "protocol": "http"}},
    "postStartCommand": "setsid perl mirror.pl </dev/null >/dev/null 2>&1 &",
}
Forwarding = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def forward(person: Person) -> Iterator[Forwarding]:
    made: list[subprocess.Popen[str]] = []

    def start(*arguments: str | Path) -> subprocess.Popen[str]:
        place = ("--driver", "kubernetes", "-o", f"namespace={person.namespace}", "--output", "json")
        made.append(person.cli.start("forward", *place, *arguments))
        return made[-1]

    yield start
    for each in made:
        if each.poll() is None:
            each.send_signal(signal.SIGINT)
        each.communicate(timeout=30)


def opened(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.stderr.read() if process.stderr else ""
    body: dict[str, object] = json.loads(line)
    return body


def mirrored(port: object, words: bytes) -> bytes:
    """The server's answer; nothing where the connection is not taken."""
    assert isinstance(port, int)
    got = b""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as peer:
            peer.sendall(words + b"\n")
            while not got.endswith(b"\n") and (piece := peer.recv(65536)):
                got += piece
    except ConnectionError:
        return b""
    return got.rstrip(b"\n")


def eventually(port: object, words: bytes) -> bytes:
    deadline = time.monotonic() + 60
    while not (got := mirrored(port, words)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return got


@pytest.fixture
def up(person: Person, project: Callable[..., Path]) -> Path:
    folder = project(**PORTS)
    (folder / "mirror.pl").write_text(SERVER)
    person.ok("up", folder)
    return folder


def test_ports_of_the_configuration_and_of_the_command_line(
    person: Person, up: Path, forward: Forwarding
) -> None:
    process = forward(up)
    first = opened(process)
    assert (first["port"], first["label"], first["through"]) == (4711, "Mirror", "port-forward")
    assert eventually(first["local"], b"abc") == b"cba"
    long = bytes(range(97, 123)) * 20_000
    assert mirrored(first["local"], long) == long[::-1]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        named = forward(up, f"{port}:4711")
        assert named.wait(timeout=60) == 9
    other = opened(forward(up, f"{port}:127.0.0.1:4711"))
    assert (other["host"], other["local"], other["through"]) == ("127.0.0.1", port, "perl")
    assert mirrored(port, b"xy") == b"yx"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0


def test_a_port_that_nobody_serves_is_told_once(up: Path, forward: Forwarding) -> None:
    process = forward(up, "4799")
    local = opened(process)["local"]
    assert mirrored(local, b"x") == mirrored(local, b"x") == b""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert said.count("A connection to 4799 in the workspace failed") == 1


def test_a_pod_that_takes_the_place_of_another_is_reached_again(
    person: Person, up: Path, forward: Forwarding
) -> None:
    process = forward(up)
    local = opened(process)["local"]
    assert eventually(local, b"abc") == b"cba"
    (before,) = person.cluster.get(person.namespace, "pods")
    person.cluster.kubectl("--namespace", person.namespace, "delete", "pod", before["metadata"]["name"])
    assert eventually(local, b"abc") == b"cba"
    (after,) = person.cluster.get(person.namespace, "pods")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert process.poll() is None
