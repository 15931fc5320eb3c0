from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moorage.devcontainer.features.comparison import Install
from moorage.devcontainer.features.found import FoundFeature
from moorage.devcontainer.features.order import CircularFeatures, Missing, Order, TooManyFeatures, order
from moorage.devcontainer.features.reference import BadFeatureReference
from tests.unit.devcontainer.features.making import found, lookup

N = "example.com/n"
Said: TypeAlias = dict[str, dict[str, Any]]


def installed(
    wanted: Mapping[str, object], said: Mapping[str, Mapping[str, Any]], override: Sequence[str] = ()
) -> list[tuple[str, object]]:
    result = order(wanted, lookup(said), override=override)
    assert isinstance(result, Order)
    return [(each.found.reference, each.value) for each in result.installs]


def names(
    wanted: Mapping[str, object] | str, said: Mapping[str, Mapping[str, Any]], override: Sequence[str] = ()
) -> str:
    """The ids in their order, for Features of one letter."""
    given = {f"./{name}": {} for name in wanted} if isinstance(wanted, str) else wanted
    return "".join(reference[-1] for reference, _ in installed(given, said, override))


# The fixtures of the reference CLI, by their names.


def test_installs_after_local_simple() -> None:
    said: Said = {"./a": {"installsAfter": ["./b", "./c"]}, "./c": {}}
    assert names("ac", said) == "ca"


def test_depends_on_local_simple() -> None:
    said: Said = {"./a": {"dependsOn": {"./b": {"magicNumber": "50"}}}, "./b": {}}
    assert installed({"./a": {}}, said) == [("./b", {"magicNumber": "50"}), ("./a", {})]


def test_depends_on_and_installs_after_local_simple() -> None:
    said: Said = {
        "./a": {"dependsOn": {"./c": {"magicNumber": "321"}}, "installsAfter": ["./b", "./c"]},
        "./c": {},
    }
    assert installed({"./a": {}}, said) == [("./c", {"magicNumber": "321"}), ("./a", {})]


def test_depends_on_local_with_options() -> None:
    """Five Features, nine installs: options make installs different, and fewer of them come first."""
    aa, ab, ba, bb = ({"x": x, "y": y} for x in "ab" for y in "ab")
    said: Said = {
        "./a": {"dependsOn": {"./b": aa, "./c": {}, "./d": {}}},
        "./b": {},
        "./c": {"dependsOn": {"./b": ab, "./e": {}}},
        "./d": {"dependsOn": {"./b": ba}},
        "./e": {"dependsOn": {"./b": bb}},
    }
    result = installed({"./a": aa, "./b": {}}, said)
    assert result == [
        ("./b", {}),
        ("./b", aa),
        ("./b", ab),
        ("./b", ba),
        ("./b", bb),
        ("./d", {}),
        ("./e", {}),
        ("./c", {}),
        ("./a", aa),
    ]


SIMPLE: Said = {"./a": {"dependsOn": {"./d": {}}}, "./b": {}, "./c": {}, "./d": {}}


def test_override_local_simple() -> None:
    said: Said = {"./a": {"dependsOn": {"./d": {}, "./b": {}}}, "./b": {}, "./c": {}, "./d": {}}
    assert names("abcd", said, ["./c"]) == "cbda"


def test_override_local_intermediate() -> None:
    assert names("abcd", SIMPLE, ["./c", "./d"]) in ("cdba", "cdab")
    said: Said = {**SIMPLE, "./a": {"installsAfter": ["./b"], "dependsOn": {"./d": {}}}}
    assert names("abcd", said, ["./c", "./d"]) == "cdba"


def test_override_local_round_priority() -> None:
    said: Said = {"./a": {}, "./b": {"dependsOn": {"./a": {}}}, "./c": {}}
    assert names("abc", said, ["./a", "./b", "./c"]) == "abc"


# Rounds


def test_in_one_round_the_smaller_name_is_first() -> None:
    assert names("cab", {"./a": {}, "./b": {}, "./c": {}}) == "abc"


def test_what_waits_comes_in_a_later_round() -> None:
    said: Said = {"./a": {"installsAfter": ["./z"]}, "./b": {}, "./z": {}}
    assert names("abz", said) == "bza"


def test_dependencies_of_dependencies() -> None:
    said: Said = {"./a": {"dependsOn": {"./b": {}}}, "./b": {"dependsOn": {"./c": {}}}, "./c": {}}
    assert names("a", said) == "cba"


def test_installs_after_does_not_install_and_does_not_follow() -> None:
    said: Said = {"./a": {"installsAfter": ["./b"]}, "./c": {}, "./d": {"installsAfter": ["./c"]}}
    assert names("ad", {k: v for k, v in said.items() if k != "./c"}) == "ad"


def test_a_soft_dependency_is_never_looked_up() -> None:
    said: Said = {f"{N}/a": {"installsAfter": [f"{N}/unused", "not-a-feature", "../../x/y"]}}
    assert installed({f"{N}/a": {}}, said) == [(f"{N}/a", {})]


