from __future__ import annotations

import pytest

from moorage.devcontainer.features.versions import is_version, major, newest_first, newest_of

TAGS = ["1", "1.9", "1.9.9", "1.10.0", "latest", "2", "2.0.0", "2.1.0-rc.1", "0.1.0", "devel", "2.0.0+build"]


def test_complete_versions_newest_first() -> None:
    assert newest_first(TAGS) == ["2.0.0", "2.0.0+build", "1.10.0", "1.9.9", "0.1.0"]
    assert newest_first(["1", "latest"]) == []


def test_before_a_release_the_precedence_of_semver_org() -> None:
    ordered = ["alpha", "alpha.1", "alpha.beta", "beta", "beta.2", "beta.11", "rc.1"]
    tags = [f"1.0.0-{each}" for each in ordered]
    assert newest_first(sorted(tags)) == tags[::-1]


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("latest", "2.0.0"),
        ("1", "1.10.0"),
        ("1.9", "1.9.9"),
        ("1.9.9", "1.9.9"),
        ("2", "2.0.0"),
        ("3", None),
        ("1.1", None),
        ("devel", None),
        ("2.1.0-rc.1", "2.1.0-rc.1"),
    ],
)
def test_what_a_tag_stands_for(tag: str, version: str | None) -> None:
    assert newest_of(tag, TAGS) == version


@pytest.mark.parametrize(("version", "expected"), [("12.3.4", "12"), ("1", None), (None, None), ("", None)])
def test_majors(version: str | None, expected: str | None) -> None:
    assert major(version) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", True),
        ("1.2", True),
        ("1.2.3", True),
        ("1.2.3.4", False),
        ("v1", False),
        ("latest", False),
        ("", False),
    ],
)
def test_texts_that_are_versions(text: str, expected: bool) -> None:
    assert is_version(text) is expected
