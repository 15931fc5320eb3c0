"""The configurations that are interrupted: each hook leaves a line when it begins and when it succeeds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.faults.endstate import HOOKS, TOKEN_LABEL

CREATE_HOOKS = ("onCreateCommand", "updateContentCommand", "postCreateCommand")


class Example(NamedTuple):
    """A project's folder; `token` is the label of its image, "" where none is built."""

    folder: Path
    token: str


def image_example(folder: Path, image: str) -> Example:
    """An image and three hooks."""
    _write(folder, {"image": image, **hooks()})
    return Example(folder, "")


def dockerfile_example(folder: Path, base: str, token: str) -> Example:
    """A build of its own, because `token` is in it, and three hooks."""
    dockerfile = (
        f"FROM {base}\n"
        f"LABEL {TOKEN_LABEL}={token}\n"
        "COPY content.txt /content.txt\n"
        f"RUN sleep 0.2; echo {token} > /made\n"
        "RUN echo two >> /made\n"
    )
    _write(folder, {"build": {"dockerfile": "Dockerfile", "context": ".."}, **hooks()})
    (folder / ".devcontainer/Dockerfile").write_text(dockerfile)
    (folder / "content.txt").write_text(token)
    return Example(folder, token)


def hooks(seconds: float = 0.15) -> dict[str, str]:
    """Commands that take a while between their two lines, so that kills fall into the middle of them."""
    return {
        name: f"echo begin {name} >> {HOOKS}; echo at work; sleep {seconds}; echo end {name} >> {HOOKS}"
        for name in CREATE_HOOKS
    }


def each_once() -> tuple[str, ...]:
    """The lines of hooks that ran in order, each once and to success."""
    return tuple(f"{word} {name}" for name in CREATE_HOOKS for word in ("begin", "end"))


def _write(folder: Path, configuration: Mapping[str, object]) -> None:
    (folder / ".devcontainer").mkdir(parents=True)
    (folder / ".devcontainer/devcontainer.json").write_text(json.dumps(configuration))
