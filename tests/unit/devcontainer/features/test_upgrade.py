from __future__ import annotations

import pytest

from moorage.devcontainer.features.upgrade import BadTargetVersion, FeatureNotUsed, retarget
from moorage.devcontainer.jsonc import parse

HOME = "ghcr.io/devcontainers/features"
TEXT = f"""// features: "{HOME}/node:1"
{{
\t"name": "{HOME}/node:1",
\t"features": {{
\t\t/* runtime */ "{HOME}/node:1": {{ "version": "18", }}, // keep
\t\t"GHCR.io/Some/Go@sha256:{"a" * 64}": {{}},
\t\t"./local": {{}},
\t}},
}}
"""


@pytest.mark.parametrize(
    ("feature", "before", "after"),
    [
        (f"{HOME}/node", f'/* runtime */ "{HOME}/node:1"', f'/* runtime */ "{HOME}/node:2.1"'),
        (f"{HOME}/Node:1.3", f'/* runtime */ "{HOME}/node:1"', f'/* runtime */ "{HOME}/node:2.1"'),
        ("ghcr.io/some/go", f"GHCR.io/Some/Go@sha256:{'a' * 64}", "GHCR.io/Some/Go:2.1"),
    ],
)
def test_only_the_reference_changes(feature: str, before: str, after: str) -> None:
    assert TEXT.count(before) == 1
    assert retarget(parse(TEXT, "f"), feature, "2.1") == TEXT.replace(before, after)


def test_the_same_version_changes_nothing() -> None:
    assert retarget(parse(TEXT, "f"), f"{HOME}/node", "1") == TEXT


def test_escapes_in_the_key() -> None:
    text = '{"features": {"x.io\\/n\\u002fa:1": {}}}'
    assert retarget(parse(text, "f"), "x.io/n/a", "2") == '{"features": {"x.io/n/a:2": {}}}'


@pytest.mark.parametrize("version", ["", "v1", "latest", "1.2.3.4", '1": {}, "x', "1 "])
def test_versions_of_another_form(version: str) -> None:
    with pytest.raises(BadTargetVersion, match=r"Must be in the form of 'x', 'x\.y', or 'x\.y\.z'"):
        retarget(parse(TEXT, "f"), f"{HOME}/node", version)


@pytest.mark.parametrize(
    ("text", "feature", "message"),
    [
        (TEXT, f"{HOME}/rust", "does not use the Feature"),
        (TEXT, "./local", "not in a registry"),
        ("{}", f"{HOME}/node", "does not use the Feature"),
        ('{"features": {"x.io/n/a:1": {}, "x.io/n/a:2": {}}}', "x.io/n/a", "already"),
    ],
)
def test_what_cannot_be_moved(text: str, feature: str, message: str) -> None:
    with pytest.raises(FeatureNotUsed, match=message) as caught:
        retarget(parse(text, "f"), feature, "2")
    assert caught.value.hint


def test_a_short_name_moves_to_its_place_of_today() -> None:
    assert retarget(parse('{"features": {"node": {}}}', "f"), f"{HOME}/node", "2") == (
        f'{{"features": {{"{HOME}/node:2": {{}}}}}}'
    )
