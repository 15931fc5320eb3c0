"""An engine builder on the real engine, with contexts from real folders."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from moorage.builders.base import Built, Context
from moorage.builders.engine.builder import EngineBuilder
from moorage.dockerfile.evaluate import evaluate
from moorage.dockerfile.ignore import read as read_ignore
from moorage.dockerfile.parse import parse
from moorage.dockerfile.reads import reads
from moorage.dockerfile.stages import reachable
from moorage.engine.client import Engine
from moorage.engine.endpoint import at
from moorage.facts.context import hash_context, write_tar
from moorage.oci.credentials import Credential
from moorage.spec.build import BuildSpec
from scripts.engines.provision import AuthRegistry
from tests.outside import Docker, Traces
from tests.unit.builders.recorder import Recorder


class Site:
    """A context folder, a tag of its own, and `build(dockerfile, **fields of BuildSpec)`."""

    def __init__(self, engine: Engine, folder: Path, token: str) -> None:
        self.engine = engine
        self.folder = folder
        self.tag = f"moorage-{token}:key"
        self.token = token
        self.recorder = Recorder()
        self.environment = dict(os.environ)
        self.buildkit = True
        self.logins: dict[str, Credential] = {}

    def write(self, path: str, text: str = "") -> Path:
        found = self.folder / path
        found.parent.mkdir(parents=True, exist_ok=True)
        found.write_text(text)
        return found

    def builder(self, **more: object) -> EngineBuilder:
        return EngineBuilder(
            self.engine, logins=self._login, environment=self.environment, buildkit=self.buildkit, **more
        )

    async def build(
        self, dockerfile: str, *, builder: EngineBuilder | None = None, **fields: object
    ) -> Built:
        spec = self.spec(dockerfile, **fields)
        chosen = builder or self.builder()
        return await chosen.build(spec, self.context(spec), self.recorder, "build")

    def spec(self, dockerfile: str, **fields: object) -> BuildSpec:
        known = {"tag": self.tag, "labels": (("test", self.token),), "dockerfile_name": "Dockerfile"}
        return BuildSpec(dockerfile=dockerfile, context=str(self.folder), **{**known, **fields})

    def context(self, spec: BuildSpec) -> Context:
        parsed, arguments = parse(spec.dockerfile), dict(spec.args)
        found = reads(evaluate(parsed, reachable(parsed, spec.target or None, arguments, {}), arguments, {}))
        ignore = self.folder / ".dockerignore"
        patterns = read_ignore(ignore.read_text() if ignore.exists() else "")
        tree = hash_context(spec.context, found, patterns)
        return Context(
            archive=lambda extra: write_tar(tree, spec.context, extra),
            patterns=found.patterns,
            entries=tree.entries,
            ignore=ignore.read_text() if ignore.exists() else "",
        )

    async def _login(self, host: str) -> Credential | None:
        return self.logins.get(host)


@pytest.fixture
async def site(engine, cleanup: Traces, tmp_path: Path) -> AsyncIterator[Site]:
    folder = tmp_path / "context"
    folder.mkdir()
    async with Engine(at(engine.host, "test")) as client:
        yield Site(client, folder, cleanup.token)


@pytest.fixture
async def old_site(old_engine, tmp_path: Path) -> AsyncIterator[Site]:
    traces = Traces(Docker(old_engine.host), tmp_path)
    folder = tmp_path / "context"
    folder.mkdir()
    async with Engine(at(old_engine.host, "test")) as client:
        yield Site(client, folder, traces.token)
    traces.remove()


@pytest.fixture
def arguments_seen() -> Callable[[], set[str]]:
    """Look at the arguments of every process there is."""

    def look() -> set[str]:
        seen = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                try:
                    seen.add((entry / "cmdline").read_bytes().decode(errors="replace"))
                except OSError:
                    continue
        return seen

    return look


@pytest.fixture
def private(docker: Docker, auth_registry: AuthRegistry, cleanup: Traces, tmp_path: Path) -> str:
    """An image of this test's own behind a login, which the engine does not have."""
    name = f"{auth_registry.address}/moorage-{cleanup.token}:1"
    login = base64.b64encode(f"{auth_registry.user}:{auth_registry.password}".encode()).decode()
    config = tmp_path / "login"
    config.mkdir()
    (config / "config.json").write_text(json.dumps({"auths": {auth_registry.address: {"auth": login}}}))
    docker("tag", "busybox:latest", name)
    docker("--config", config, "push", "--quiet", name)
    docker("rmi", name)
    return name
