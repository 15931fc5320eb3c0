"""What is compared: for each case the project, what happens untimed before each run, and the command."""

import json
from pathlib import Path

from bench import specification
from bench.stage import LABEL, Case, Stage, leave, write

FILES = 5000
FOLDERS = 50

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


def image_project(stage: Stage) -> None:
    """A devcontainer.json that names an image."""
    write(stage.renew() / ".devcontainer/devcontainer.json", json.dumps(IMAGE_ONLY, indent=2))
    stage.up()


def built_project(stage: Stage) -> None:
    """A Dockerfile with a non-root user, two RUNs, three hooks, and a context of 5,000 files."""
    write_built_project(stage.renew())
    stage.up()


def write_built_project(folder: Path) -> None:
    """Every file and the second instruction hold the folder's name: nothing of an earlier build helps."""
    write(folder / ".devcontainer/devcontainer.json", json.dumps(BUILT, indent=2))
    write(folder / ".devcontainer/Dockerfile", DOCKERFILE.format(token=folder.name))
    for number in range(FILES):
        text = f"{folder.name} {number}\n" * (number % 60 + 1)
        write(folder / f"src/part{number % FOLDERS:02}/file{number}.txt", text)


def another_project(stage: Stage) -> None:
    stage.put_aside()
    write_built_project(stage.renew())


CASES = (
    Case("warm", "`up`, image only, running and unchanged", 0.4, image_project, leave, Stage.up),
    Case("exec", "`exec true`", 0.4, image_project, leave, Stage.exec),
    Case("fresh", "`up`, image only, no container", 0.75, image_project, Stage.remove_container, Stage.up),
    Case("build", "`up`, Dockerfile, nothing built", 0.75, built_project, another_project, Stage.up),
    Case("built", "`up`, Dockerfile, running and unchanged", 0.4, built_project, leave, Stage.up),
    *specification.CASES,
)
