"""Cases name sentences that there are, and docs/conformance.md is current."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.case import Broken, CaseFile, cases, parsed
from tests.conformance.judge import ABSENT, at, differences
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
