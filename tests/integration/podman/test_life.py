"""A workspace from nothing to nothing on Podman, in each of its ways."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from tests.integration.podman.conftest import Make
from tests.integration.podman.place import Place

pytestmark = pytest.mark.podman

CONFIGURATION = {
    "image": "moorage-test/devcontainer:latest",
    "remoteUser": "vscode",
    "postCreateCommand": "id -un > made.txt; mkdir folder; touch /cache/x",
    "mounts": ["type=tmpfs,target=/cache"],
    "containerEnv": {"A": "b"},
    "init": True,
    "capAdd": ["SYS_PTRACE"],
}


def test_from_nothing_to_nothing(place: Place) -> None:
    project = place.project({**CONFIGURATION, "mounts": ["type=tmpfs,target=/cache,tmpfs-mode=1777"]})
    place.ok("up", project)
    if place.podman.rootless:
        made = project / "made.txt"
        assert made.read_text() == "vscode\n"
        assert made.stat().st_uid == project.stat().st_uid
    assert "was up already" in place.ok("up", project).stdout
    said = place("exec", project, "--", "sh", "-c", "cat; echo $A; id -un; exit 7", stdin="in ")
    assert said[:2] == (7, "in b\nvscode\n")
    place.ok("stop", project)
    assert "exited" in place.ok("list").stdout
    place.ok("start", project)
    place.ok("delete", "--yes", project)
    assert place.left() == []
    assert not place.private or place.services() == []


@pytest.mark.parametrize("way", ["root", "user without a socket"])
def test_what_looks_changes_nothing(places: Make, way: str) -> None:
    place = places(way)
    project = place.project({"image": "busybox:latest", "postCreateCommand": "echo made"})
    place.ok("up", project)
    assert "Nothing to do" in place.ok("plan", project).stdout
    assert "made" in place.ok("logs", project).stdout
    assert place("exec", project, "--", "true")[:3] == (0, "", "")
    missing = place("exec", project, "--", "no-such-program")
    assert (missing.code, missing.stdout) == (127, "")
    assert "no-such-program" in missing.stderr
    assert "running" in place.ok("list").stdout


@pytest.mark.parametrize("way", ["root without a socket", "user"])
def test_doctor_and_gc(places: Make, way: str) -> None:
    place = places(way)
    said = place.ok("doctor").stdout
    assert "Podman 4" in said or "Podman 5" in said
    assert ("rootless" in said) == place.podman.rootless
    assert place.ok("gc", "--dry-run").code == 0


@pytest.mark.parametrize("way", ["root without a socket", "user without a socket"])
def test_no_service_outlives_its_command(places: Make, way: str) -> None:
    place = places(way)
    project = place.project({"image": "busybox:latest"})
    place.ok("up", project)
    process = place.start("exec", project, "--", "sh", "-c", "echo begun; sleep 600")
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    assert place.services()
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    deadline = time.monotonic() + 10
    while place.services() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert place.services() == []
    assert "running" in place.ok("list").stdout


@pytest.mark.parametrize("way", ["root", "user"])
def test_a_port_is_reached(places: Make, way: str) -> None:
    place = places(way)
    serve = "nohup python3 -m http.server 8123 --bind 127.0.0.1 >/dev/null 2>&1 &"
    project = place.project({"image": "python:3.11-slim", "postStartCommand": f"sh -c '{serve}'"})
    place.ok("up", project)
    process = place.start("forward", project, "0:8123")
    assert process.stdout is not None
    try:
        address = process.stdout.readline().split()[0]
        command = [
            "python3",
            "-c",
            f"import urllib.request as u; print(u.urlopen('http://{address}').status)",
        ]
        assert subprocess.run(command, capture_output=True, text=True, timeout=20).stdout == "200\n"
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.mark.parametrize("way", ["root", "user without a socket"])
def test_what_podman_would_leave_out_is_refused(places: Make, way: str) -> None:
    place = places(way)
    project = place.project(
        {
            "image": "busybox:latest",
            "runArgs": ["--gpus", "all", "--mount", "type=volume,source=x,target=/x,volume-nocopy"],
        }
    )
    refused = place("up", project)
    assert refused.code != 0
    assert "--gpus" in refused.stderr
    assert "volume-nocopy" in refused.stderr
    assert place.left() == []
