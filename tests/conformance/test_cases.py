"""Every case of cases/ on the engine under test; with --full the sample on the other engines too."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.conformance.case import ENGINES, Broken, Found, cases
from tests.conformance.place import Place


def _parameters() -> Iterator[object]:
    try:
        found = cases()
    except Broken as error:
        raise pytest.UsageError(str(error)) from error
    for engine in ENGINES:
        further = engine != "docker"
        for case in found:
            if not further or case.case.sample:
                yield pytest.param(engine, case, id=f"{engine}:{case.id}", marks=_marks(case, further))


def _marks(found: Found, further: bool) -> list[pytest.MarkDecorator]:
    marks = [pytest.mark.engine, *([pytest.mark.full] if further else [])]
    marks += [pytest.mark.serial] if found.file.serial else []
    marks += [pytest.mark.pure] if found.case.kind == "pure" else []
    known = [pytest.mark.xfail(reason=found.case.known, strict=True)] if found.case.known else []
    return [*marks, *known]


@pytest.mark.parametrize(("on", "found"), [*_parameters()])
def test_case(
    on: str,
    found: Found,
    places: Callable[[str, Found], Place],
    record_property: Callable[[str, object], None],
) -> None:
    record_property("engine", on)
    record_property("case", found.id)
    if reason := found.case.elsewhere.get(on):  # type: ignore[call-overload]
        pytest.skip(reason)
    place = places(on, found)
    if found.case.kind == "container":
        started = place.up()
        assert started.code == 0, f"up failed\n{started.stderr}{started.stdout}"
    for number, step in enumerate(found.case.steps, 1):
        told = place.take(step)
        assert not told, f"{found.id}, step {number}:\n" + "\n".join(told)
