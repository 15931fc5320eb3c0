"""A project that means harm, and what is to be untouched when the product has been run on it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts.engines.provision import Engine
from tests.outside import Cli, Docker, Result

_TERMINAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_PROJECT = '{{index .Config.Labels "com.docker.compose.project"}}'
CONFIGURATION = ".devcontainer/devcontainer.json"
BASE = "moorage-test/devcontainer:latest"
BUSYBOX = "busybox:latest"


class Attempt:
    """A project below `top`/project. Anything named `pwned` below `top` would be a success of the case."""

    def __init__(self, top: Path, host: str) -> None:
        self.top = top
        self.project = top / "project"
        self.outside = top / "outside"
        self.pwned = top / "pwned"
        self.moorage = Cli(top / "home", host)
        self.docker = Docker(host)
        self.outside.mkdir()
        (self.outside / "secret").write_text("the secret of this machine\n")
        self.project.mkdir()

    def write(self, configuration: Mapping[str, object] | str | bytes, files: Mapping[str, str] = {}) -> None:
        """The configuration and further files of the project."""
        body = configuration if isinstance(configuration, str | bytes) else json.dumps(configuration)
        for path, content in {CONFIGURATION: body, **files}.items():
            (self.project / path).parent.mkdir(parents=True, exist_ok=True)
            data = content.encode() if isinstance(content, str) else content
            (self.project / path).write_bytes(data)

    def feature(self, id: str, metadata: Mapping[str, object], install: str = "", folder: str = "") -> None:
        """A local Feature of the project."""
        place = self.project / ".devcontainer" / (folder or id)
        place.mkdir(parents=True, exist_ok=True)
        (place / "devcontainer-feature.json").write_text(
            json.dumps({"id": id, "version": "1.0.0", "name": id, **metadata})
        )
        (place / "install.sh").write_text(install or "#!/bin/sh\ntrue\n")

    def __call__(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Result:
        """Run moorage; whatever comes of it, nothing outside was touched, and the terminal neither."""
        result = self.moorage(*arguments, env=env, timeout=150)
        self.check(result)
        return result

    def up(self, *arguments: str) -> Result:
        return self("up", self.project, *arguments)

    def refused(self, result: Result, *words: str, left: bool = False) -> None:
        """An error of one sentence, which says these words. A container is `left` only to be used again."""
        assert result.code not in (0, 70), result.stderr
        assert "Traceback" not in result.stderr
        said = result.stdout + result.stderr
        for word in words:
            assert word in said, said
        assert left or not self.containers()

    def check(self, result: Result) -> None:
        assert not self.pwned.exists()
        assert not [*self.top.rglob("pwned")]
        assert (self.outside / "secret").read_text() == "the secret of this machine\n"
        assert [each.name for each in self.outside.iterdir()] == ["secret"]
        for text in (result.stdout, result.stderr):
            assert not (found := _TERMINAL.search(text)), f"{found!r} in {text!r}"

    def containers(self) -> list[str]:
        """Those of the project, whoever made them."""
        label = f"label=devcontainer.local_folder={self.project}"
        return self.docker.lines("ps", "--all", "--quiet", "--no-trunc", "--filter", label)

    def close(self) -> None:
        for container in self.containers():
            project = self.docker("inspect", "--format", _PROJECT, container)
            if project:
                self.docker("compose", "--project-name", project, "down", "--volumes", check=False)
            self.docker("rm", "--force", "--volumes", container, check=False)

    def inside(self, *words: str) -> str:
        """What the engine's own client runs in the container, as root."""
        (container,) = self.containers()
        return self.docker("exec", "--user", "0", container, *words)

    def inspected(self) -> dict[str, Any]:
        (container,) = self.containers()
        found: dict[str, Any] = json.loads(self.docker("inspect", container))[0]
        return found


@pytest.fixture
def attempt(engine: Engine, tmp_path: Path) -> Iterator[Attempt]:
    made = Attempt(tmp_path, engine.host)
    yield made
    made.close()


@pytest.fixture
def write(attempt: Attempt) -> Callable[..., None]:
    return attempt.write
