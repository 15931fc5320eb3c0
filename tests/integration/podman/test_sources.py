"""Sources other than a folder: a clone in a volume, with the labels by which it is found again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from moorage.engine.client import Engine
from moorage.engine.endpoint import at
from moorage.facts.image import on_engine
from scripts.engines.provision import Engine as Docker
from scripts.engines.provision import Podman
from tests.integration.podman.conftest import Make

pytestmark = pytest.mark.podman


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """The base of git:// URLs for the bare repositories in a folder."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    flags = ["--export-all", f"--base-path={folder}", "--listen=127.0.0.1", f"--port={port}", "--reuseaddr"]
    daemon = subprocess.Popen(["git", "daemon", *flags, str(folder)], start_new_session=True)
    try:
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield f"git://127.0.0.1:{port}"
    finally:
        os.killpg(daemon.pid, signal.SIGTERM)
        daemon.wait()


@pytest.mark.parametrize("way", ["root", "user without a socket"])
def test_a_clone_is_a_volume_with_labels(places: Make, tmp_path: Path, way: str) -> None:
    place = places(way)
    project = place.project({"image": "moorage-test/devcontainer:latest", "remoteUser": "vscode"})
    bare = tmp_path / "served" / f"{place.token}.git"
    git = ["git", "-c", "safe.directory=*", "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (
        [*git, "init", "-q", "-b", "main", str(project)],
        [*git, "-C", str(project), "add", "."],
        [*git, "-C", str(project), "commit", "-qm", "first"],
        [*git, "clone", "-q", "--bare", str(project), str(bare)],
    ):
        subprocess.run(command, check=True)
    with _served(bare.parent) as base:
        source = f"{base}/{place.token}.git"
        place.ok("up", source)
        assert [kind for kind, _ in place.left()] == ["container", "volume"]
        script = "git status --short | wc -l; touch mine; id -un"
        assert place.ok("exec", source, "--", "sh", "-c", script).stdout == "0\nvscode\n"
        assert "was up already" in place.ok("up", source).stdout
        place.ok("delete", "--yes", source)
        assert place.left() == []


@pytest.mark.parametrize(
    "image", ["debian:bookworm-slim", "moorage-test/devcontainer:latest", "moorage-test/metadata:latest"]
)
async def test_an_image_is_the_same_to_docker(image: str, engine: Docker, podman: Podman) -> None:
    async with Engine(at(engine.host, "test")) as docker, Engine(at(podman.host, "test")) as other:
        here, there = await on_engine(docker, image), await on_engine(other, image)
    assert here is not None
    assert there is not None
    assert here.identity == there.identity
    assert (here.metadata, here.user, here.environment) == (there.metadata, there.user, there.environment)
