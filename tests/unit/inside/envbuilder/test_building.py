"""From the configuration to one Dockerfile."""

from __future__ import annotations

import json

import pytest

from moorage.dockerfile.parse import parse
from moorage.image.features.generate import Generated
from moorage.inside.envbuilder.building import Asked, BadImage, NotBuiltHere, asked, of_image
from moorage.inside.envbuilder.configured import configured, merged
from moorage.inside.envbuilder.features import BELOW, FILES, STAGE, continued, named
from moorage.inside.envbuilder.folder import Chosen
from moorage.inside.envbuilder.hooks import due, start_script

FILE = "/w/r/.devcontainer/devcontainer.json"


def read(value: dict[str, object]) -> Asked | None:
    found = configured(FILE, json.dumps(value).encode(), "/w/r", {"V": "1.2"})
    return asked(Chosen(configuration=FILE), found, "FROM {}\n".format)


def test_an_image() -> None:
    assert read({"image": "debian:${localEnv:V}"}) == Asked(dockerfile="FROM debian:1.2\n", name="debian:1.2")


def test_a_dockerfile_beside_the_configuration() -> None:
    build = {"dockerfile": "../Dockerfile", "context": "..", "target": "t", "args": {"A": "${localEnv:V}"}}
    assert read({"build": build}) == Asked(
        dockerfile="FROM /w/r/Dockerfile\n",
        name="/w/r/Dockerfile",
        context="/w/r",
        target="t",
        arguments=(("A", "1.2"),),
    )


def test_the_context_is_the_configurations_folder() -> None:
    found = read({"build": {"dockerfile": "Dockerfile"}})
    assert found is not None
    assert found.context == "/w/r/.devcontainer"


def test_a_dockerfile_alone_and_nothing_at_all() -> None:
    alone = Chosen(dockerfile="/w/r/D", context="/w/r")
    assert asked(alone, None, str) == Asked(dockerfile="/w/r/D", name="/w/r/D", context="/w/r")
    assert asked(Chosen(), None, str) is None


def test_compose_is_refused() -> None:
    with pytest.raises(NotBuiltHere):
        read({"dockerComposeFile": "c.yml", "service": "s"})


def test_features_are_told_with_the_configuration() -> None:
    found = read({"image": "a", "features": {"./f": {}}})
    assert found is not None
    assert found.featured is not None
    assert found.featured.root == "/w/r"


def test_a_clone_for_the_build_alone_is_told_as_the_workspace() -> None:
    text = b'{"image": "a:${devcontainerId}"}'
    here, there = FILE, FILE.replace("/w/r", "/store/remote")
    found = configured(there, text, "/w/r", {}, "/store/remote")
    assert found.place == here
    assert found.configuration.image == configured(here, text, "/w/r", {}).configuration.image


@pytest.mark.parametrize(
    ("text", "target", "name"),
    [
        ("FROM a\n", "", BELOW),
        ("FROM a AS one\nFROM one AS two\n", "", "two"),
        ("FROM a AS one\nFROM b\n", "ONE", "one"),
        ("FROM a\nFROM b AS two\n", "0", BELOW),
    ],
)
def test_the_stage_below_has_a_name(text: str, target: str, name: str) -> None:
    found, stage = named(parse(text), target)
    assert stage == name
    made = Generated(dockerfile=f"FROM {stage}\nUSER 0\nCOPY x/ /x/\n", files=(), folders=())
    instructions = continued(found, made).instructions
    assert [each.words[-1] for each in instructions if each.keyword == "FROM"][-1] == STAGE
    assert instructions[-1].flag("from") == FILES
    lines = [each.line for each in instructions]
    assert lines == sorted(set(lines))
    assert BELOW not in [each.words[-1] for each in instructions] or stage == BELOW


@pytest.mark.parametrize("text", ["", "a b", "a\nRUN x", "--platform=x"])
def test_no_reference(text: str) -> None:
    with pytest.raises(BadImage):
        of_image(text)


def test_hooks_of_the_image_and_of_the_file_are_all_due() -> None:
    label = json.dumps([{"id": "f", "onCreateCommand": "one", "remoteUser": "ann"}])
    value = {
        "image": "a",
        "onCreateCommand": "two",
        "postStartCommand": ["a", "b c"],
        "postAttachCommand": "x",
    }
    found = merged(label, configured(FILE, json.dumps(value).encode(), "/w/r", {}), {})
    assert [(stage.hook, stage.commands[0].argv[-1]) for stage in due(found, without_start=False)] == [
        ("onCreateCommand", "one"),
        ("onCreateCommand", "two"),
        ("postStartCommand", "b c"),
    ]
    assert [stage.hook for stage in due(found, without_start=True)] == ["onCreateCommand"] * 2
    assert start_script(found) == "#!/bin/sh\nset -e\na 'b c'\n"
    assert found.remote_user == "ann"


def test_what_has_no_effect_is_told() -> None:
    value = {"image": "a", "privileged": True, "workspaceFolder": "/elsewhere", "initializeCommand": "x"}
    found = configured(FILE, json.dumps(value).encode(), "/w/r", {})
    told = "\n".join(found.remarks)
    assert all(name in told for name in ("privileged", "workspaceFolder", "initializeCommand"))


def test_variables_of_the_container() -> None:
    value = {"image": "a", "remoteEnv": {"P": "${containerEnv:PATH}:${containerWorkspaceFolder}"}}
    found = configured(FILE, json.dumps(value).encode(), "/w/r", {})
    assert merged("", found, {"PATH": "/bin"}).remote_env == {"P": "/bin:/w/r"}
