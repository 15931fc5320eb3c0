"""Words expand by the rules of BuildKit's shell lexer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.dockerfile.expand import BadSubstitution, expand, names

VARIABLES = {"A": "value", "EMPTY": "", "PATHS": "/usr/bin:/bin", "V": "1.2.3", "STAR": "a*b"}


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("plain", "plain"),
        ("$A", "value"),
        ("${A}", "value"),
        ("x$A.y", "xvalue.y"),
        ("$UNSET", ""),
        ("${UNSET}", ""),
        ("$", "$"),
        ("a$", "a$"),
        ("$(x)", "$(x)"),
        ("\\$A", "$A"),
        ("\\x", "x"),
        ("a\\", "a"),
        ("'$A'", "$A"),
        ("'a\\b'", "a\\b"),
        ('"$A"', "value"),
        ('"\\$A \\" \\\\ \\x"', '$A " \\ \\x'),
        ("a'b c'd", "ab cd"),
        ("${A:-w}", "value"),
        ("${EMPTY:-w}", "w"),
        ("${EMPTY-w}", ""),
        ("${UNSET:-w}", "w"),
        ("${UNSET-w}", "w"),
        ("${UNSET:-}", ""),
        ("${A:+w}", "w"),
        ("${EMPTY:+w}", ""),
        ("${EMPTY+w}", "w"),
        ("${UNSET+w}", ""),
        ("${A:?m}", "value"),
        ("${EMPTY?m}", ""),
        ("${UNSET:-${A}}", "value"),
        ("${UNSET:-${EMPTY:-$A}}", "value"),
        ("${UNSET:-'a b'}", "a b"),
        ('${UNSET:-"$A"}', "value"),
        ("${UNSET:-a\\}b}", "a}b"),
        ("${V#*.}", "2.3"),
        ("${V##*.}", "3"),
        ("${V%.*}", "1.2"),
        ("${V%%.*}", "1"),
        ("${V%.3}", "1.2"),
        ("${V#9}", "1.2.3"),
        ("${V#?}", ".2.3"),
        ("${STAR%\\*b}", "a"),
        ("${V/./-}", "1-2.3"),
        ("${V//./-}", "1-2-3"),
        ("${V//./}", "123"),
        ("${PATHS//\\/bin/}", "/usr:"),
        ("${V/[/x}", "1.2.3"),
        ("${UNSET/a/b}", ""),
        ("$1", ""),
        ("$A$A", "valuevalue"),
        ("é$A", "évalue"),
    ],
)
def test_forms(word: str, found: str) -> None:
    assert expand(word, VARIABLES) == found


@pytest.mark.parametrize(
    "word",
    [
        "${A",
        "${}",
        "${:x}",
        "'a",
        '"a',
        "${A:=w}",
        "${A!x}",
        "${UNSET:?gone}",
        "${EMPTY:?}",
        "${V/a",
        "${V/\\x/y}",
    ],
)
def test_what_the_lexer_refuses(word: str) -> None:
    with pytest.raises(BadSubstitution):
        expand(word, VARIABLES)


def test_the_message_of_a_required_variable() -> None:
    with pytest.raises(BadSubstitution, match="UNSET: give it"):
        expand("${UNSET:?give it}", VARIABLES)


def test_another_escape_character() -> None:
    assert expand("c:\\dir`$A", VARIABLES, "`") == "c:\\dir$A"


def test_nesting_has_an_end() -> None:
    with pytest.raises(BadSubstitution, match="deeply"):
        expand("${X:-" * 5000 + "}" * 5000, {})


def test_names_in_use() -> None:
    assert names("${A:-$B}/${C#x}'$D'") == {"A", "B", "C"}


@given(st.text(alphabet=st.characters(exclude_characters="$'\"\\")))
def test_without_marks_a_word_stays(word: str) -> None:
    assert expand(word, VARIABLES) == word


@given(st.text(alphabet=st.characters(exclude_characters="'")))
def test_single_quotes_are_literal(word: str) -> None:
    assert expand(f"'{word}'", VARIABLES) == word


@given(st.text(alphabet="$A{}:-+?#%/*\\\"' x"))
def test_any_word_is_expanded_or_refused(word: str) -> None:
    try:
        expand(word, VARIABLES)
    except BadSubstitution:
        return
