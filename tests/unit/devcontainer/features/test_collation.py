from __future__ import annotations

from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.devcontainer.features.collation import collated, compare

# What `localeCompare` of node 20 (full ICU, en-US) makes of ASCII.
SIGNS = "\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
NODE = f"{SIGNS}0123456789{''.join(letter + letter.upper() for letter in ascii_lowercase)}"


def test_every_printable_sign_stands_where_javascript_puts_it() -> None:
    assert "".join(sorted(sorted(NODE), key=collated)) == NODE


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1.9.9", "2.0.0"),
        ("10", "9"),
        ("3", "latest"),
        ("a-b", "ab"),
        ("a_b", "a-b"),
        ("a", "A"),
        ("aa", "Ab"),
        ("A", "b"),
        ("e", "é"),
        ("é", "f"),
        ("resume", "résumés"),
        ("z", "б"),
        ("z", "中"),
        ("😀", "a"),
        ("“", "a"),
        ("", "a"),
    ],
)
def test_pairs_as_node_orders_them(first: str, second: str) -> None:
    assert compare(first, second) < 0
    assert compare(second, first) > 0


def test_control_characters_do_not_count_but_make_texts_differ() -> None:
    assert sorted(["a\x01c", "ab"], key=collated) == ["ab", "a\x01c"]
    assert compare("a\x01b", "ab") != 0


@given(st.text(), st.text())
def test_only_identical_texts_are_equal(one: str, other: str) -> None:
    assert (compare(one, other) == 0) == (one == other)
    assert compare(one, other) == -compare(other, one)
