"""What decides an image with Features, and how a change is told."""

from __future__ import annotations

import msgspec
import pytest

from moorage.image.explain import explain
from moorage.image.features.inputs import feature_inputs, image_inputs
from moorage.image.features.script import Users
from moorage.image.key import Inputs, key
from moorage.image.label import label, parse_label

from .made import install

USERS = Users(container="root", remote="vscode")


def made(*installs, identity="sha256:a", users=USERS) -> Inputs:
    return feature_inputs(image_inputs("debian", identity, "linux/amd64"), installs, users)


def moved(old: Inputs, new: Inputs) -> tuple[str, ...]:
    assert key(old) != key(new)
    return explain(parse_label(label(old)), new)


GO, NODE, OLD = install("go", "1.0.0"), install(), install(value="18")
OTHERS = Users(container="root", remote="node")


def local(digest: str):
    found = msgspec.structs.replace(
        install("own", "").found, kind="local", reference="./own", base="/home/me/p/own", digest=digest
    )
    return msgspec.structs.replace(install("own"), found=found)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (made(NODE), made(install(version="1.7.0")), ("Feature node 1.6.3 → 1.7.0",)),
        (made(NODE), made(install(value="18")), ("option version of Feature node changed",)),
        (made(NODE), made(NODE, GO), ("Feature go is new",)),
        (made(NODE, GO), made(GO), ("Feature node is no longer used",)),
        (made(NODE, GO), made(GO, NODE), ("Features are installed in another order now: go, node",)),
        (made(NODE), made(NODE, users=OTHERS), ("remoteUser changed: vscode → node",)),
        (made(NODE), made(NODE, identity="sha256:b"), ("base image debian moved",)),
        (made(local("sha256:1")), made(local("sha256:2")), ("files of Feature own changed",)),
        (
            made(NODE, OLD),
            made(OLD, install(value="20")),
            (
                "option version of Feature node changed",
                "Features are installed in another order now: node, node",
            ),
        ),
    ],
)
def test_a_change_is_told(old, new, told):
    assert moved(old, new) == told


def test_another_way_to_install_is_told():
    new = msgspec.structs.replace(made(NODE), installer="2")
    assert "another way" in moved(made(NODE), new)[0]


def test_how_it_is_written_decides_nothing():
    found = msgspec.structs.replace(NODE.found, reference="other.example/node:1.6", base="other.example/node")
    assert key(made(msgspec.structs.replace(NODE, found=found))) == key(made(NODE))
    assert key(made(install(value="lts"))) == key(made(NODE)) == key(made(install(value={"version": "lts"})))


def test_the_label_tells_no_path_and_no_value():
    text = label(made(local("sha256:1"), install(value="secret")))
    assert "/home/me" not in text
    assert "secret" not in text


def test_an_image_without_features_has_the_key_and_label_of_before():
    given = image_inputs("debian", "sha256:a", "linux/amd64")
    assert key(given) == "597fb10d27129239925a3ba6706a9d15b59b58b83fef9f45c5f632f3cbc04897"
    assert label(given) == '{"v":1,"g":"1","p":"linux/amd64","i":{"debian":"a"}}'