def test_a_soft_dependency_is_any_version() -> None:
    said: Said = {f"{N}/a:1": {"installsAfter": [f"{N}/z"]}, f"{N}/z:3": {}, f"{N}/b": {}}
    assert [each for each, _ in installed({f"{N}/a:1": {}, f"{N}/z:3": {}, f"{N}/b": {}}, said)] == [
        f"{N}/b",
        f"{N}/z:3",
        f"{N}/a:1",
    ]


@pytest.mark.parametrize(
    ("used", "said", "after"),
    [
        ("old", {"currentId": "new", "legacyIds": ["old"]}, "new"),
        ("new", {"legacyIds": ["old", "older"]}, "old"),
        ("new", {"legacyIds": ["old", "older"]}, "older"),
        ("old", {"currentId": "new", "legacyIds": ["old", "older"]}, "older"),
    ],
)
def test_a_soft_dependency_knows_former_names(used: str, said: dict[str, Any], after: str) -> None:
    features = {f"{N}/a": {"installsAfter": [f"{N}/{after}"]}, f"{N}/{used}": said}
    assert [each for each, _ in installed({f"{N}/a": {}, f"{N}/{used}": {}}, features)] == [
        f"{N}/{used}",
        f"{N}/a",
    ]


def test_former_names_count_in_one_namespace_only() -> None:
    said: Said = {f"{N}/a": {"installsAfter": ["example.com/m/old"]}, f"{N}/new": {"legacyIds": ["old"]}}
    assert [each for each, _ in installed({f"{N}/a": {}, f"{N}/new": {}}, said)] == [f"{N}/a", f"{N}/new"]


def test_short_names_order_too() -> None:
    home = "ghcr.io/devcontainers/features"
    said: Said = {f"{N}/a": {"installsAfter": ["common"]}, f"{home}/common-utils:2": {}}
    assert [each for each, _ in installed({f"{N}/a": {}, f"{home}/common-utils:2": {}}, said)] == [
        f"{home}/common-utils:2",
        f"{N}/a",
    ]


def test_one_path_written_in_two_ways() -> None:
    said: Said = {"./a": {"installsAfter": ["./x/../z/"]}, "./z": {}}
    assert names("az", said) == "za"


def test_kinds_do_not_match_one_another() -> None:
    said: Said = {"./a": {"installsAfter": ["w/.devcontainer/z"]}, "./z": {}}
    assert names("az", said) == "az"


def test_a_feature_does_not_wait_for_itself() -> None:
    said: Said = {f"{N}/a:1": {"installsAfter": [f"{N}/a"]}, f"{N}/a:2": {"version": "2.0.0"}}
    assert [each for each, _ in installed({f"{N}/a:2": {}, f"{N}/a:1": {}}, said)] == [f"{N}/a:1", f"{N}/a:2"]


# Equality


def test_the_same_feature_twice_is_installed_once() -> None:
    said: Said = {f"{N}/a:1": {}, f"{N}/a:latest": {}}
    result = order({f"{N}/a:1": {}, f"{N}/a:latest": {}}, lookup(said))
    assert isinstance(result, Order)
    assert [each.found.reference for each in result.installs] == [f"{N}/a:1"]
    assert result.found == lookup(said)


def test_a_dependency_that_the_user_names_too_is_the_users() -> None:
    said: Said = {f"{N}/a": {"dependsOn": {f"{N}/b:1": {}}}, f"{N}/b:1": {}, f"{N}/b:latest": {}}
    assert installed({f"{N}/a": {}, f"{N}/b:latest": {}}, said) == [(f"{N}/b:latest", {}), (f"{N}/a", {})]


def test_other_options_are_another_install() -> None:
    said: Said = {"./a": {"dependsOn": {"./b": {"x": "1"}}}, "./b": {}}
    assert installed({"./a": {}, "./b": "2"}, said) == [("./b", {"x": "1"}), ("./b", "2"), ("./a", {})]


# Override


def test_the_override_cannot_break_a_dependency() -> None:
    said: Said = {"./a": {"dependsOn": {"./b": {}}}, "./b": {}, "./c": {}}
    assert names("abc", said, ["./a"]) == "bca"


def test_an_override_that_names_nothing_installed_is_told() -> None:
    result = order({"./a": {}}, lookup({"./a": {}}), override=["./b", "./a"])
    assert isinstance(result, Order)
    [remark] = result.remarks
    assert remark.code == "override-without-effect"
    assert "'./b'" in remark.text


def test_an_override_that_is_no_reference_is_refused() -> None:
    with pytest.raises(BadFeatureReference):
        order({"./a": {}}, lookup({"./a": {}}), override=["fish"])


# What is missing


