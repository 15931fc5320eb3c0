from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.devcontainer.variables import (
    UnknownVariable,
    Variables,
    VariableWithoutName,
    devcontainer_id,
    substitute,
    unknown,
)

HOST = Variables(
    local_env={"USER": "ann", "EMPTY": "", "NESTED": "${localEnv:USER}"},
    local_workspace_folder="/home/ann/my project",
    container_workspace_folder="/workspaces/my project/",
)
ALL = Variables(
    local_env={"USER": "ann"},
    local_workspace_folder="/p",
    container_workspace_folder="/w",
    devcontainer_id="abc",
    container_env={"PATH": "/bin", "EMPTY": ""},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${localEnv:USER}", "ann"),
        ("${env:USER}", "ann"),
        ("-${localEnv:USER}-${localEnv:USER}-", "-ann-ann-"),
        ("${localEnv:NOT}", ""),
        ("${localEnv:NOT:else}", "else"),
        ("${localEnv:NOT:}", ""),
        ("${localEnv:EMPTY:else}", ""),
        ("${localEnv:X:http://host:1}", "http://host:1"),
        ("${localEnv:USER:http://host:1}", "ann"),
        ("${localEnv:NESTED}", "${localEnv:USER}"),
        ("${localEnv:X:${localEnv:USER}}", "${localEnv:USER}"),
        ("${localWorkspaceFolder}/x", "/home/ann/my project/x"),
        ("${localWorkspaceFolderBasename}", "my project"),
        ("${containerWorkspaceFolder}", "/workspaces/my project/"),
        ("${containerWorkspaceFolderBasename}", "my project"),
        ("${foo}", "${foo}"),
        ("${HOME:-/root}", "${HOME:-/root}"),
        ("$HOME ${} $", "$HOME ${} $"),
        ("${devcontainerId}", "${devcontainerId}"),
        ("${containerEnv:PATH}", "${containerEnv:PATH}"),
        ("${containerEnv:PATH:x}", "${containerEnv:PATH:x}"),
        ("${localenv:USER}", "${localenv:USER}"),
        ("${local\nEnv}", "${local\nEnv}"),
    ],
)
def test_what_the_host_knows(text: str, expected: str) -> None:
    assert substitute(text, HOST) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${devcontainerId}", "abc"),
        ("${containerEnv:PATH}:/x", "/bin:/x"),
        ("${containerEnv:NOT:d:e}", "d:e"),
        ("${containerEnv:EMPTY:d}", ""),
    ],
)
def test_what_is_known_later(text: str, expected: str) -> None:
    assert substitute(text, ALL) == expected


@pytest.mark.parametrize("text", ["${localEnv}", "${localEnv:}", "${env::x}", "a${localEnv}b"])
def test_a_variable_without_a_name(text: str) -> None:
    with pytest.raises(VariableWithoutName) as caught:
        substitute({"a": [text]}, HOST)
    assert "does not name an environment variable" in caught.value.message


def test_the_hint_shows_how_to_write_it() -> None:
    with pytest.raises(VariableWithoutName) as caught:
        substitute("${localEnv}", HOST)
    assert caught.value.hint == "Write ${localEnv:NAME} or ${localEnv:NAME:default}."


def test_container_variables_wait_even_without_a_name() -> None:
    assert substitute("${containerEnv}", HOST) == "${containerEnv}"
    with pytest.raises(VariableWithoutName):
        substitute("${containerEnv}", ALL)


def test_folders_that_are_not_known_stay() -> None:
    nothing = Variables(local_env={})
    text = "${localWorkspaceFolder} ${localWorkspaceFolderBasename} ${containerWorkspaceFolderBasename}"
    assert substitute(text, nothing) == text


def test_values_but_not_keys_at_any_depth() -> None:
    value: Any = {"${localEnv:USER}": [{"a": "${localEnv:USER}"}, 1, None, True, ("${localEnv:USER}",)]}
    assert substitute(value, HOST) == {"${localEnv:USER}": [{"a": "ann"}, 1, None, True, ("ann",)]}


words = st.text(alphabet="ab:${}/ \n", max_size=12)
trees: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@given(trees)
def test_without_known_variables_nothing_changes(value: Any) -> None:
    assert substitute(value, ALL) == value


@given(st.text(alphabet=st.characters(exclude_characters="}\n", exclude_categories=["Cs"]), max_size=20))
def test_the_whole_rest_is_the_default(default: str) -> None:
    assert substitute(f"${{localEnv:UNSET:{default}}}", HOST) == default


@given(trees)
def test_passes_may_be_split(value: Any) -> None:
    """What the host knows first and the container later gives the same as all at once."""
    value = [value, "${localEnv:USER} ${containerEnv:PATH} ${devcontainerId} ${localWorkspaceFolder}"]
    early = Variables(local_env=ALL.local_env, local_workspace_folder="/p", container_workspace_folder="/w")
    assert substitute(substitute(value, early), ALL) == substitute(value, ALL)


def test_unknown_variables_with_their_path() -> None:
    value = {"mounts": ["${foo} ${localEnv:A}", {"source": "${bar:x}"}], "${key}": 1}
    assert unknown(value) == (
        UnknownVariable("foo", ("mounts", 0)),
        UnknownVariable("bar:x", ("mounts", 1, "source")),
    )


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"a": "b"}, "1mqafr5h2iu6dhh3k1m4vtnuhml2uiec4s7bntt1v0f25ao63i1n"),
        (
            {
                "devcontainer.local_folder": "/tmp/dcr/wsE",
                "devcontainer.config_file": "/tmp/dcr/wsE/.devcontainer/devcontainer.json",
            },
            "0mjbbuimoe4p7lja6kq0lnh59po6tg174266o4arurijiet1tigp",
        ),
    ],
)
def test_devcontainer_id_vectors(labels: dict[str, str], expected: str) -> None:
    assert devcontainer_id(labels) == expected
    assert devcontainer_id(dict(reversed(labels.items()))) == expected
