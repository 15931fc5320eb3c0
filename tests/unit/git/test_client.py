"""Reading ls-remote and choosing among its refs."""

from __future__ import annotations

import pytest

from moorage.git.client import choose, read_refs
from moorage.git.failure import RefNotFound
from moorage.spec.source import GitSource

A, B, C = "a" * 40, "b" * 40, "c" * 40


def test_refs_are_peeled_and_the_default_branch_is_read() -> None:
    text = f"ref: refs/heads/dev\tHEAD\n{A}\tHEAD\n{B}\trefs/tags/v1\n{C}\trefs/tags/v1^{{}}\n"
    assert read_refs(text) == ({"HEAD": A, "refs/tags/v1": C}, "dev")


def test_a_default_branch_that_is_not_told_is_guessed_by_its_commit() -> None:
    assert read_refs(f"{A}\tHEAD\n{B}\trefs/heads/main\n{A}\trefs/heads/master\n")[1] == "master"
    assert read_refs(f"{A}\tHEAD\n{B}\trefs/heads/main\n")[1] is None


def test_a_branch_wins_over_a_tag_of_its_name() -> None:
    refs = {"refs/tags/x": A, "refs/heads/x": B}
    assert choose(GitSource(url="u", branch="x"), refs, None).ref == "refs/heads/x"


def test_a_detached_head_stays_detached() -> None:
    found = choose(GitSource(url="u"), {"HEAD": A}, None)
    assert (found.commit, found.ref, found.branch) == (A, "HEAD", None)


@pytest.mark.parametrize(
    "ref", ["refs/pull/3/head", "refs/merge-requests/3/head", "refs/pull-requests/3/from"]
)
def test_pull_requests_of_every_forge(ref: str) -> None:
    assert choose(GitSource(url="u", pull_request=3), {ref: A}, "main").ref == ref


def test_only_whole_names_match() -> None:
    with pytest.raises(RefNotFound):
        choose(GitSource(url="u", branch="x"), {"refs/heads/y/x": A, "refs/remotes/x": A}, None)
