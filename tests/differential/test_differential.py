"""`moorage devcontainer` says and makes what the reference CLI does, but for what the tables allow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.differential.case import Case, cases
from tests.differential.compare import allowed, differences, judged
from tests.differential.place import Place
from tests.differential.tools import Tool, record, recorded

ALL = tuple(cases())
TABLE = Path(__file__).resolve().parents[2] / "docs/compatibility.md"


def test_the_corpus_has_at_least_100_configurations_with_names_of_their_own() -> None:
    assert len({case.id for case in ALL}) == len(ALL) >= 100
    assert sum(case.live for case in ALL) >= 25


def test_each_difference_that_is_allowed_has_a_case_and_a_row_in_the_table() -> None:
    rows = {line.split("|")[1].strip() for line in TABLE.read_text().splitlines() if line.startswith("| ")}
    known = {case.id for case in ALL}
    for each in allowed():
        assert each.row in rows, f"{each.id}: no row {each.row!r} in docs/compatibility.md"
        assert not (strange := set(each.cases) - known), f"{each.id}: no cases {strange}"


def test_it_is_what_the_reference_does(
    case: Case, request: pytest.FixtureRequest, words: dict[str, str], tmp_path: Path
) -> None:
    if request.config.getoption("--record", default=False):
        record(case, _asked("reference", case, request, words, tmp_path))
    theirs = recorded(case)
    assert theirs is not None, "no answers of the reference: pytest tests/differential --record"
    ours = _asked("dropin", case, request, words, tmp_path)
    assert not judged(case.id, list(differences(theirs, ours)))


def test_the_recorded_answer_is_the_reference_s(
    live_case: Case, request: pytest.FixtureRequest, words: dict[str, str], tmp_path: Path
) -> None:
    found = _asked("reference", live_case, request, words, tmp_path)
    assert not [str(each) for each in differences(recorded(live_case), found)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, chosen in (("case", ALL), ("live_case", _sample(metafunc.config))):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, chosen, ids=[each.id for each in chosen])


def _sample(config: pytest.Config) -> tuple[Case, ...]:
    everything = config.getoption("--live", default=False) or config.getoption("--full", default=False)
    return tuple(case for case in ALL if case.live or everything)


def _asked(
    name: str, case: Case, request: pytest.FixtureRequest, words: dict[str, str], tmp_path: Path
) -> dict[str, object]:
    """A tool's answers on a copy of its own: neither is to find the other's containers."""
    tool: Tool = request.getfixturevalue(name)
    place = Place(case, tmp_path / name, words)
    try:
        return tool.answers(place)
    finally:
        tool.clear(place)
