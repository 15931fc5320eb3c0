"""Cases name sentences that there are, and docs/conformance.md is current."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance.case import Broken, CaseFile, cases, parsed
from tests.conformance.judge import ABSENT, at, differences
from tests.conformance.mutation.__main__ import RESULTS as MUTATION
from tests.conformance.mutation.__main__ import equivalent
from tests.conformance.mutation.sites import changed, changes
from tests.conformance.report import DOCUMENT, document, kept, starts_a_container, uncovered
from tests.conformance.sentences import sentences


def test_every_case_shows_sentences_that_there_are() -> None:
    known = sentences()
    assert not [(one.id, id) for one in cases() for id in one.case.shows if id not in known]
    assert not [one.id for one in cases() if not one.case.shows]


def test_there_are_enough_cases() -> None:
    found = cases()
    assert len(found) >= 250
    assert sum(map(starts_a_container, found)) >= 150
    assert sum(one.case.sample for one in found) >= 25
    assert sum(bool(one.case.known) for one in found) <= 5


def test_sentences_without_a_case_are_told() -> None:
    text = DOCUMENT.read_text()
    for one in uncovered(sentences(), cases()):
        assert f"- `{one.id}`:" in text


def test_the_page_is_current() -> None:
    """Run `python -m tests.conformance --table`, or without --table after a change of cases."""
    assert DOCUMENT.read_text() == document(kept())


def test_small_changes_of_the_code_are_noticed() -> None:
    """`make mutation` measured it; a change that makes no difference is argued in equivalent.yaml."""
    last = json.loads(MUTATION.read_text())
    assert last["changes"] >= 100
    assert last["noticed"] >= 0.9 * last["changes"]
    assert not [one for one in last["survivors"] if one not in equivalent()]


@pytest.mark.parametrize(("text", "line"), [("a = 1\n", 1), ("\n# x\n\na = 1\n", 4)])
def test_a_change_has_one_name_wherever_its_line_is(text: str, line: int) -> None:
    [change] = changes("m.py", text)
    assert (change.id, change.line) == ("m.py: 1 → 2: a = 1", line)
    assert changed(text, change) == "a = 2"


def test_equal_changes_are_numbered() -> None:
    text = "def f(a):\n    if a == 1:\n        return 1\n    if a == 1:\n        return 2\n"
    ids = [change.id for change in changes("m.py", text)]
    assert len(ids) == len(set(ids))
    assert "m.py: Eq → NotEq: if a == 1: (2)" in ids


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("about: x\ncases: [{name: a, shows: [], inside: ls}]", "has no workspace"),
        ("about: x\ncases: [{name: a, shows: [], inside: ls, sdtout: x, workspace: {}}]", "sdtout"),
        ("about: x\ncases: [", "x.yaml"),
        ("about: x\nworkspace: {}\ncases: [{name: a, shows: [], inside: ls, root: ls}]", "exactly one"),
    ],
)
def test_a_mistake_in_a_case_file_is_told_with_the_file(
    text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.conformance.case.CASES", tmp_path)
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(Broken, match=told) as caught:
        cases()
    assert "x.yaml" in str(caught.value)


def test_a_file_of_cases_is_data() -> None:
    with pytest.raises(Broken, match="unknown field"):
        parsed(Path("x.yaml"), CaseFile, "about: x\ncases: []\nmore: 1")


def test_expectations() -> None:
    value = {"a": [1, {"b/c": "text"}]}
    assert at(value, "a/1/b~c") == "text"
    assert at(value, "a/2") is ABSENT
    assert not differences("text", {"$contains": "ex", "$matches": "^t", "$lacks": "z", "$all": ["t", "x"]})
    assert not differences(ABSENT, {"$absent": True})
    assert not differences('{"a": 1}', {"$json": {"a": 1}})
    assert not differences([2, 1], {"$unordered": [1, 2], "$count": 2, "$order": [2, 1]})
    assert differences("b a", {"$order": ["a", "b"]})
    assert differences("text", "other")
    assert differences("text", {"$contains": "y"})
    assert differences([], {"$empty": False})
