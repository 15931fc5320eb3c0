"""Which program is Compose, told by what it answers."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from moorage.compose import program
from moorage.compose.config import resolve
from moorage.compose.errors import BadComposeFile, ComposeMissing
from moorage.compose.process import run
from moorage.compose.program import Program, find, version_in
from moorage.engine.endpoint import Endpoint

ENDPOINT = Endpoint(host="unix:///engine.sock", origin="test", socket="/engine.sock")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("2.27.0", "2.27.0"),
        ("v2.27.0-desktop.2\n", "2.27.0"),
        ("2.26.1-4", "2.26.1"),
        ("1.29.2", "1.29.2"),
        ("5.0.1+ds1-0ubuntu1~22.04", "5.0.1"),
        ("podman-compose version 1.0.6", ""),
        ("docker: 'compose' is not a docker command.", ""),
        ("", ""),
    ],
)
def test_a_version_alone_is_compose(text: str, version: str) -> None:
    assert version_in(text) == version


def script(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def environ(folder: Path) -> dict[str, str]:
    return {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder)}


@pytest.fixture(autouse=True)
def _no_plugins_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "_PLUGINS", program._PLUGINS[:1])


async def test_the_plugin_comes_before_the_program_of_its_own(tmp_path: Path) -> None:
    script(tmp_path, "docker", 'test "$1" = compose && echo 2.30.1')
    script(tmp_path, "docker-compose", "echo 1.29.2")
    found = await find(ENDPOINT, environ(tmp_path), tmp_path / "cache")
    assert (found.argv, found.version) == ((str(tmp_path / "docker"), "compose"), "2.30.1")
    assert found.environment["DOCKER_HOST"] == "unix:///engine.sock"


async def test_a_docker_without_the_plugin_is_passed_over(tmp_path: Path) -> None:
    script(tmp_path, "docker", "echo \"docker: 'compose' is not a docker command.\" >&2; exit 1")
    script(tmp_path, "docker-compose", "echo 1.29.2")
    found = await find(ENDPOINT, environ(tmp_path), tmp_path / "cache")
    assert found.argv == (str(tmp_path / "docker-compose"),)
    assert found.old


async def test_the_answer_is_remembered_until_a_program_changes(tmp_path: Path) -> None:
    docker = script(tmp_path, "docker", f"echo asked >> {tmp_path}/log; echo 2.30.1")
    for _ in range(2):
        await find(ENDPOINT, environ(tmp_path), tmp_path / "cache")
    assert (tmp_path / "log").read_text().split() == ["asked"]
    script(tmp_path, "docker", "echo 2.31.00")
    os.utime(docker, (1, 1))
    assert (await find(ENDPOINT, environ(tmp_path), tmp_path / "cache")).version == "2.31.00"


async def test_what_each_candidate_said_is_evidence(tmp_path: Path) -> None:
    script(tmp_path, "docker", "echo 'not a docker command' >&2; exit 1")
    script(tmp_path, "docker-compose", "echo podman-compose version 1.0.6")
    with pytest.raises(ComposeMissing) as caught:
        await find(ENDPOINT, environ(tmp_path), tmp_path / "cache")
    assert any("not a docker command" in line for line in caught.value.evidence)
    assert any("podman-compose" in line for line in caught.value.evidence)
    assert "docker-compose-plugin" in caught.value.hint


async def test_a_project_is_resolved_with_every_profile_and_its_dollars_as_they_are(tmp_path: Path) -> None:
    script(
        tmp_path,
        "docker",
        f'echo "$@" > {tmp_path}/argv; echo \'{{"services": {{"a": {{"command": ["$$x"]}}}}}}\'',
    )
    found = Program(
        argv=(str(tmp_path / "docker"), "compose"), version="2.30.1", environment=environ(tmp_path)
    )
    resolved = await resolve(found, ("/a.yml", "/b.yml"), str(tmp_path))
    assert resolved == {"services": {"a": {"command": ["$x"]}}}
    said = (tmp_path / "argv").read_text().strip()
    assert said == "compose --ansi never --profile * -f /a.yml -f /b.yml config --format json"


async def test_the_words_of_compose_are_the_evidence_of_bad_files(tmp_path: Path) -> None:
    script(tmp_path, "docker", "echo 'services.a Additional property x is not allowed' >&2; exit 15")
    found = Program(
        argv=(str(tmp_path / "docker"), "compose"), version="2.30.1", environment=environ(tmp_path)
    )
    with pytest.raises(BadComposeFile) as caught:
        await resolve(found, ("/a.yml",), str(tmp_path))
    assert "Additional property" in caught.value.evidence[0]


async def test_a_run_tells_lines_without_colours_and_ends_with_its_group(tmp_path: Path) -> None:
    lines: list[str] = []
    path = script(tmp_path, "c", "printf '\\033[31mred\\033[0m\\r\\nplain\\n' >&2; echo out; cat; exit 3")
    done = await run(
        (str(path),), environment=environ(tmp_path), folder="/", stdin=b"given\n", log=lines.append
    )
    assert done.code == 3
    assert sorted(lines) == ["given", "out", "plain", "red"]
    assert done.said == ("red", "plain")
    sleeper = script(tmp_path, "s", f"sleep 600 & echo $! > {tmp_path}/pid; wait")
    with pytest.raises(TimeoutError):
        await run((str(sleeper),), environment=environ(tmp_path), folder="/", timeout=0.3)
    pid = int((tmp_path / "pid").read_text())
    assert await _gone(pid)


async def _gone(pid: int) -> bool:
    for _ in range(200):
        try:
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return True
        except OSError:
            return True
        await asyncio.sleep(0.01)
    return False
