"""What is compared: for each case the project, what happens untimed before each run, and the command."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from bench.measure import Sample
from bench.tools import Docker, Tool

FILES = 5000
FOLDERS = 50
LABEL = "moorage.bench"

IMAGE_ONLY = {"image": "debian:bookworm-slim", "postCreateCommand": "echo ready"}
BUILT = {
    "build": {"dockerfile": "Dockerfile", "context": ".."},
    "remoteUser": "dev",
    "onCreateCommand": "echo created",
    "updateContentCommand": ["echo", "updated"],
    "postCreateCommand": {"one": "echo one", "two": "echo two"},
}
# The label finds all images that a tool made of it; the variable makes every instruction after it new.
DOCKERFILE = f"""\
FROM debian:bookworm-slim
LABEL {LABEL}={{token}}
ENV BENCH_RUN={{token}}
RUN useradd --create-home --shell /bin/bash dev
COPY . /src
RUN find /src -type f | wc -l >/count
"""


class Stage:
    """One tool with a project folder of its own, so that neither tool meets the other's containers."""

    def __init__(self, tool: Tool, docker: Docker, root: Path) -> None:
        self.tool = tool
        self.docker = docker
        self.root = root
        self.folder = root / "none"

    def renew(self) -> Path:
        """A project folder that no tool, builder or engine has seen."""
        self.folder = self.root / f"bench-{uuid4().hex[:8]}"
        self.folder.mkdir(parents=True)
        return self.folder

    def up(self) -> Sample:
        return self.tool.up(self.folder)

    def exec(self) -> Sample:
        return self.tool.exec(self.folder)

    def remove_container(self) -> None:
        """Both tools give their containers the reference's label (design promise 9)."""
        mine = f"label=devcontainer.local_folder={self.folder}"
        if found := self.docker.lines("ps", "--all", "--quiet", "--filter", mine):
            self.docker("rm", "--force", "--volumes", *found)

    def clear(self) -> None:
        """Remove container, images and files of the project. Build caches stay: they are not only ours."""
        self.remove_container()
        mine = f"label={LABEL}={self.folder.name}"
        if found := self.docker.lines("image", "ls", "--all", "--quiet", "--filter", mine):
            self.docker("image", "rm", "--force", *sorted(set(found)))
        shutil.rmtree(self.folder, ignore_errors=True)


def image_project(stage: Stage) -> None:
    """A devcontainer.json that names an image."""
    _write(stage.renew() / ".devcontainer/devcontainer.json", json.dumps(IMAGE_ONLY, indent=2))
    stage.up()


def built_project(stage: Stage) -> None:
    """A Dockerfile with a non-root user, two RUNs, three hooks, and a context of 5,000 files."""
    write_built_project(stage.renew())
    stage.up()


def write_built_project(folder: Path) -> None:
    """Every file and the second instruction hold the folder's name: nothing of an earlier build helps."""
    _write(folder / ".devcontainer/devcontainer.json", json.dumps(BUILT, indent=2))
    _write(folder / ".devcontainer/Dockerfile", DOCKERFILE.format(token=folder.name))
    for number in range(FILES):
        text = f"{folder.name} {number}\n" * (number % 60 + 1)
        _write(folder / f"src/part{number % FOLDERS:02}/file{number}.txt", text)


def leave(stage: Stage) -> None:
    """Nothing changes between the runs."""


def another_project(stage: Stage) -> None:
    stage.clear()
    write_built_project(stage.renew())


@dataclass(frozen=True)
class Case:
    """`prepare` once for each tool, `reset` before each run: both untimed. `limit` of the ratio of times."""

    name: str
    title: str
    limit: float
    prepare: Callable[[Stage], None]
    reset: Callable[[Stage], None]
    run: Callable[[Stage], Sample]


CASES = (
    Case("warm", "`up`, image only, running and unchanged", 0.4, image_project, leave, Stage.up),
    Case("exec", "`exec true`", 0.4, image_project, leave, Stage.exec),
    Case("fresh", "`up`, image only, no container", 0.75, image_project, Stage.remove_container, Stage.up),
    Case("build", "`up`, Dockerfile, nothing built", 0.75, built_project, another_project, Stage.up),
    Case("built", "`up`, Dockerfile, running and unchanged", 0.4, built_project, leave, Stage.up),
)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
