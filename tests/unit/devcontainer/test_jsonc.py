from __future__ import annotations

import json
from typing import Any

import jsonyx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonyx.allow import COMMENTS, TRAILING_COMMA

from moorage.devcontainer.jsonc import BrokenJson, excerpt, parse, path_text

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
trivia = st.sampled_from(
    ["", " ", "\n", "\t", "\r\n", '// no, [1] "x" {\n', "/* a */", "/**/", "/* \n * b, } \n */"]
)


def written(value: Any, draw: Any) -> str:
    """The value as JSONC, with trivia between all tokens and a trailing comma here and there."""

    def gap() -> str:
        return str(draw(trivia))

    if isinstance(value, dict):
        items = [f"{gap()}{json.dumps(key)}{gap()}:{written(item, draw)}" for key, item in value.items()]
        return (
            gap()
            + "{"
            + ",".join(items)
            + (gap() + "," if items and draw(st.booleans()) else gap())
            + gap()
            + "}"
            + gap()
        )
    if isinstance(value, list):
        items = [written(item, draw) for item in value]
        return (
            gap()
            + "["
            + ",".join(items)
            + ("," if items and draw(st.booleans()) else "")
            + gap()
            + "]"
            + gap()
        )
    return gap() + json.dumps(value, ensure_ascii=draw(st.booleans())) + gap()


@given(st.dictionaries(text, values, max_size=5), st.data())
def test_comments_and_trailing_commas_change_nothing(value: dict[str, Any], data: Any) -> None:
    assert parse(written(value, data.draw), "f").value == value


def broken(source: str) -> BrokenJson | None:
    try:
        parse(source, "f")
    except BrokenJson as error:
        return error
    return None


@given(st.text(alphabet="{}[]\",:/*\\ \n\t\r0123456789.-+eEtrufalsn'ab\ufeffé\u2028", max_size=60))
def test_any_text_is_read_or_refused_with_a_position_in_it(source: str) -> None:
    error = broken("{" + source)
    if error is None:
        return
    file, line, column, _ = error.message.split(":", 3)
    assert file == "f"
    assert 1 <= int(line) <= source.count("\n") + 1
    assert int(column) >= 1
    assert len(error.evidence) == 2


@given(st.text(alphabet='{}[]",:/*\\ \n0123456789.-+eEtrufalsn', max_size=40))
def test_an_independent_reader_agrees(source: str) -> None:
    source = '{"k":' + source + "}"
    try:
        expected = jsonyx.loads(source, allow=COMMENTS | TRAILING_COMMA)
    except (jsonyx.JSONSyntaxError, ValueError):
        expected = None
    try:
        document = parse(source, "f")
    except BrokenJson:
        assert expected is None
        return
    if not document.duplicates:  # the other reader refuses them
        assert document.value == expected


def test_bytes_with_a_byte_order_mark() -> None:
    assert parse(b'\xef\xbb\xbf{"image": "caf\xc3\xa9"}', "f").value == {"image": "café"}


def test_positions_of_keys_and_values() -> None:
    document = parse('// top\n{\n  "build": {"args": {"A": 1}},\n  "ports": [1,\n    2]\n}', "f")
    assert document.position(()) == (2, 1)
    assert document.position(("build", "args", "A")) == (3, 27)
    assert document.key_position(("build", "args", "A")) == (3, 22)
    assert document.position(("ports", 1)) == (5, 5)


def test_a_path_that_is_not_in_the_file_has_the_position_of_what_is() -> None:
    document = parse('{\n "build": {}}', "f")
    assert document.position(("build", "context", 0)) == (2, 11)


def test_the_last_of_duplicate_keys_wins_and_is_known() -> None:
    document = parse('{"a": {"x": 1,\n"x": 2}}', "f")
    assert document.value == {"a": {"x": 2}}
    assert document.duplicates == (("a", "x"),)
    assert document.key_position(("a", "x")) == (2, 1)


@pytest.mark.parametrize(
    ("source", "place", "problem"),
    [
        ("", "1:1", "the file is empty"),
        ("// only\n", "2:1", "the file is empty"),
        ("[]", "1:1", "the top level must be an object"),
        ('{"a": 1 "b": 2}', "1:8", "expected , or } after the value"),
        ('{\n  "image": "x"\n  "name": "y"\n}', "2:15", "expected , or } after the value"),
        ('{"a" 1}', "1:6", "expected : after the key"),
        ("{a: 1}", "1:2", "expected a key in double quotes or }"),
        ("{\"a\": 'x'}", "1:7", "strings are written in double quotes"),
        ('{"a": True}', "1:7", "True is not a value"),
        ('{"a": 01}', "1:7", "01 is not a value"),
        ('{"a": NaN}', "1:7", "NaN is not a value"),
        ('{"a": }', "1:7", "a value is missing before }"),
        ('{"a":', "1:6", "a value is missing at the end of the file"),
        ('{"a": [1, 2', "1:7", "this [ is never closed"),
        ('{"a": 1', "1:1", "this { is never closed"),
        ('{"a": 1,', "1:1", "this { is never closed"),
        ('{"a": "x\n"}', "1:7", "this string is not closed on its line"),
        ('{"a": "\\q"}', "1:7", "this string has a \\ that JSON does not know"),
        ('{"a": "\\ud800"}', "1:7", "this string has a \\ that JSON does not know"),
        ('{"a": 1 /* }', "1:9", "this comment is never closed"),
        ('{"a": 1} x', "1:10", "nothing but comments may follow"),
        ("{,}", "1:2", "expected a key in double quotes or }"),
        ('{"a": [,]}', "1:8", "a value is missing before ,"),
        ('{"a": ' + "[" * 500, "1:107", "more than 100 levels"),
    ],
)
def test_what_is_wrong_and_where(source: str, place: str, problem: str) -> None:
    with pytest.raises(BrokenJson) as caught:
        parse(source, "devcontainer.json")
    assert caught.value.message.startswith(f"devcontainer.json:{place}: {problem}")
    assert caught.value.hint


def test_the_caret_stands_below_the_place() -> None:
    with pytest.raises(BrokenJson) as caught:
        parse('{\n\t"a": oops\n}', "f")
    source, caret = caught.value.evidence
    assert source == '2 |  "a": oops'
    assert source[caret.index("^")] == "o"


def test_an_excerpt_is_the_line_without_its_end() -> None:
    assert excerpt('{\r\n  "box": x\r\n}', 2, 3) == ('2 |   "box": x', "  |   ^")


def test_long_lines_are_cut_around_the_place() -> None:
    source, caret = excerpt("x" * 500 + "!" + "y" * 500, 1, 501)
    assert source[caret.index("^")] == "!"
    assert len(source) < 130


def test_bytes_that_are_not_text() -> None:
    with pytest.raises(BrokenJson, match=r"^f:2:3: the file is not UTF-8"):
        parse(b'{\n "\xff": 1}', "f")


def test_paths_as_people_write_them() -> None:
    assert path_text(("forwardPorts", 0)) == "forwardPorts[0]"
    assert path_text(("build", "args", "V")) == "build.args.V"
    assert path_text(("a\nb", "x" * 200)) == f"a\\nb.{'x' * 100}…"


@pytest.mark.parametrize(
    "source", ['{"' + "a" * 200_000, "{" + " /**/" * 50_000, '{"a": "' + "\\n" * 100_000 + '"}']
)
def test_long_texts_take_no_more_than_their_length(source: str) -> None:
    assert broken(source) is None or len(source) > 200_000
