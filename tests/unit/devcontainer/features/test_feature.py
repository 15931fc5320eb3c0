from __future__ import annotations

import json
from typing import Any

import pytest

from moorage.devcontainer.features.feature import BadFeature, Feature, Option, entry, load, remarks
from moorage.devcontainer.jsonc import BrokenJson, parse
from moorage.devcontainer.metadata import merge
from moorage.devcontainer.warnings import Warning
from moorage.devcontainer.wrong_type import WrongType
from tests.unit.devcontainer.features.making import found


def read(value: dict[str, Any] | str) -> tuple[Feature, tuple[Warning, ...]]:
    text = (
        value if isinstance(value, str) else json.dumps({"id": "a", "version": "1.0.0", "name": "A", **value})
    )
    return load(parse(text, "f.json"))


def codes(value: dict[str, Any] | str) -> list[str]:
    return [each.code for each in read(value)[1]]


WHOLE: dict[str, Any] = {
    "id": "docker-in-docker",
    "version": "2.12.0",
    "name": "Docker",
    "description": "d",
    "documentationURL": "https://example.com/d",
    "licenseURL": "https://example.com/l",
    "keywords": ["docker"],
    "options": {
        "version": {
            "type": "string",
            "proposals": ["latest", "20.10"],
            "default": "latest",
            "description": "v",
        },
        "moby": {"type": "boolean", "default": True},
        "pin": {"type": "string", "enum": ["a", "b"], "default": "a"},
    },
    "containerEnv": {"DOCKER_BUILDKIT": "1"},
    "privileged": True,
    "init": False,
    "capAdd": ["SYS_PTRACE"],
    "securityOpt": ["seccomp=unconfined"],
    "entrypoint": "/usr/local/share/docker-init.sh",
    "mounts": [
        {"source": "dind-${devcontainerId}", "target": "/var/lib/docker", "type": "volume"},
        "type=tmpfs,target=/x",
    ],
    "customizations": {"vscode": {"extensions": ["x.y"]}},
    "dependsOn": {"ghcr.io/devcontainers/features/common-utils:2": {"installZsh": False}},
    "installsAfter": ["ghcr.io/devcontainers/features/git"],
    "legacyIds": ["dind"],
    "currentId": "docker-in-docker",
    "deprecated": False,
    "onCreateCommand": "a",
    "updateContentCommand": ["b"],
    "postCreateCommand": {"c": "d"},
    "postStartCommand": "e",
    "postAttachCommand": "f",
}


def test_every_property() -> None:
    feature, warnings = read(json.dumps(WHOLE))
    assert warnings == ()
    assert feature.id == "docker-in-docker"
    assert feature.documentation_url == "https://example.com/d"
    assert feature.options["pin"] == Option(type="string", enum=("a", "b"), default="a")
    assert feature.options["moby"].default is True
    assert feature.installs_after == ("ghcr.io/devcontainers/features/git",)
    assert feature.depends_on == {"ghcr.io/devcontainers/features/common-utils:2": {"installZsh": False}}
    assert (feature.privileged, feature.init) == (True, False)
    assert feature.post_create_command == {"c": "d"}


def test_the_entry_of_the_label_is_raw_and_nothing_more() -> None:
    kept = entry("ghcr.io/X/dind:2", WHOLE)
    assert list(kept) == [
        "id",
        "onCreateCommand",
        "updateContentCommand",
        "postCreateCommand",
        "postStartCommand",
        "postAttachCommand",
        "init",
        "privileged",
        "capAdd",
        "securityOpt",
        "entrypoint",
        "mounts",
        "customizations",
    ]
    assert kept["id"] == "ghcr.io/X/dind:2"
    assert kept["mounts"] == WHOLE["mounts"]
    merged = merge([kept])
    assert merged.problems == ()
    assert merged.entrypoints == ("/usr/local/share/docker-init.sh",)


