"""Features from before registries, by the names that they had."""

from __future__ import annotations

import pytest

from moorage.devcontainer.features.legacy import fold, mapped

HOME = "ghcr.io/devcontainers/features"

KEPT = """aws-cli azure-cli
desktop-lite docker-from-docker docker-in-docker dotnet git git-lfs github-cli java
kubectl-helm-minikube node powershell python ruby rust sshd terraform"""


@pytest.mark.parametrize("name", KEPT.split())
def test_most_have_their_old_name(name: str) -> None:
    assert mapped(name) == f"{HOME}/{name}:1"


@pytest.mark.parametrize(
    ("name", "today"),
    [
        ("golang", "go"),
        ("common", "common-utils"),
        ("gradle", "java"),
        ("maven", "java"),
        ("jupyterlab", "python"),
    ],
)
def test_some_have_another(name: str, today: str) -> None:
    assert mapped(name) == f"{HOME}/{today}:1"


@pytest.mark.parametrize("name", ["fish", "./git", "example.com/n/git:1", ""])
def test_other_names_stay(name: str) -> None:
    assert mapped(name) == name


@pytest.mark.parametrize(
    ("name", "into", "option"),
    [
        ("gradle", "java", "Gradle"),
        ("maven", "java", "Maven"),
        ("jupyterlab", "python", "Jupyterlab"),
    ],
)
def test_some_are_options_of_another(name: str, into: str, option: str) -> None:
    there = {f"install{option}": True, f"{name}Version": "3"}
    assert fold({name: "3"}) == {f"{HOME}/{into}:1": there}
    assert fold({name: {"version": "3"}, into: "8"}) == {into: {"version": "8", **there}}


@pytest.mark.parametrize("there", [f"{HOME}/JAVA:1", f"{HOME}/java", f"{HOME}/java@sha256:1"])
def test_they_join_the_one_that_is_there(there: str) -> None:
    assert fold({"maven": {}, there: {"a": "b"}}) == {there: {"a": "b", "installMaven": True}}


def test_others_are_not_joined() -> None:
    other = f"{HOME}/javascript:1"
    assert fold({other: {}, "maven": {}}) == {other: {}, f"{HOME}/java:1": {"installMaven": True}}
