"""What is copied: only what changed on the one side, and only over what did not on the other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.workspace.sync.compare import Decision, decide, suspects

WORDS = st.dictionaries(
    st.sampled_from(["a", "a/b", "a/b/c", "d", "e"]), st.sampled_from(["d", "f1", "f2", "x1", "lz"])
)


def up(source: dict[str, str], target: dict[str, str], base: dict[str, str], **more: bool) -> Decision:
    return decide(source, target, base, direction="upload", **more)


def test_what_is_new_here_goes_and_what_is_new_there_stays() -> None:
    found = up({"a": "f1", "b": "f2"}, {"c": "f3"}, {})
    assert (found.copied, found.deleted, found.conflicts, found.base) == (("a", "b"), (), (), {})


def test_what_became_the_same_is_agreed_on() -> None:
    assert up({"a": "f2"}, {"a": "f2"}, {"a": "f1", "b": "f1"}, delete=True) == Decision(base={"a": "f2"})


@pytest.mark.parametrize(
    ("mine", "theirs", "agreed", "reason"),
    [
        ("f2", "f3", "f1", "it was changed in the workspace"),
        ("f2", None, "f1", "it was deleted in the workspace"),
        ("f2", "f3", None, "another one was made in the workspace"),
        (None, "f2", "f1", "it was changed in the workspace"),
    ],
)
def test_what_changed_on_both_sides_is_a_conflict_until_it_is_forced(
    mine: str | None, theirs: str | None, agreed: str | None, reason: str
) -> None:
    sides = [{"a": word} if word else {} for word in (mine, theirs, agreed)]
    found = up(*sides, delete=True)
    assert ([each.reason for each in found.conflicts], found.base) == ([reason], sides[2])
    forced = up(*sides, delete=True, force=True)
    assert (forced.copied, forced.deleted) == ((("a",), ()) if mine else ((), ("a",)))


@pytest.mark.parametrize(
    ("path", "mine"), [("out", "l/etc"), ("up", "l../x"), ("a/up", "l../../x"), ("n", "la/../..")]
)
def test_links_that_lead_out_never_come(path: str, mine: str) -> None:
    found = decide({path: mine}, {}, {}, direction="download", force=True)
    assert (found.copied, len(found.conflicts)) == ((), 1)
    assert up({path: mine}, {}, {}).copied == (path,)


@given(WORDS, WORDS, WORDS, st.booleans())
def test_nothing_that_changed_there_is_touched(
    source: dict[str, str], target: dict[str, str], base: dict[str, str], delete: bool
) -> None:
    found = up(source, target, base, delete=delete)
    assert all(target.get(path) == base.get(path) for path in (*found.copied, *found.deleted))
    assert not found.deleted or delete
    told = {each.path for each in found.conflicts}
    assert told.isdisjoint({*found.copied, *found.deleted})
    left = [path for path in source if source[path] not in (target.get(path), base.get(path))]
    assert all(path in told or path in found.copied for path in left)


@given(WORDS, WORDS, WORDS, st.booleans(), st.booleans())
def test_a_decision_depends_on_no_more_than_its_suspects(
    source: dict[str, str], target: dict[str, str], base: dict[str, str], delete: bool, force: bool
) -> None:
    seen = {path: target[path] for path in suspects(source, base) if path in target}
    known, all_known = (up(source, each, base, delete=delete, force=force) for each in (seen, target))
    unchanged = {path for path in source if source[path] == base.get(path)}
    assert (known.copied, known.deleted, known.conflicts) == (
        all_known.copied,
        all_known.deleted,
        all_known.conflicts,
    )
    assert known.base.items() - all_known.base.items() <= {(path, base[path]) for path in unchanged}


def test_what_was_removed_here_is_remembered_until_it_is_removed_there() -> None:
    first = up({}, {"a": "f1"}, {"a": "f1"})
    assert (first.deleted, first.base) == ((), {"a": "f1"})
    assert up({}, {"a": "f1"}, first.base, delete=True).deleted == ("a",)
