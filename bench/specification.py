"""Cases for the rest of the specification: Features, Compose, and the reference's own commands."""

import json
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from bench.line import Line
from bench.measure import Sample
from bench.stage import Case, Stage, leave, write
from scripts.engines import provision
from scripts.engines.layout import Layout

PUBLISHED = ("node", "python", "git", "docker", "shell")
BEFORE = "common"
IMAGE = "moorage-test/devcontainer:latest"
COMPOSE = """\
services:
  app:
    image: debian:bookworm-slim
    command: sleep infinity
    volumes: ["..:/workspace"]
    depends_on: [db]
  db:
    image: busybox:latest
    command: sleep infinity
    init: true
"""


def featured_project(stage: Stage) -> None:
    """An image with a non-root user and two Features of the project's own."""
    write_featured_project(stage.renew())
    stage.up()


def another_featured_project(stage: Stage) -> None:
    stage.clear()
    write_featured_project(stage.renew())


def write_featured_project(folder: Path) -> None:
    """The folder's name is in both scripts: nothing of an earlier build helps."""
    configuration = {
        "image": IMAGE,
        "remoteUser": "vscode",
        "features": {"./one": {}, "./two": {"size": "9"}},
    }
    write(folder / ".devcontainer/devcontainer.json", json.dumps(configuration, indent=2))
    for id in ("one", "two"):
        script = f"echo {folder.name} $SIZE $_REMOTE_USER > /usr/local/share/{id}"
        options = {"size": {"type": "string", "default": "1"}}
        write_feature(folder / ".devcontainer" / id, script, id=id, options=options)


def write_feature(folder: Path, script: str, *, id: str, **more: object) -> None:
    raw = {"id": id, "version": "1.0.0", "name": id.title(), **more}
    write(folder / "devcontainer-feature.json", json.dumps(raw, indent=2))
    write(folder / "install.sh", f"#!/bin/sh\nset -e\n{script}\n")


def published_features(stage: Stage) -> None:
    """Five Features of a registry that is 100 ms away; each comes after a sixth, which nobody asked for."""
    registry = provision.anonymous_registry(Layout.from_environment())
    stage.line = Line()
    folder, namespace = stage.renew(), f"moorage-bench/{uuid4().hex[:8]}"
    place = f"{stage.line.open(registry)}/{namespace}"
    for id in (BEFORE, *PUBLISHED):
        after = [] if id == BEFORE else [f"{place}/{BEFORE}"]
        write_feature(folder / "src" / id, "true", id=id, installsAfter=after)
    publish = ["features", "publish", str(folder / "src"), "--registry", registry, "--namespace", namespace]
    subprocess.run([sys.executable, "-m", "moorage", *publish], check=True, capture_output=True)
    configuration = {
        "image": "debian:bookworm-slim",
        "features": {f"{place}/{id}:1": {} for id in PUBLISHED},
    }
    write(folder / ".devcontainer/devcontainer.json", json.dumps(configuration, indent=2))


def resolve(stage: Stage) -> Sample:
    return stage.tool.reference_command(
        "features", "resolve-dependencies", "--workspace-folder", str(stage.folder)
    )


def read_project(stage: Stage) -> None:
    configuration = {"image": "debian:bookworm-slim", "remoteEnv": {"A": "${localEnv:HOME}"}}
    write(stage.renew() / ".devcontainer/devcontainer.json", json.dumps(configuration, indent=2))


def read(stage: Stage) -> Sample:
    return stage.tool.reference_command("read-configuration", "--workspace-folder", str(stage.folder))


def compose_project(stage: Stage) -> None:
    """A service that is worked in, and one that it needs."""
    folder = stage.renew()
    configuration = {"dockerComposeFile": "compose.yml", "service": "app", "workspaceFolder": "/workspace"}
    write(folder / ".devcontainer/devcontainer.json", json.dumps(configuration, indent=2))
    write(folder / ".devcontainer/compose.yml", f"name: {folder.name}\n{COMPOSE}")
    stage.up()


CASES = (
    Case("features", "`up`, two Features on an image, nothing built", 0.6, featured_project,
         another_featured_project, Stage.up),
    Case("featured", "`up`, two Features, running and unchanged", 0.3, featured_project, leave, Stage.up),
    Case("resolve", "five published Features resolved, cold, a registry 100 ms away", 0.25,
         published_features, Stage.forget, resolve),
    Case("read", "`read-configuration`", 0.6, read_project, leave, read),
    Case("compose", "`up`, Compose, two services, no container", 0.75, compose_project,
         Stage.remove_project, Stage.up),
    Case("composed", "`up`, Compose, running and unchanged", 0.4, compose_project, leave, Stage.up),
)  # fmt: skip
