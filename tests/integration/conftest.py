"""Fixtures that run the product on a real engine, apart from the user's own settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from scripts.engines.provision import Engine
from tests.outside import Cli, Docker, Images, Traces


@pytest.fixture(scope="session")
def images() -> Images:
    return Images()


@pytest.fixture
def docker(engine: Engine) -> Docker:
    """``docker(...)`` on the engine under test."""
    return Docker(engine.host)


@pytest.fixture
def cleanup(docker: Docker, tmp_path: Path) -> Iterator[Traces]:
    """Removes what the test left in the engine; ``cleanup.token`` is for the names that it makes."""
    traces = Traces(docker, tmp_path)
    yield traces
    traces.remove()


@pytest.fixture
def moorage(engine: Engine, tmp_path: Path, cleanup: Traces) -> Cli:
    """The command line: ``moorage("up", folder)`` → (code, stdout, stderr). What it makes is removed."""
    return Cli(tmp_path / "home", engine.host)


@pytest.fixture
def old_moorage(old_engine: Engine, tmp_path: Path) -> Iterator[Cli]:
    """As ``moorage``, on Docker 20.10."""
    traces = Traces(Docker(old_engine.host), tmp_path)
    yield Cli(tmp_path / "old-home", old_engine.host)
    traces.remove()


@pytest.fixture
def workspace(tmp_path: Path) -> Callable[..., Path]:
    """Make a folder with a devcontainer.json and files: ``workspace({"image": …}, files={"a.txt": "…"})``."""

    def make(
        configuration: Mapping[str, object] | str,
        *,
        name: str = "project",
        files: Mapping[str, str] | None = None,
    ) -> Path:
        folder = tmp_path / name
        text = configuration if isinstance(configuration, str) else json.dumps(configuration, indent=2)
        for path, content in {".devcontainer/devcontainer.json": text, **(files or {})}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content)
        return folder

    return make
