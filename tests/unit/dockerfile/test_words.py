"""Arguments are cut as BuildKit's line parser cuts them."""

from __future__ import annotations

import pytest

from moorage.dockerfile.words import old_pair, options, pairs, split


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a b", ["a", "b"]),
        ("a='x y' b", ["a='x y'", "b"]),
        ('a="x \\" y" b', ['a="x \\" y"', "b"]),
        ("a\\ b c", ["a\\ b", "c"]),
        ("a='x y", ["a='x y"]),
        ("", []),
        ("  ", []),
    ],
)
def test_words_keep_quotes_and_escapes(text: str, found: list[str]) -> None:
    assert split(text) == found


def test_pairs() -> None:
    assert pairs('a=1 b="x y" c=d=e f= g') == [
        ("a", "1"),
        ("b", '"x y"'),
        ("c", "d=e"),
        ("f", ""),
        ("g", None),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [("a b c", ("a", "b c")), ("a  b  c", ("a", "b  c")), ("a=b c", None), ("a", ("a", "")), ("", None)],
)
def test_the_old_form_of_env(text: str, found: object) -> None:
    assert old_pair(text) == found


def test_options_of_a_mount() -> None:
    assert options('type=bind,Source=a,readonly,"target=/x,y"') == {
        "type": "bind",
        "source": "a",
        "readonly": None,
        "target": "/x,y",
    }
