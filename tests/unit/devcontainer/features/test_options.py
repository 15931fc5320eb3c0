from __future__ import annotations

import os
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moorage.devcontainer.features.feature import Feature
from moorage.devcontainer.features.options import (
    BadFeatureOption,
    Options,
    canonical,
    environment,
    environment_file,
    environment_name,
    quoted,
)
from tests.unit.devcontainer.features.making import found

OPTIONS: dict[str, Any] = {
    "version": {"type": "string", "proposals": ["latest", "18"], "default": "lts"},
    "flavour": {"type": "string", "enum": ["plain", "sweet"], "default": "plain"},
    "fast": {"type": "boolean", "default": False},
}


def feature(**options: Any) -> Feature:
    return found("./a", options=options or OPTIONS).feature


def read(value: object, **options: Any) -> Options:
    return canonical("./a", value, feature(**options))


DEFAULTS = {"version": "lts", "flavour": "plain", "fast": False}


@pytest.mark.parametrize(
    ("value", "changed"),
    [
        ({}, {}),
        (None, {}),
        (True, {}),
        ("18", {"version": "18"}),
        ("", {"version": ""}),
        ({"version": "18"}, {"version": "18"}),
        ({"version": 18}, {"version": "18"}),
        ({"version": 3.1}, {"version": "3.1"}),
        ({"version": 3.0}, {"version": "3"}),
        ({"version": True}, {"version": "true"}),
        ({"version": None}, {}),
        ({"version": "not a proposal"}, {"version": "not a proposal"}),
        ({"fast": True}, {"fast": True}),
        ({"fast": "true"}, {"fast": True}),
        ({"fast": "false"}, {"fast": False}),
        ({"flavour": "sweet"}, {"flavour": "sweet"}),
    ],
)
def test_defaults_and_types(value: object, changed: dict[str, Any]) -> None:
    options = read(value)
    assert options.values == {**DEFAULTS, **changed}
    assert options.remarks == ()


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        ({"flavour": "swete"}, "must be one of plain, sweet, not", "Did you mean sweet?"),
        ({"flavour": "zzz"}, "must be one of plain, sweet, not", "Known are plain, sweet."),
        ({"fast": "yes"}, 'must be true or false, not "yes"', "Write true or false."),
        ({"version": ["18"]}, "must be text, true or false, not a list", "Write the value in double quotes."),
        ({"other": {}}, "must be text, true or false, not an object", "Write the value in double quotes."),
        ({"version": "a\0b"}, "no environment can hold", "Remove the NUL or the half of a surrogate pair."),
        ({"version": "\ud800"}, "no environment can hold", "Remove the NUL or the half of a surrogate pair."),
        ([], "must be an object or a text, not a list", 'Write { "version": … }.'),
        (18, "must be an object or a text, not 18", 'Write { "version": … }.'),
    ],
)
def test_what_is_refused(value: object, message: str, hint: str) -> None:
    with pytest.raises(BadFeatureOption) as caught:
        read(value)
    assert message in caught.value.message
    assert "./a" in caught.value.message
    assert caught.value.hint == hint


def test_what_another_feature_says_is_only_remarked_on() -> None:
    options = canonical("./a", {"flavour": "sour", "fast": "yes", "version": []}, feature(), strict=False)
    assert options.values == {"version": "lts", "flavour": "sour", "fast": "yes"}
    assert [each.code for each in options.remarks] == ["bad-feature-option"] * 3


def test_what_is_not_declared_is_passed_on_with_a_remark() -> None:
    options = read({"versoin": "18"})
    assert options.values["versoin"] == "18"
    [remark] = options.remarks
    assert (remark.code, remark.hint) == ("unknown-feature-option", "Did you mean version?")


@pytest.mark.parametrize("value", [False, "18"])
def test_a_value_without_an_option_for_it_is_remarked_on(value: object) -> None:
    options = read(value, fast=OPTIONS["fast"])
    assert options.values == {"fast": False}
    assert [each.code for each in options.remarks] == ["feature-value-ignored"]


def test_false_does_not_leave_a_feature_out() -> None:
    [remark] = read(False).remarks
    assert "it is installed all the same" in remark.text


def test_a_boolean_version_takes_the_shorthand() -> None:
    assert read(True, version={"type": "boolean", "default": False}).values == {"version": True}


def test_two_options_of_one_variable() -> None:
    options = read({"a_b": "2"}, **{"a-b": {"default": "1"}, "a_b": {"default": "1"}})
    assert [each.code for each in options.remarks] == ["feature-option-collision"]
    assert environment(options.values) == {"A_B": "2"}


def test_defaults_of_options_that_have_none() -> None:
    assert read({}, text={}, flag={"type": "boolean"}, number={"default": 3}).values == {
        "text": "",
        "flag": False,
        "number": "3",
    }


# Names: what node makes of them by the reference CLI's expression.
@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("version", "VERSION"),
        ("installZsh", "INSTALLZSH"),
        ("node-version", "NODE_VERSION"),
        ("a.b c", "A_B_C"),
        ("1password", "_PASSWORD"),
        ("__x", "_X"),
        ("_1_2x", "_X"),
        ("12", "_"),
        ("ä", "_"),
        ("aä", "A_"),
        ("a😀b", "A__B"),
        ("-x", "_X"),
        ("x\ny", "X_Y"),
        ("X=1;rm", "X_1_RM"),
        ("", ""),
    ],
)
def test_names_of_variables(option: str, name: str) -> None:
    assert environment_name(option) == name


def test_values_are_text() -> None:
    assert environment({"a": True, "b": False, "c": "x", "": "nameless"}) == {
        "A": "true",
        "B": "false",
        "C": "x",
    }


@pytest.mark.parametrize(
    ("text", "word"), [("", "''"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("$(x)", "'$(x)'")]
)
def test_quoted(text: str, word: str) -> None:
    assert quoted(text) == word


NASTY = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    st.text("'\"\\$(){}`;&|<>#!~*?[] \n\r\t%=", min_size=1),
    st.sampled_from(
        [
            "$(touch pwned)",
            "`touch pwned`",
            "'; touch pwned; '",
            "${HOME}",
            "\\",
            'it\'s "q" $HOME',
            "a\n\nb\n",
        ]
    ),
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).map(
    lambda text: f"o{text}"  # SHELL's own read-only names are no options
)


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(values=st.dictionaries(NAMES, NASTY, max_size=4))
def test_a_shell_finds_exactly_the_values(shell: str, values: dict[str, str], tmp_path: Path) -> None:
    program = which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    variables = environment(values)
    file = tmp_path / "options.env"
    file.write_bytes(environment_file(variables).encode())
    arguments = [program, *(["sh"] if shell == "busybox" else [])]
    result = subprocess.run(
        [*arguments, "-c", 'set -eua; . "$1"; set +a; exec env -0', "sh", str(file)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": "/home"},
        capture_output=True,
        check=True,
    )
    assert result.stderr == b""
    seen = dict(line.split("=", 1) for line in result.stdout.decode().split("\0") if line)
    assert {name: seen[name] for name in variables} == variables
    assert list(tmp_path.iterdir()) == [file]
