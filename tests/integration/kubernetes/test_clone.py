"""A Git source is cloned in the cluster, before the workspace starts."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from moorage.drivers.kubernetes.known import Identity, Known
from moorage.git.access import find
from moorage.git.client import ls_remote
from moorage.git.clone import clone_program
from moorage.spec.run import Content
from moorage.spec.source import GitSource
from tests.cluster.cluster import Cluster
from tests.integration.kubernetes.conftest import Place
from tests.integration.kubernetes.test_driver import output

NOBODY = Identity(uid=65534, gid=65534, name="nobody", home="/")


@pytest.fixture
def repository(cluster: Cluster, tmp_path: Path) -> Iterator[str]:
    """The URL of a repository with one file, as pods reach it."""
    work, bare = tmp_path / "work", tmp_path / "served" / "app.git"
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")

    def git(*words: str) -> None:
        subprocess.run(["git", *identity, *words], check=True, capture_output=True, env=environment)

    git("init", "-q", "-b", "main", str(work))
    (work / "README").write_text("hello\n")
    git("-C", str(work), "add", ".")
    git("-C", str(work), "commit", "-q", "-m", "one")
    git("clone", "-q", "--bare", str(work), str(bare))
    git("-C", str(bare), "update-server-info")
    handler = partial(SimpleHTTPRequestHandler, directory=str(bare.parent))
    server = ThreadingHTTPServer((cluster.host, 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://{cluster.host}:{server.server_port}/app.git"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("level", "known"), [("baseline", NOBODY), ("restricted", NOBODY), ("privileged", None)]
)
async def test_a_clone_is_there_when_the_workspace_starts(
    place: Place, repository: str, level: str, known: Identity | None
) -> None:
    """Also where nobody outside knows the number of the remote user, who is to own it."""
    place.cluster.kubectl(
        "label", "namespace", place.namespace, f"pod-security.kubernetes.io/enforce={level}", "--overwrite"
    )
    await place.driver.facts()
    source = GitSource(url=repository)
    resolved = await ls_remote(source, environ=os.environ)
    program = clone_program(
        source,
        resolved,
        await find(source, environ=os.environ),
        directory="/workspaces/app",
        owner_uid=known.uid if known else None,
        owner_gid=known.gid if known else None,
    )
    spec = place.spec(
        content=Content(kind="clone", source=repository, target="/workspaces/app", commit=resolved.commit),
        remote_user="nobody",
    )
    await place.up(spec, Known(remote=known, clone=program))
    seen = await place.driver.observe(spec.name)
    assert seen.volume == "complete"
    assert (await output(place, spec.name, "cat", "/workspaces/app/README"))[1] == "hello\n"
    owner = await output(place, spec.name, "stat", "-c", "%u", "/workspaces/app")
    assert owner[1].strip() == "65534"
    await output(place, spec.name, "touch", "/workspaces/app/mine", user="nobody")
    await place.driver.stop(spec.name)
    await place.driver.start(spec.name)
    assert await place.driver.inside(spec.name).exists("/workspaces/app/mine")
