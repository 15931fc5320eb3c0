from __future__ import annotations

import json
from typing import Any

import pytest

from moorage.devcontainer.configuration import warnings
from moorage.devcontainer.jsonc import parse


def said(value: dict[str, Any] | str) -> list[tuple[str, str, str]]:
    text = value if isinstance(value, str) else json.dumps(value)
    return [(each.code, each.text, each.hint) for each in warnings(parse(text, "f"))]


def test_nothing_to_say() -> None:
    assert (
        said({"image": "x", "postCreateCommand": "echo ${HOME}", "customizations": {"any": {"thing": 1}}})
        == []
    )


@pytest.mark.parametrize(
    ("value", "path", "hint"),
    [
        ({"imgae": "x"}, "imgae", "Did you mean image?"),
        ({"postcreatecommand": "x"}, "postcreatecommand", "Did you mean postCreateCommand?"),
        ({"zzz": 1}, "zzz", ""),
        ({"build": {"dockerFile": "x"}}, "build.dockerFile", "Did you mean dockerfile?"),
        ({"hostRequirements": {"cpu": 1}}, "hostRequirements.cpu", "Did you mean cpus?"),
        ({"hostRequirements": {"gpu": {"core": 1}}}, "hostRequirements.gpu.core", "Did you mean cores?"),
        ({"portsAttributes": {"1": {"lable": "x"}}}, "portsAttributes.1.lable", "Did you mean label?"),
        ({"mounts": [{"type": "bind", "targte": "/"}]}, "mounts[0].targte", "Did you mean target?"),
    ],
)
def test_unknown_properties_with_the_nearest(value: dict[str, Any], path: str, hint: str) -> None:
    [(code, text, told)] = said(value)
    assert code == "unknown-property"
    assert f": {path} is not a property" in text
    assert told == hint


def test_places_are_those_of_the_key() -> None:
    [(_, text, _)] = said('{\n  "build": {\n    "targett": "x"}}')
    assert text.startswith("f:3:5: ")


def test_legacy_names() -> None:
    found = said({"dockerFile": "D", "extensions": []})
    assert [code for code, _, _ in found] == ["legacy-property", "legacy-property"]
    assert {hint for _, _, hint in found} == {
        "Write build.dockerfile.",
        "Write customizations.vscode.extensions.",
    }


def test_duplicates() -> None:
    assert said('{"image": "a",\n"image": "b"}') == [
        ("duplicate-key", "f:2:1: image is given more than once; the last one counts.", "Remove the others.")
    ]


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ({"image": "x", "build": {"dockerfile": "D"}}, "image"),
        ({"image": "x", "dockerComposeFile": "c"}, "dockerComposeFile"),
        ({"image": "x", "service": "c"}, "service"),
        ({"dockerComposeFile": "x", "service": "c", "runArgs": []}, "runArgs"),
    ],
)
def test_properties_without_effect(value: dict[str, Any], key: str) -> None:
    [(code, text, _)] = said(value)
    assert code == "property-without-effect"
    assert f": {key} has no effect" in text


def test_an_unknown_variable() -> None:
    [(code, text, hint)] = said('{"image": "x",\n "mounts": ["source=${localWorkspaceFoldr},target=/x"]}')
    assert code == "unknown-variable"
    assert text.startswith("f:2:13: ${localWorkspaceFoldr} in mounts[0] is not a variable")
    assert hint == "Did you mean localWorkspaceFolder?"


@pytest.mark.parametrize(
    ("value", "count"),
    [
        ({"containerEnv": {"PATH": "${PATH}:/x"}}, 1),
        ({"postCreateCommand": "cd ${containerWorkspaceFoldr}"}, 1),
        ({"postCreateCommand": "x=${somethingElse} ${HOME:-/} ${1}"}, 0),
        ({"customizations": {"vscode": {"settings": {"a": "${workspaceFolder}"}}}}, 0),
    ],
)
def test_variables_that_belong_to_others_are_left_alone(value: dict[str, Any], count: int) -> None:
    assert len(said(value)) == count
