"""A repository that pods can clone, and a person in a cluster with the least rights there."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.integration.kubernetes.person import Person
from tests.integration.kubernetes.test_builds import Builder
from tests.integration.kubernetes.test_builds import builder as make_builder


@pytest.fixture
def person(cluster: Cluster, namespace: str, tmp_path: Path) -> Person:
    home = tmp_path / "home"
    home.mkdir()
    return Person(cluster, namespace, home)


@pytest.fixture
def builder(cluster: Cluster, namespace: str, tmp_path: Path) -> Builder:
    return make_builder(cluster, namespace, tmp_path)


@pytest.fixture
def served(cluster: Cluster, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """``served({"image": …}, Dockerfile="…")``: the URL of a repository, as pods reach it."""
    folder = tmp_path / "served"
    server = ThreadingHTTPServer((cluster.host, 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def make(configuration: dict[str, object], **files: str) -> str:
        work = tmp_path / "work"
        (work / ".devcontainer").mkdir(parents=True)
        (work / ".devcontainer/devcontainer.json").write_text(json.dumps(configuration))
        for name, text in files.items():
            (work / ".devcontainer" / name).write_text(text)
        _git("init", "-q", "-b", "main", str(work))
        _git("-C", str(work), "add", ".")
        _git("-C", str(work), "commit", "-q", "-m", "one")
        _git("clone", "-q", "--bare", str(work), str(folder / "app.git"))
        _git("-C", str(folder / "app.git"), "update-server-info")
        return f"http://{cluster.host}:{server.server_port}/app.git"

    yield make
    server.shutdown()
    server.server_close()
    thread.join()


def _git(*words: str) -> None:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", *identity, *words], check=True, capture_output=True, env=environment)