def test_all_of_one_level_is_missing_at_once() -> None:
    wanted: dict[str, object] = {f"{N}/a": {}, f"{N}/b": {}}
    assert order(wanted, {}) == Missing(
        references=(f"{N}/a", f"{N}/b"), needed_by={f"{N}/a": (), f"{N}/b": ()}
    )
    said: Said = {
        f"{N}/a": {"dependsOn": {f"{N}/c": {}, f"{N}/d": {}}},
        f"{N}/b": {"dependsOn": {f"{N}/c": {"x": "1"}}},
    }
    assert order(wanted, lookup(said)) == Missing(
        references=(f"{N}/c", f"{N}/d"), needed_by={f"{N}/c": (f"{N}/a",), f"{N}/d": (f"{N}/a",)}
    )


def test_nothing_wanted_is_nothing_installed() -> None:
    assert order({}, {}) == Order(installs=())


def test_an_install_knows_who_needs_it() -> None:
    said: Said = {"./a": {"dependsOn": {"./b": {}}}, "./b": {"dependsOn": {"./c": {}}}, "./c": {}}
    result = order({"./a": {}}, lookup(said))
    assert isinstance(result, Order)
    assert [each.needed_by for each in result.installs] == [("./a", "./b"), ("./a",), ()]


# Circles


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"./a": {"dependsOn": {"./b": {}}}, "./b": {"dependsOn": {"./a": {}}}}, "./a → ./b → ./a"),
        ({"./a": {"installsAfter": ["./b"]}, "./b": {"installsAfter": ["./a"]}}, "./a → ./b → ./a"),
        ({"./a": {"dependsOn": {"./a": {}}}, "./b": {}}, "./a → ./a"),
        (
            {
                "./a": {"dependsOn": {"./c": {}}},
                "./b": {"dependsOn": {"./c": {}}},
                "./c": {"installsAfter": ["./b"]},
            },
            "./c → ./b → ./c",
        ),
    ],
)
def test_a_circle_is_told_with_its_path(said: Said, path: str) -> None:
    with pytest.raises(CircularFeatures) as caught:
        order({"./a": {}, "./b": {}}, lookup(said))
    assert path in caught.value.message
    assert len(caught.value.evidence) == path.count("→")


def test_what_is_there_already_is_no_part_of_the_circle() -> None:
    said: Said = {"./a": {"dependsOn": {"./c": {}, "./b": {}}}, "./b": {"dependsOn": {"./a": {}}}, "./c": {}}
    with pytest.raises(CircularFeatures) as caught:
        names("a", said)
    assert "./a → ./b → ./a" in str(caught.value)


def test_a_circle_names_the_lines_that_make_it() -> None:
    said: Said = {"./a": {"dependsOn": {"./b": {}}}, "./b": {"installsAfter": ["./a"]}}
    with pytest.raises(CircularFeatures) as caught:
        order({"./a": {}}, lookup(said))
    assert caught.value.evidence == ("./a: dependsOn ./b", "./b: installsAfter ./a")


def test_dependencies_without_an_end_are_refused() -> None:
    class Endless(dict[str, FoundFeature]):
        def __contains__(self, reference: object) -> bool:
            return True

        def __missing__(self, reference: str) -> FoundFeature:
            return found(reference, dependsOn={f"{reference}x": {}})

    with pytest.raises(TooManyFeatures):
        order({f"{N}/a": {}}, Endless())


# Any graph

LETTERS = "abcdefgh"


@st.composite
def graphs(draw: st.DrawFn) -> Said:
    """Features of which each one points only at those before it."""
    said: Said = {}
    for place, name in enumerate(LETTERS):
        before = st.lists(st.sampled_from(LETTERS[:place] or "-"), max_size=3, unique=True)
        depends_on, after = (draw(before) if place else [] for _ in range(2))
        said[f"./{name}"] = {
            "dependsOn": {f"./{each}": draw(st.sampled_from([{}, {"x": "1"}])) for each in depends_on},
            "installsAfter": [f"./{each}" for each in after],
        }
    return said


@settings(max_examples=60)
@given(
    graphs(),
    st.lists(st.sampled_from(LETTERS), min_size=1, unique=True),
    st.lists(st.sampled_from(LETTERS), unique=True),
    st.randoms(use_true_random=False),
)
def test_any_graph_without_a_circle_has_one_valid_order(
    said: Said, used: list[str], override: list[str], random: Any
) -> None:
    features = lookup(said)
    result = order({f"./{name}": {} for name in used}, features, override=[f"./{each}" for each in override])
    assert isinstance(result, Order)
    _check(result.installs)
    shuffled = list(used)
    random.shuffle(shuffled)
    again = order(
        {f"./{name}": {} for name in shuffled},
        dict(reversed(features.items())),
        override=[f"./{each}" for each in override],
    )
    assert isinstance(again, Order)
    assert [(each.found, each.value) for each in again.installs] == [
        (each.found, each.value) for each in result.installs
    ]


def _check(installs: tuple[Install, ...]) -> None:
    present = {each.found.reference for each in installs}
    before: list[tuple[str, object]] = []
    for each in installs:
        for dependency in each.found.feature.depends_on.items():
            assert dependency in before
        for soft in each.found.feature.installs_after:
            assert soft not in present or soft in [reference for reference, _ in before]
        assert (each.found.reference, each.value) not in before
        before.append((each.found.reference, each.value))
