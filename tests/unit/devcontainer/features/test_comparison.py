from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.devcontainer.features.comparison import Install, compare, compare_options, same
from moorage.devcontainer.features.found import FoundFeature
from tests.unit.devcontainer.features.making import found

A = "example.com/n/a"


def install(feature: FoundFeature, value: object = None) -> Install:
    return Install(found=feature, value={} if value is None else value)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"a": "z"}),
        ({"z": "z"}, {"a": "a", "b": "b"}),
        ({"a": "a"}, {"b": "a"}),
        ({"a": "a"}, {"a": "b"}),
        ({"a": "a", "b": "b"}, {"b": "a", "a": "b"}),
        ({"a": False}, {"a": True}),
        ({"a": "x"}, {"a": None}),
        ("10", "9"),
        ("a", "B"),
        (False, True),
        (True, {}),
        (True, 1),
        (1, {}),
        (1, "x"),
        ({}, "x"),
        ({"a": True}, {"a": "x"}),
    ],
)
def test_which_options_come_first(first: object, second: object) -> None:
    assert compare_options(first, second) < 0
    assert compare_options(second, first) > 0


@pytest.mark.parametrize("value", [{}, {"a": "b", "c": True}, "x", True, None, 1, {"a": [1]}])
def test_equal_options(value: object) -> None:
    assert compare_options(value, value) == 0


def test_the_order_of_keys_does_not_count() -> None:
    assert compare_options({"a": "1", "b": "2"}, {"b": "2", "a": "1"}) == 0


@pytest.mark.parametrize(
    "ordered",
    [
        [("a.io/z/z", {}), ("b.io/a/a", {})],
        [(f"{A}:1", {}), ("example.com/n/b:1", {}), ("example.com/o/a:1", {})],
        [(f"{A}:1.9.9", {}), (f"{A}:2.0.0", {}), (f"{A}:3", {}), (f"{A}:latest", {})],
        [(f"{A}:10", {}), (f"{A}:9", {})],
        [(f"{A}:1", {}), (f"{A}:1", {"x": "a"}), (f"{A}:1", {"x": "b"}), (f"{A}:1", {"x": "a", "y": "a"})],
        [("./a", {"z": "z"}), ("./b", {})],
        [("./a", {}), ("./a", {"x": "a"})],
        [("./b", {}), ("example.com/n/a", {})],
    ],
)
def test_which_installs_come_first(ordered: list[tuple[str, Any]]) -> None:
    installs = [install(found(written, written), value) for written, value in ordered]
    for first, second in pairwise(installs):
        assert compare(first, second) < 0
        assert compare(second, first) > 0


def test_one_digest_with_equal_options_is_one_install() -> None:
    one, other = found(f"{A}:1"), found(f"{A}:latest")
    assert same(install(one), install(other))
    assert not same(install(one), install(other, {"x": "1"}))
    assert not same(install(one), install(found(f"{A}:2", "2.0.0")))


def test_a_feature_under_its_old_name_is_compared_by_tag() -> None:
    new = found("example.com/n/new:2", legacyIds=["old"])
    old = found("example.com/n/old:1", currentId="new", legacyIds=["old"])
    assert compare(install(old), install(new)) < 0
    stranger = found("example.com/n/old:3")
    assert compare(install(new), install(stranger)) < 0


WRITTEN = ["./a", "./b", f"{A}:1", f"{A}:2", f"{A}", "https://x.io/devcontainer-feature-a.tgz"]
VALUES = st.one_of(
    st.text(max_size=2),
    st.booleans(),
    st.dictionaries(st.sampled_from("abc"), st.one_of(st.text(max_size=2), st.booleans()), max_size=2),
)
INSTALLS = st.builds(
    lambda written, content, value: install(found(written, content=content), value),
    st.sampled_from(WRITTEN),
    st.sampled_from(["", "x"]),
    VALUES,
)


@given(INSTALLS, INSTALLS, INSTALLS)
def test_the_comparison_is_an_order(one: Install, two: Install, three: Install) -> None:
    """Among those of which none is the same as another; of the others one is kept before they are sorted."""
    assert compare(one, two) == -compare(two, one) or compare(one, two) * compare(two, one) < 0
    assert same(one, two) == (compare(one, two) == 0)
    if compare(one, two) < 0 and compare(two, three) < 0 and not same(one, three):
        assert compare(one, three) < 0
