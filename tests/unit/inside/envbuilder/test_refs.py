"""What follows the `#` of a repository's address."""

from __future__ import annotations

import pytest

from moorage.git.failure import RefNotFound
from moorage.inside.envbuilder.refs import Target, patterns, split, target

A, B, C = "a" * 40, "b" * 40, "c" * 40
REFS = {
    "HEAD": A,
    "refs/heads/main": A,
    "refs/heads/fix/one": B,
    "refs/tags/v1": C,
    "refs/heads/both": B,
    "refs/tags/both": C,
    "refs/pull/7/head": C,
}


@pytest.mark.parametrize(
    ("wanted", "ref", "commit", "branch"),
    [
        ("", "refs/heads/trunk", A, "trunk"),
        ("refs/heads/main", "refs/heads/main", A, "main"),
        ("heads/main", "refs/heads/main", A, "main"),
        ("fix/one", "refs/heads/fix/one", B, "fix/one"),
        ("v1", "refs/tags/v1", C, ""),
        ("tags/both", "refs/tags/both", C, ""),
        ("both", "refs/heads/both", B, "both"),
        ("refs/pull/7/head", "refs/pull/7/head", C, ""),
        (C, "", C, ""),
        ("c" * 64, "", "c" * 64, ""),
        ("ccccccc", "", "ccccccc", ""),
    ],
)
def test_what_is_meant(wanted: str, ref: str, commit: str, branch: str) -> None:
    found = target("https://host/r", wanted, REFS, "trunk")
    assert found == Target(ref=ref, commit=commit, default="trunk")
    assert found.branch == branch
    assert not ref.startswith("refs/") or not wanted or ref in patterns(wanted)


def test_an_empty_repository() -> None:
    assert target("https://host/r", "", {}, "") == Target()


@pytest.mark.parametrize("wanted", ["none", "refs/heads/none", "cccccc"])
def test_what_there_is_not(wanted: str) -> None:
    with pytest.raises(RefNotFound) as caught:
        target("https://host/r", wanted, REFS, "trunk")
    assert "trunk" in caught.value.hint


def test_the_address_and_its_ref() -> None:
    assert split("https://host/r#refs/heads/a#b") == ("https://host/r", "refs/heads/a#b")