def test_old_names_count_as_customizations() -> None:
    assert entry("./a", {"id": "a", "extensions": ["x"], "init": None}) == {
        "id": "./a",
        "customizations": {"vscode": {"extensions": ["x"]}},
    }


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"options": []}, "options must be an object, not a list"),
        ({"options": {"x": {"enum": "a"}}}, "options.x.enum"),
        ({"options": {"type": "a"}}, "options.type must be an object"),
        ({"options": {"x": {"type": 5}}}, "options.x.type must be a string, not 5"),
        ({"installsAfter": "x"}, "installsAfter must be a list"),
        ({"dependsOn": ["x"]}, "dependsOn must be an object"),
        ({"privileged": "yes"}, 'privileged must be true or false, not "yes"'),
        ({"onCreateCommand": 1}, "onCreateCommand must be a string, a list of strings"),
        ({"mounts": [1]}, "mounts"),
    ],
)
def test_wrong_types_are_told_with_their_place(value: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongType) as caught:
        read(value)
    assert caught.value.message.startswith("f.json:1:")
    assert message in caught.value.message


def test_null_is_as_if_it_were_not_there() -> None:
    assert read({"init": None, "mounts": None, "options": None}) == read({})


def test_a_feature_has_an_id() -> None:
    with pytest.raises(WrongType, match='needs "id"'):
        read("{}")


def test_broken_files_are_told_with_their_place() -> None:
    with pytest.raises(BrokenJson, match=r"^f\.json:2:9: "):
        read('{\n  "id": }')


def test_comments_are_fine() -> None:
    assert read('{ "id": "a", "version": "1", "name": "A", /* x */ }')[0].id == "a"


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"id": "../x"}, "id"),
        ({"id": "-rf"}, "id"),
        ({"id": ""}, "id"),
        ({"id": "a b"}, "id"),
        ({"id": "a\nRUN x"}, "id"),
        ({"version": "1 && x"}, "version"),
        ({"version": "$(x)"}, "version"),
        ({"currentId": "/x"}, "currentId"),
        ({"legacyIds": ["a", "b/c"]}, "legacyIds[1]"),
        ({"containerEnv": {"A B": "x"}}, "containerEnv.A B"),
        ({"containerEnv": {"A=B": "x"}}, "containerEnv.A=B"),
        ({"containerEnv": {"A\nUSER": "x"}}, "containerEnv"),
    ],
)
def test_what_could_mean_something_else_is_refused(value: dict[str, Any], path: str) -> None:
    with pytest.raises(BadFeature) as caught:
        read(value)
    assert caught.value.message.startswith("f.json:1:")
    assert path in caught.value.message


def test_a_mount_that_is_none_is_told_with_its_place() -> None:
    with pytest.raises(BadFeature, match=r"^f.json:1:"):
        read({"mounts": ["type=bind"]})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"optoins": {}}, ["unknown-property"]),
        ({"options": {"x": {"type": "string", "default": "", "enmu": []}}}, ["unknown-property"]),
        ({"options": {"x": {"type": "number", "default": "1"}}}, ["unknown-option-type"]),
        ({"options": {"x": {"type": "string"}}}, ["incomplete-option"]),
        ({"options": {"x": {"type": "string", "enum": ["a"], "default": "b"}}}, ["default-outside-enum"]),
        ({"$schema": "x"}, []),
        ('{"id": "a"}', ["incomplete-feature", "incomplete-feature"]),
        ('{"id": "a", "id": "b", "version": "1", "name": "x"}', ["duplicate-key"]),
    ],
)
def test_what_an_author_should_know(value: dict[str, Any] | str, expected: list[str]) -> None:
    assert codes(value) == expected


def test_what_a_user_should_know() -> None:
    assert remarks(found("./a").feature, "./a") == ()
    gone = found("./a", deprecated=True, documentationURL="https://x.io").feature
    [remark] = remarks(gone, "./a")
    assert (remark.code, remark.hint) == ("deprecated-feature", "See https://x.io.")
    [remark] = remarks(found("./a", currentId="b", legacyIds=["a"]).feature, "./a")
    assert remark.code == "renamed-feature"
    assert "'b'" in remark.text
