"""Benches: one for each engine; and what a run has shown, kept for the report."""

from __future__ import annotations

import json
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scripts.engines.provision import Podman
from tests.cluster.cluster import Cluster
from tests.conformance.bench import Bench
from tests.conformance.case import ENGINES, Found
from tests.conformance.place import LABEL, Place
from tests.conformance.podplace import PodPlace
from tests.conformance.pods import PodBench
from tests.integration.podman.place import python

FIXTURES = {
    "docker": "engine",
    "docker-20.10": "old_engine",
    "podman": "podman",
    "podman-rootless": "podman_rootless",
    "kubernetes": "cluster",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--conformance-results", type=Path, help="write what each case came to there, as JSON")
    parser.addoption("--conformance-on", choices=ENGINES, help="all cases on this engine, and nothing else")


class Results:
    """What every case came to, by engine and id. With xdist the controller gets all reports."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.found: dict[str, dict[str, str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        about = dict(report.user_properties)
        if "case" not in about or (report.when != "call" and report.passed):
            return
        refused = f"refused: {about['refused']}" if "refused" in about else "passed"
        word = refused if report.passed else _word(report)
        self.found.setdefault(str(about["engine"]), {})[str(about["case"])] = word

    def pytest_sessionfinish(self) -> None:
        self.target.write_text(json.dumps(self.found, indent=1, sort_keys=True) + "\n")


class Leftovers:
    """Images of cases, removed when no worker needs them any more."""

    def __init__(self) -> None:
        self.hosts: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.hosts |= {str(value) for name, value in report.user_properties if name == "host"}

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        for host in self.hosts:
            _remove_images(host)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "pure: a case that needs no container")
    if hasattr(config, "workerinput"):
        return
    config.pluginmanager.register(Leftovers(), "conformance-leftovers")
    if target := config.getoption("--conformance-results", default=None):
        config.pluginmanager.register(Results(target), "conformance-results")


@pytest.fixture(scope="session")
def bench(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Bench]]:
    """`bench("podman")`: the engine is made when the first case needs it."""
    made: dict[str, Bench] = {}
    held = ExitStack()

    def of(engine: str) -> Bench:
        if engine not in made:
            found = request.getfixturevalue(FIXTURES[engine])
            if engine == "kubernetes":
                made[engine] = held.enter_context(_of_cluster(request, found))
                return made[engine]
            home = tmp_path_factory.mktemp(f"home-{engine}")
            bench = Bench(
                engine=engine, host=found.host, home=home, registry=request.getfixturevalue("registry")
            )
            made[engine] = _of_user(bench, found) if engine == "podman-rootless" else bench
        return made[engine]

    with held:
        yield of
    for one in made.values():
        if one.base:
            shutil.rmtree(one.home, ignore_errors=True)


@pytest.fixture(scope="session")
def places(
    bench: Callable[[str], Bench], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, Found], Place]]:
    """The place of a case. Cases of one file that share a workspace share it while they follow each other."""
    current: dict[str, Any] = {}
    apart: list[Place] = []

    def close() -> None:
        for place in (*apart, *filter(None, [current.get("place")])):
            place.close()
        apart.clear()
        current.clear()

    def of(engine: str, found: Found) -> Place:
        if found.refusal(engine):
            apart.append(_place(bench(engine), found, tmp_path_factory.mktemp("case"), optional=False))
            return apart[-1]
        key = (engine, found.file.path if found.shared else found.id)
        if current.get("key") != key:
            close()
            current["place"] = _place(bench(engine), found, tmp_path_factory.mktemp("case"))
            current["key"] = key
        place: Place = current["place"]
        return place

    yield of
    close()


def _place(bench: Bench, found: Found, folder: Path, *, optional: bool = True) -> Place:
    """`optional`: with the options of the driver, without which the configuration is refused."""
    options = {str(name): words for name, words in found.workspace.options.items()} if optional else {}
    kind = PodPlace if isinstance(bench, PodBench) else Place
    return kind(bench, found.workspace, folder, options.get(bench.engine, ()))


@contextmanager
def _of_cluster(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[PodBench]:
    """A namespace for all cases of a worker, which so share the builder."""
    with cluster.namespace() as namespace, tempfile.TemporaryDirectory(prefix="moorage-conformance-") as home:
        yield PodBench(
            engine="kubernetes",
            host=request.getfixturevalue("engine").host,
            home=Path(home),
            registry=request.getfixturevalue("registry"),
            cluster=cluster,
            namespace=namespace,
        )


def _of_user(bench: Bench, podman: Podman) -> Bench:
    """The client runs as the user of a rootless Podman, with folders that are this user's."""
    chosen = python(podman)
    if not chosen:
        pytest.skip(f"{podman.user} may run no Python that has moorage")
    found = pwd.getpwnam(podman.user)
    base = Path(podman.home) / "conformance"
    base.mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="home-", dir=base))
    bench = msgspec.structs.replace(
        bench, home=home, ids=(found.pw_uid, found.pw_gid), become=podman.become, python=chosen, base=base
    )
    bench.own(base)
    return bench


def _word(report: pytest.TestReport) -> str:
    if report.skipped:
        reason = (
            report.longrepr[2] if isinstance(report.longrepr, tuple) else str(getattr(report, "wasxfail", ""))
        )
        return "known" if hasattr(report, "wasxfail") else f"not here: {reason.removeprefix('Skipped: ')}"
    return "failed"


def _remove_images(host: str) -> None:
    docker = ["docker", "--host", host]
    listing = [*docker, "image", "ls", "--quiet", "--filter", f"label={LABEL}"]
    if images := subprocess.run(listing, capture_output=True, text=True).stdout.split():
        subprocess.run([*docker, "image", "rm", "--force", *sorted(set(images))], capture_output=True)
