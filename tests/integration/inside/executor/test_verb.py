"""`moorage-inside build` as a container starts it: what it says, how it ends, what it gives away."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.engines.provision import Engine, Runtime
from tests.outside import Docker, Images, Traces

SECRET = "swordfish-of-the-builder"

SEARCH = """\
for file in /proc/[0-9]*/environ /proc/[0-9]*/cmdline; do tr '\\0' '\\n' <$file; done 2>/dev/null
for process in 1 $PPID; do head -c 1 /proc/$process/mem; ls /proc/$process/fd; done 2>&1
grep -rl swordfis[h] /etc /root /tmp /.moorage-build /dev/shm
env
"""


class Builder:
    """Containers of the runtime's image with default capabilities."""

    def __init__(self, docker: Docker, image: str, base: str, token: str) -> None:
        self.docker, self.image, self.base, self.token = docker, image, base, token

    def order(self, text: str, **fields: Any) -> str:
        return json.dumps({"text": text, "contexts": {"base": f"docker-image://{self.base}"}, **fields})

    def command(self, *options: str) -> list[str]:
        return [
            "docker", "--host", self.docker.host, "run", "--rm", "--interactive", "--network", "host",
            "--label", f"test={self.token}", *options, self.image, "build", "-",
        ]  # fmt: skip

    def build(self, order: str, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*options), input=order, capture_output=True, text=True, timeout=120
        )


@pytest.fixture(scope="module")
def builder(
    engine: Engine, registry: str, runtime: Runtime, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Builder]:
    docker = Docker(engine.host)
    traces = Traces(docker, tmp_path_factory.mktemp("verb"))
    base = f"{registry}/moorage-test/{traces.token}"
    try:
        docker("tag", Images().busybox, base)
        docker("push", "--quiet", base)
        yield Builder(docker, runtime.image, base, traces.token)
    finally:
        traces.remove()


def test_a_program_of_the_image_finds_nothing_that_the_builder_was_given(builder: Builder) -> None:
    """In environments, memory and open files of every process, and in every file that it can read."""
    text = f"FROM base\nRUN --mount=type=secret,id=known test -s /run/secrets/known\nRUN <<EOT\n{SEARCH}EOT\n"
    secrets = {"known": base64.b64encode(SECRET.encode()).decode()}
    done = builder.build(builder.order(text, secrets=secrets), "--env", f"REGISTRY_TOKEN={SECRET}")
    assert done.returncode == 0, done.stderr
    assert "swordfish" not in done.stderr
    assert "Permission denied" in done.stderr
    assert "HOME=/root" in done.stderr
    assert json.loads(done.stdout)["config"]["config"]["Cmd"] == ["sh"]


def test_a_failing_command_is_told_with_its_line_and_last_words(builder: Builder) -> None:
    done = builder.build(builder.order("FROM base\nRUN echo last words; exit 7\n"))
    assert done.returncode == 6
    assert done.stdout == ""
    assert done.stderr.splitlines()[-4:] == [
        "moorage-inside: echo last words; exit 7 ended with 7 [build-command-failed]",
        "  Dockerfile:2: RUN echo last words; exit 7",
        "  last words",
        "  See what it says; then build again.",
    ]


@pytest.mark.parametrize(("order", "code"), [("{", 2), ('{"colour": 1}', 2), ('{"context": "/none"}', 2)])
def test_an_order_that_cannot_be_read(builder: Builder, order: str, code: int) -> None:
    done = builder.build(order)
    assert (done.returncode, done.stdout) == (code, "")
    assert "[build-order-bad]" in done.stderr


def test_an_image_is_never_deleted(builder: Builder) -> None:
    """The runtime in a container of another image."""
    volume = f"{builder.token}-runtime"
    builder.docker("volume", "create", "--label", f"test={builder.token}", volume)
    builder.docker("run", "--rm", "--user", "0", "--volume", f"{volume}:/t", builder.image, "install", "/t")
    command = [
        "docker", "--host", builder.docker.host, "run", "--rm", "--interactive", "--network", "host",
        "--label", f"test={builder.token}", "--volume", f"{volume}:/.moorage",
        "--entrypoint", "/.moorage/bin/moorage-inside", Images().busybox, "build", "-",
    ]  # fmt: skip
    order = builder.order("FROM base\n")
    done = subprocess.run(command, input=order, capture_output=True, text=True, timeout=60)
    assert done.returncode == 9
    assert "[build-root-taken]" in done.stderr


def test_it_stops_when_it_is_asked_to(builder: Builder) -> None:
    with subprocess.Popen(
        builder.command("--name", f"{builder.token}-stop"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        assert running.stdin is not None
        assert running.stderr is not None
        running.stdin.write(builder.order("FROM base\nRUN echo begun; exec sleep 600\n"))
        running.stdin.close()
        while running.stderr.readline().strip() != "begun":
            assert running.poll() is None
        asked = time.monotonic()
        builder.docker("kill", "--signal", "TERM", f"{builder.token}-stop")
        assert running.wait(30) == 130
        assert time.monotonic() - asked < 20
