"""The product from the outside: its command line as a real process, the engine's client, what is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from scripts.engines.images import BUSYBOX, SLIM
from tests.api import Api


class Images(NamedTuple):
    """The names of images that ``engine`` and ``old_engine`` hold (docs: scripts/engines/images.py)."""

    debian: str = SLIM.name
    busybox: str = BUSYBOX.name
    static: str = "moorage-test/static:latest"
    devcontainer: str = "moorage-test/devcontainer:latest"
    metadata: str = "moorage-test/metadata:latest"
    python: str = "python:3.11-slim-bookworm"


class Result(NamedTuple):
    """How one command ended; compares with a tuple of exit code, standard output, standard error."""

    code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        return json.loads(self.stdout)


class Cli:
    """``moorage`` with a home folder and an owner of its own, on one engine."""

    def __init__(self, home: Path, host: str) -> None:
        self.home = home
        self.env = _environment(home, host)

    def __call__(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: str = "",
        timeout: float = 120,
    ) -> Result:
        """Run to the end; raises subprocess.TimeoutExpired after ``timeout`` seconds."""
        done = subprocess.run(
            self.command(*arguments), input=stdin, capture_output=True, text=True, errors="replace",
            timeout=timeout, cwd=cwd or self.home, env={**self.env, **(env or {})},
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr)

    def ok(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None, timeout: float = 120
    ) -> Result:
        """Run and demand exit code 0."""
        result = self(*arguments, env=env, timeout=timeout)
        assert result.code == 0, (
            f"moorage {arguments} exited with {result.code}\n{result.stderr}{result.stdout}"
        )
        return result

    def start(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start in a process group of its own and return at once, for tests that kill it."""
        return subprocess.Popen(
            self.command(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=cwd or self.home,
            env={**self.env, **(env or {})},
        )  # fmt: skip

    def command(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "moorage", *map(str, arguments)]


class Docker:
    """The engine's own client: what a test looks with, so that it need not trust the product."""

    def __init__(self, host: str) -> None:
        self.host = host

    def __call__(
        self, *arguments: str | Path, check: bool = True, stdin: str = "", timeout: float = 120
    ) -> str:
        """Standard output of one docker command, without the last newline."""
        done = subprocess.run(
            ["docker", "--host", self.host, *map(str, arguments)],
            input=stdin, capture_output=True, text=True, timeout=timeout,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"docker {arguments}: {done.stderr}"
        return done.stdout.rstrip("\n")

    def lines(self, *arguments: str | Path) -> list[str]:
        return self(*arguments).splitlines()


class Traces:
    """What one test may leave in an engine: everything whose name or labels carry its token or its folder."""

    def __init__(self, docker: Docker, folder: Path) -> None:
        self.docker = docker
        self.token = f"t{uuid4().hex[:12]}"
        self.folder = folder
        self._api = Api(docker.host)

    def containers(self) -> list[str]:
        return self._mine(self._api.get("containers/json"))

    def volumes(self) -> list[str]:
        return self._mine(self._api.get("volumes")["Volumes"] or [])

    def networks(self) -> list[str]:
        return self._mine(self._api.get("networks"))

    def images(self) -> list[str]:
        """An engine takes milliseconds for each image that it lists, so only those are that may be ours."""
        if self._api.is_podman():  # whose patterns are others
            return self._mine(self._api.get("images/json"))
        named = self._api.get("images/json", reference=["moorage/devcontainer", *_patterns(self.token)])
        nameless = self._api.get("images/json", dangling=["true"])
        return self._mine(list({entry["Id"]: entry for entry in (*named, *nameless)}.values()))

    def everything(self) -> list[str]:
        return [*self.containers(), *self.volumes(), *self.networks(), *self.images()]

    def remove(self) -> None:
        """Remove all of it, containers first because they hold the rest."""
        for kind, found in (
            (("rm", "--force", "--volumes"), self.containers),
            (("volume", "rm", "--force"), self.volumes),
            (("network", "rm"), self.networks),
            (("image", "rm", "--force"), self.images),
        ):
            if names := found():
                self.docker(*kind, *names, check=False)

    def _mine(self, entries: list[dict[str, Any]]) -> list[str]:
        return sorted(
            name
            for entry in entries
            if self._marked(entry)
            for name in (self._tags(entry) or [entry.get("Id") or entry["Name"]])
        )

    def _tags(self, entry: dict[str, Any]) -> list[str]:
        """Of an image, by which it is removed where it has several."""
        return [tag for tag in entry.get("RepoTags") or [] if self.token in tag]

    def _marked(self, entry: dict[str, Any]) -> bool:
        said = [entry.get(key) for key in ("Name", "Names", "RepoTags", "Labels")]
        text = json.dumps(said, ensure_ascii=False)
        return self.token in text or str(self.folder) in text


def _patterns(token: str, depth: int = 4) -> list[str]:
    """What matches a reference with the token anywhere in it: a star does not match a slash."""
    return [
        "/".join("*" if each != at else f"*{token}*" for each in range(parts))
        for parts in range(1, depth + 1)
        for at in range(parts)
    ]


def _environment(home: Path, host: str) -> dict[str, str]:
    """The tester's environment without settings of docker, git, ssh and moorage; folders under ``home``."""
    home.mkdir(parents=True, exist_ok=True)
    dropped = ("DOCKER_", "MOORAGE_", "BUILDX_", "BUILDKIT_", "COMPOSE_", "GIT_", "SSH_", "XDG_", "LC_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {
        **kept,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "DOCKER_HOST": host,
        "GIT_CONFIG_NOSYSTEM": "1",
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(home / ".local/state"),
    }
