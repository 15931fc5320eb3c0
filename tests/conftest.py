"""Markers, the option ``--full``, and real engines and registries as fixtures.

A test is marked by what it uses: asking for the fixture ``engine`` makes it an engine test, and so on.
Whatever is missing is made by scripts/engines when the first test asks for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.cluster import provision as clusters  # noqa: E402 - found through the line above
from scripts.engines import provision  # noqa: E402
from scripts.engines.layout import Layout  # noqa: E402
from scripts.engines.phase import Failed  # noqa: E402
from scripts.engines.provision import AuthRegistry, Engine, Podman  # noqa: E402
from tests.cluster.cluster import Cluster  # noqa: E402

T = TypeVar("T")

MARKERS = {
    "engine": "needs a container engine (Docker 29 where the tester gives none)",
    "old_engine": "runs against Debian's Docker 20.10",
    "podman": "runs against Podman, root's or a user's",
    "registry": "needs a registry on loopback",
    "cluster": "needs a Kubernetes cluster (our own where the tester gives none)",
    "full": "too long for CI: only with --full (make test-full)",
    "serial": "must not run beside tests of another worker (its own pass in make test)",
}
MARKING_FIXTURES = {
    "engine": "engine",
    "old_engine": "old_engine",
    "podman": "podman",
    "podman_rootless": "podman",
    "registry": "registry",
    "auth_registry": "registry",
    "cluster": "cluster",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="also run the tests marked full")


def pytest_configure(config: pytest.Config) -> None:
    for name, meaning in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    # A loaded machine is slow, which says nothing about what is tested.
    settings.register_profile("moorage", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("moorage")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in MARKING_FIXTURES:
                item.add_marker(MARKING_FIXTURES[fixture])
    if config.getoption("--full"):
        return
    left_out = [item for item in items if item.get_closest_marker("full")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("full")]


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The engine to test with: ``host`` (a DOCKER_HOST), ``version``, ``ours``; it holds the images."""
    return found_or_made(lambda: provision.engine(Layout.from_environment()))


@pytest.fixture(scope="session")
def old_engine() -> Engine:
    """Debian's Docker 20.10: another daemon with other data than ``engine``."""
    return found_or_made(lambda: provision.old_engine(Layout.from_environment()))


@pytest.fixture(scope="session")
def podman() -> Podman:
    """Podman as root: ``host`` of its service, and ``program``, which has the same store and no socket."""
    return found_or_made(lambda: provision.podman_engine(Layout.from_environment(), rootless=False))


@pytest.fixture(scope="session")
def podman_rootless() -> Podman:
    """As ``podman``, of a user of its own: commands go after ``become``."""
    return found_or_made(lambda: provision.podman_engine(Layout.from_environment(), rootless=True))


@pytest.fixture(scope="session")
def registry() -> str:
    """``host:port`` of an anonymous registry over plain HTTP; our engines use it as Docker Hub's mirror."""
    return found_or_made(lambda: provision.anonymous_registry(Layout.from_environment()))


@pytest.fixture(scope="session")
def auth_registry(engine: Engine) -> AuthRegistry:
    """A registry that wants basic authentication: ``address``, ``user``, ``password``, and its ``image``."""
    return found_or_made(lambda: provision.auth_registry(Layout.from_environment(), engine.host))


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """A Kubernetes cluster: see tests/cluster/cluster.py. Our own where the tester gives none."""
    layout = Layout.from_environment()
    return Cluster(layout, found_or_made(lambda: clusters.cluster(layout)))


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """The name of a namespace in ``cluster`` that is the test's own."""
    with cluster.namespace() as name:
        yield name


def found_or_made(make: Callable[[], T]) -> T:
    """What ``make`` returns. Where it cannot be had, CI fails and everybody else skips."""
    try:
        return make()
    except Failed as error:
        if os.environ.get("CI"):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error).splitlines()[0])
