"""The generated Dockerfile: its shape, how hostile values arrive, and what moves a folder's name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moorage.dockerfile import words
from moorage.dockerfile.expand import expand
from moorage.dockerfile.parse import parse
from moorage.image.features.dockerfile import BadVariable, environment, labels
from moorage.image.features.generate import BadBase, Generated, generated
from moorage.image.features.script import Users

from .made import install

USERS = Users(container="root", remote="vscode")


def made(*installs, users=USERS, **more) -> Generated:
    return generated("debian", installs or (install(),), users, **more)


def test_plain_instructions_in_order():
    result = made(install(), install("go", container_env={"PATH": "/go/bin:${PATH}"}), user="node")
    node, go = result.folders
    assert result.dockerfile.splitlines()[:-1] == [
        "FROM debian",
        "USER 0",
        f"COPY {node}/ /tmp/dev-container-features/{node}/",
        f'RUN ["/bin/sh", "/tmp/dev-container-features/{node}/devcontainer-features-install.sh"]',
        'ENV PATH="/go/bin:${PATH}"',
        f"COPY {go}/ /tmp/dev-container-features/{go}/",
        f'RUN ["/bin/sh", "/tmp/dev-container-features/{go}/devcontainer-features-install.sh"]',
        "USER node",
    ]
    assert sorted(file.path for file in result.files) == sorted(
        f"{folder}/devcontainer-features{end}" for folder in result.folders for end in (".env", "-install.sh")
    )


def test_the_label_has_the_base_and_each_feature():
    result = made(install(init=True), metadata_label='{"remoteUser": "$me"}', labels={"a": 'b"$c'})
    found = read(result.dockerfile)
    assert found.pop("a") == 'b"$c'
    assert {name: json.loads(value) for name, value in found.items()} == {
        "devcontainer.metadata": [
            {"remoteUser": "$me"},
            {"id": "ghcr.io/devcontainers/features/node:1", "init": True},
        ]
    }


def test_a_folder_is_named_by_what_is_in_it_and_not_by_its_place():
    node, go = install(), install("go")
    one, two = made(node, go), made(go, node)
    assert one.folders == (two.folders[1], two.folders[0])
    assert one.folders[0].startswith(f"node-{node.found.digest[7:19]}-")
    changed = [
        made(install(version="1.7.0")),
        made(install(value={"version": "18"})),
        made(users=Users(container="root", remote="node")),
    ]
    assert len({one.folders[0], *(each.folders[0] for each in changed)}) == 4
    assert made(install(value="lts")).folders == one.folders[:1]


@pytest.mark.parametrize("id", ["../../etc", "--from=x", "a b\nRUN evil", "*", "", "é$(x)"])
def test_no_id_leaves_its_place(id):
    (folder,) = made(install(id)).folders
    assert set(folder) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")
    assert not folder.startswith("-")
    assert [each.keyword for each in parse(made(install(id)).dockerfile).instructions] == [
        "FROM", "COPY", "RUN", "LABEL",
    ]  # fmt: skip


@pytest.mark.parametrize("base", ["a\nRUN evil", "--platform=x y", "$HOME", ""])
def test_what_is_no_image_is_refused(base):
    with pytest.raises(BadBase):
        generated(base, [install()], USERS)
    with pytest.raises(BadBase):
        made(user="a\nRUN evil")


@pytest.mark.parametrize("variables", [{"A B": "x"}, {"": "x"}, {"A": "x\ny"}, {'A"': ""}, {"A=B": ""}])
def test_what_no_image_can_hold_is_refused(variables):
    with pytest.raises(BadVariable, match="Feature node"):
        made(install(container_env=variables))


def test_a_value_sees_those_before_it():
    assert environment({"A": "1", "B": "2", "C": "$A", "D": "3"}, "x") == (
        'ENV A="1" B="2"\nENV C="$A" D="3"\n'
    )


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40), st.integers(0, 40_000))
def test_labels_arrive_as_they_are(text, length):
    value = json.dumps([text + "# \\" * (length // 3)])
    written = labels({"devcontainer.metadata": value})
    assert read(f"FROM x\n{written}") == {"devcontainer.metadata": value}
    lines = written.splitlines()
    assert max(map(len, lines)) <= 12_100
    assert not any(line[:1] == "#" or line[:1].isspace() for line in lines)


def test_a_label_that_cannot_be_broken_is_written_all_the_same():
    assert read(f"FROM x\n{labels({'a': ' ' * 30_000})}") == {"a": " " * 30_000}


def read(dockerfile: str) -> dict[str, str]:
    instruction = parse(dockerfile).instructions[-1]
    assert instruction.keyword == "LABEL"
    pairs = words.pairs(instruction.arguments)
    return {expand(name, {}): expand(value or "", {}) for name, value in pairs}
