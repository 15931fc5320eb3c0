from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.compat.authoring.applying import BadTemplateOption, chosen, filled
from moorage.compat.authoring.template import BadTemplate, Template, described, load, omitted
from moorage.devcontainer.features.feature import Option
from moorage.devcontainer.jsonc import parse
from moorage.errors import MoorageError

TEMPLATE = Template(
    id="t",
    options={
        "variant": Option(default="a", enum=("a", "b")),
        "free": Option(default="x", proposals=("x", "y")),
        "flag": Option(type="boolean", default=False),
        "none": Option(),
    },
)


def test_options_have_their_defaults_also_false() -> None:
    assert chosen(TEMPLATE, {}) == {"variant": "a", "free": "x", "flag": "false", "none": ""}


def test_options_are_taken_as_given() -> None:
    given = {"variant": "b", "free": "any thing", "flag": True}
    assert chosen(TEMPLATE, given) == {"variant": "b", "free": "any thing", "flag": "true", "none": ""}


@pytest.mark.parametrize(
    ("given", "hint"),
    [({"varian": "a"}, "variant"), ({"variant": "c"}, "a, b"), ({"flag": "maybe"}, "true, false")],
)
def test_wrong_options_are_refused(given: dict[str, str | bool], hint: str) -> None:
    with pytest.raises(BadTemplateOption) as caught:
        chosen(TEMPLATE, given)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"${templateOption:a}", b"1"),
        (b"${templateOption: a }${templateOption:b}", b"12"),
        (b"${templateOption:unknown}|", b"|"),
        (b"${templateOption:}", b"${templateOption:}"),
        (b"${localEnv:a} $templateOption:a", b"${localEnv:a} $templateOption:a"),
        (b"\xff\x00${templateOption:a}\xfe", b"\xff\x001\xfe"),
    ],
)
def test_options_are_filled_in(data: bytes, expected: bytes) -> None:
    assert filled(data, {"a": "1", "b": "2"}) == expected


def test_a_value_is_not_filled_in_again() -> None:
    assert filled(b"${templateOption:a}", {"a": "${templateOption:b}", "b": "x"}) == b"${templateOption:b}"


@given(st.binary())
def test_a_file_without_options_stays_as_it_is(data: bytes) -> None:
    if b"${templateOption:" not in data:
        assert filled(data, {"a": "1"}) == data


@pytest.mark.parametrize(
    ("path", "patterns", "out"),
    [
        ("a/b/c", ["a/*"], True),
        ("a/b/c", ["./a/b/*"], True),
        ("ab/c", ["a/*"], False),
        ("file.ts", ["file.ts"], True),
        ("dir/file.ts", ["file.ts"], False),
        ("x.md", ["*.md"], True),
        ("x", [], False),
    ],
)
def test_omitted_paths(path: str, patterns: list[str], out: bool) -> None:
    assert omitted(path, patterns) is out


@pytest.mark.parametrize(
    ("configuration", "kind"),
    [
        ({"image": "a"}, "image"),
        ({"build": {"dockerfile": "x"}}, "dockerfile"),
        ({"dockerFile": "x"}, "dockerfile"),
        ({"dockerComposeFile": "x", "image": "a"}, "dockerCompose"),
    ],
)
def test_metadata_says_what_is_inside(configuration: dict[str, object], kind: str) -> None:
    features = {"ghcr.io/a/b:1": {}, "localhost:5000/a/c@sha256:0": {}, "./own": {}}
    found = described(
        {"id": "t", "optionalPaths": [".github/*", "docs/*"]},
        ["z", ".github/d.yml", "docs/1", "docs/2"],
        {**configuration, "features": features},
    )
    assert found["type"] == kind
    assert found["files"] == [".github/d.yml", "docs/1", "docs/2", "z"]
    assert found["fileCount"] == 4
    assert found["featureIds"] == ["ghcr.io/a/b", "localhost:5000/a/c", "./own"]
    assert found["optionalPaths"] == [".github/d.yml", "docs/*"]


@pytest.mark.parametrize("id", ["../evil", "", "a b", "-x", "a/b"])
def test_ids_that_could_be_paths_are_refused(id: str) -> None:
    with pytest.raises(BadTemplate):
        load(parse(f'{{"id": "{id}"}}', "devcontainer-template.json"))


def test_a_wrong_type_names_its_place() -> None:
    with pytest.raises(MoorageError, match=r"devcontainer-template\.json:1:"):
        load(parse('{"id": "t", "options": []}', "devcontainer-template.json"))
