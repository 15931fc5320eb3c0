"""The two tools on one engine, and what the corpus needs there: images, and Features in a registry."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import yaml

from scripts import reference_cli
from scripts.engines.layout import Layout
from scripts.engines.provision import Engine
from tests.conformance.registry import MANIFEST, publish
from tests.differential.case import IMAGES, REGISTRY
from tests.differential.tools import Tool
from tests.outside import Cli, Docker

NAMESPACE = "moorage-differential"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="ask the reference anew and keep its answers")
    parser.addoption("--live", action="store_true", help="ask the reference about every case")


@pytest.fixture(scope="session")
def words(engine: Engine, registry: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What stands for the names of images, and for the registry, which the reference takes as localhost.

    One worker makes all of it; the others take its word.
    """
    top = tmp_path_factory.getbasetemp()
    shared = (top.parent if "PYTEST_XDIST_WORKER" in os.environ else top) / "differential.json"
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            shared.write_text(json.dumps({**images(Docker(engine.host)), **published(registry)}))
    found: dict[str, str] = json.loads(shared.read_text())
    return found


def images(docker: Docker) -> dict[str, str]:
    """Build what is not there yet; a changed text is another tag."""
    made = {}
    for name, text in yaml.safe_load(IMAGES.read_text()).items():
        tag = f"{NAMESPACE}-{name}:{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        if not docker.lines("image", "ls", "--quiet", tag):
            docker("build", "--quiet", "--tag", tag, "-", stdin=text)
        made[name] = tag
    return made


def published(registry: str) -> dict[str, str]:
    """Publish the Features. Their digests, which depend on the registry's port, are words too."""
    host = f"localhost:{registry.rpartition(':')[2]}"
    place = f"{host}/{NAMESPACE}"
    words = {"registry": place, "host-of-the-registry": host}
    for each in yaml.safe_load(REGISTRY.read_text().replace("@registry@", place)):
        script = each.pop("install", "#!/bin/sh\nset -e\n")
        digest = publish(registry, NAMESPACE, each, script)
        name = f"{each['id']}-{each['version']}"
        words[f"manifest-{name}"] = digest
        words[f"layer-{name}"] = layer(f"http://{registry}/v2/{NAMESPACE}/{each['id']}/manifests/{digest}")
    return words


def layer(url: str) -> str:
    """The digest of a manifest's only layer."""
    with urlopen(Request(url, headers={"Accept": MANIFEST}), timeout=30) as answer:
        return str(json.load(answer)["layers"][0]["digest"])


@pytest.fixture(scope="session")
def reference_words() -> list[str]:
    return reference_cli.command(Layout.from_environment())


@pytest.fixture
def environment(engine: Engine, tmp_path: Path) -> Mapping[str, str]:
    return Cli(tmp_path / "home", engine.host).env


@pytest.fixture
def reference(reference_words: list[str], environment: Mapping[str, str], engine: Engine) -> Tool:
    """The npm package @devcontainers/cli."""
    return Tool(reference_words, environment, Docker(engine.host))


@pytest.fixture
def dropin(environment: Mapping[str, str], engine: Engine) -> Tool:
    """`moorage devcontainer`."""
    return Tool([sys.executable, "-m", "moorage", "devcontainer"], environment, Docker(engine.host))
