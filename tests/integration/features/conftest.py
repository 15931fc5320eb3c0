"""Features of this machine's folders, installed on images of a real engine."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from moorage.builders import features
from moorage.builders.base import Built
from moorage.builders.engine.builder import EngineBuilder
from moorage.devcontainer.features.comparison import Install
from moorage.devcontainer.features.feature import Feature
from moorage.devcontainer.features.found import FoundFeature
from moorage.engine.client import Engine
from moorage.engine.endpoint import at
from moorage.image.features.generate import Generated, generated
from moorage.image.features.script import Users
from moorage.spec.build import BuildSpec
from tests.outside import Docker, Traces
from tests.unit.builders.recorder import Recorder


class Site:
    """One engine with one builder, a tag of its own, and folders of Features."""

    def __init__(self, client: Engine, docker: Docker, folder: Path, token: str, buildkit: bool) -> None:
        self.docker = docker
        self.folder = folder
        self.token = token
        self.tag = f"moorage-{token}:key"
        self.recorder = Recorder()
        self._client = client
        self._buildkit = buildkit

    def feature(self, id: str, script: str, *, value: object = None, **more: object) -> Install:
        """A local Feature; `more` are properties of its devcontainer-feature.json."""
        folder = self.folder / id
        folder.mkdir(exist_ok=True)
        raw = {"id": id, "version": "1.0.0", "name": f"The {id}", **more}
        (folder / "devcontainer-feature.json").write_text(json.dumps(raw))
        (folder / "install.sh").write_text(script)
        (folder / "install.sh").chmod(0o600)
        digest = hashlib.sha256(f"{script}{raw}".encode()).hexdigest()
        return Install(
            found=FoundFeature(
                reference=f"./{id}",
                kind="local",
                base=str(folder),
                digest=f"sha256:{digest}",
                feature=msgspec.convert(raw, Feature),
                raw=raw,
                content=str(folder),
            ),
            value={} if value is None else value,
        )

    def generate(self, base: str, *installs: Install, remote: str = "root", user: str = "") -> Generated:
        users = Users(container=user or "root", remote=remote)
        return generated(base, installs, users, user=user, labels={"test": self.token})

    async def build(
        self, base: str, *installs: Install, remote: str = "root", user: str = "", tag: str = ""
    ) -> Built:
        made = self.generate(base, *installs, remote=remote, user=user)
        folders = {
            place: Path(install.found.content) for place, install in zip(made.folders, installs, strict=True)
        }
        context = features.context(folders, {file.path: file.text for file in made.files})
        spec = BuildSpec(
            tag=tag or self.tag, dockerfile=made.dockerfile, dockerfile_name="Dockerfile", context=""
        )
        builder = EngineBuilder(
            self._client, logins=_nobody, environment=dict(os.environ), buildkit=self._buildkit
        )
        return await builder.build(spec, context, self.recorder, "build")

    async def base(self, *lines: str) -> str:
        """An image of this test's own, to install on."""
        tag = f"moorage-{self.token}-base:1"
        text = "\n".join((*lines, f"LABEL test={self.token}"))
        self.docker("build", "--quiet", "--tag", tag, "-", stdin=text)
        return tag

    def run(self, *words: str) -> str:
        return self.docker("run", "--rm", self.tag, *words)

    def config(self) -> dict[str, object]:
        return json.loads(self.docker("inspect", "--format", "{{json .Config}}", self.tag))


async def _nobody(host: str) -> None:
    return None


@pytest.fixture(params=["29", "20.10", "20.10-legacy"])
async def site(request, tmp_path: Path) -> AsyncIterator[Site]:
    engine = request.getfixturevalue("engine" if request.param == "29" else "old_engine")
    docker = Docker(engine.host)
    traces = Traces(docker, tmp_path)
    async with Engine(at(engine.host, "test")) as client:
        yield Site(client, docker, tmp_path, traces.token, "legacy" not in request.param)
    traces.remove()
