"""Every case of cases/ on the engine under test, and the sample on the others; with --full all on all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.case import ENGINES, Broken, Case, Found, cases
from tests.conformance.place import Place
from tests.conformance.podwords import unanswerable

MARKS = {
    "docker": "engine",
    "docker-20.10": "old_engine",
    "podman": "podman",
    "podman-rootless": "podman",
    "kubernetes": "cluster",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "found" in metafunc.fixturenames:
        only = metafunc.config.getoption("--conformance-on", default=None)
        metafunc.parametrize(("on", "found"), [*_parameters(only)])


def _parameters(only: str | None) -> Iterator[object]:
    """Everything on the engine under test, the sample on the others, the rest of theirs with --full."""
    try:
        found = cases()
    except Broken as error:
        raise pytest.UsageError(str(error)) from error
    for engine in [only] if only else ENGINES:
        for case in found:
            further = engine != "docker" and not case.case.sample and not only
            yield pytest.param(engine, case, id=f"{engine}:{case.id}", marks=_marks(engine, case, further))


def _marks(engine: str, found: Found, further: bool) -> list[pytest.MarkDecorator]:
    marks = [getattr(pytest.mark, MARKS[engine]), *([pytest.mark.full] if further else [])]
    marks += [pytest.mark.serial] if found.file.serial else []
    marks += [pytest.mark.pure] if found.case.kind == "pure" and engine == "docker" else []
    known = [pytest.mark.xfail(reason=found.case.known, strict=True)] if found.case.known else []
    return [*marks, *known]


def test_case(
    on: str,
    found: Found,
    places: Callable[[str, Found], Place],
    record_property: Callable[[str, object], None],
) -> None:
    record_property("engine", on)
    record_property("case", found.id)
    if reason := "" if found.refusal(on) else _not_here(on, found.case):
        pytest.skip(reason)
    place = places(on, found)
    record_property("host", place.bench.docker.host)
    if words := found.refusal(on):
        record_property("refused", words)
        told = place.refusal(words)
        assert not told, f"{found.id} is not refused:\n" + "\n".join(told)
        return
    if found.case.kind == "container":
        started = place.up()
        assert started.code == 0, f"up failed\n{started.stderr}{started.stdout}"
    for number, step in enumerate(found.case.steps, 1):
        told = place.take(step)
        assert not told, f"{found.id}, step {number}:\n" + "\n".join(told)


def _not_here(engine: str, case: Case) -> str:
    """Why a case does not apply on an engine, or nothing."""
    if case.privileged and engine == "docker-20.10" and not every_capability():
        return "its runc gives a privileged container all or none, and this machine's root lacks a capability"
    given = {str(name): reason for name, reason in case.elsewhere.items()}.get(engine, "")
    return given or (unanswerable(case) if engine == "kubernetes" else "")


def every_capability() -> bool:
    """Whether processes of this machine may have every capability that its kernel knows."""
    count = int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1
    [bounding] = re.findall(r"CapBnd:\s+(\w+)", Path("/proc/self/status").read_text())
    return int(bounding, 16) + 1 == 1 << count
