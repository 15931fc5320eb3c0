"""The workspace's folder, and which file configures it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.devcontainer.discovery import NoConfiguration
from moorage.inside.envbuilder.folder import Chosen, chosen, repository_name, workspace_folder
from moorage.inside.envbuilder.options import Options

W = "/workspaces/r"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://host/o/r.git", "r"),
        ("https://host/o/r.git/#refs/heads/x", "r"),
        ("https://host/o/r?x=1", "r"),
        ("https://ann:pw@host/o/a%20b.git", "a b"),
        ("git@host:o/r.git", "r"),
        ("host:r", "r"),
        ("ssh://git@host:22/o/r/", "r"),
        ("/srv/r.git", "r"),
        ("file:///srv/r", "r"),
        ("", "empty"),
        ("https://host", "empty"),
        ("https://host/", "empty"),
        ("https://host/o/..", "empty"),
        ("https://host/o/%2e%2e", "empty"),
        ("https://host/o/a%2fb", "empty"),
        (".git", ".git"),
    ],
)
def test_the_repositorys_name(url: str, name: str) -> None:
    assert repository_name(url) == name


@given(st.text())
def test_a_name_never_leads_elsewhere(url: str) -> None:
    name = repository_name(url)
    assert name
    assert "/" not in name
    assert name not in (".", "..")


def test_the_folder() -> None:
    assert workspace_folder(Options()) == "/workspaces/empty"
    assert workspace_folder(Options(git_url="h:o/r", workspace_base_dir="/w/")) == "/w/r"
    assert workspace_folder(Options(git_url="h:o/r", workspace_folder="/x/../y/")) == "/y"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ([], ""),
        ([".devcontainer/devcontainer.json", ".devcontainer.json"], ".devcontainer/devcontainer.json"),
        ([".devcontainer.json", "devcontainer.json"], ".devcontainer.json"),
        ([f".devcontainer/{name}/devcontainer.json" for name in "ba"], ".devcontainer/a/devcontainer.json"),
        ([".devcontainer/a/b/devcontainer.json"], ""),
        (["devcontainer.json"], "devcontainer.json"),
    ],
)  # fmt: skip
def test_discovery(files: list[str], found: str) -> None:
    assert look(Options(), files) == Chosen(configuration=f"{W}/{found}" if found else "")


def test_a_path_that_was_asked_for() -> None:
    options = Options(devcontainer_dir="conf", devcontainer_json_path="x.json")
    assert look(options, ["conf/x.json"]).configuration == f"{W}/conf/x.json"
    assert look(Options(devcontainer_json_path=f"{W}/y.json"), ["y.json"]).configuration == f"{W}/y.json"
    with pytest.raises(NoConfiguration):
        look(options, [".devcontainer/devcontainer.json"])


def test_a_dockerfile_alone() -> None:
    options = Options(dockerfile_path="d/Dockerfile", build_context_path="d")
    assert look(options, [".devcontainer.json"]) == Chosen(dockerfile=f"{W}/d/Dockerfile", context=f"{W}/d")
    assert look(Options(dockerfile_path="Dockerfile"), []).context == W


def look(options: Options, files: list[str]) -> Chosen:
    paths = {f"{W}/{name}" for name in files}

    def listed(folder: str) -> list[str]:
        below = {path.removeprefix(f"{folder}/") for path in paths if path.startswith(f"{folder}/")}
        return [name.split("/")[0] for name in below]

    return chosen(options, W, paths.__contains__, listed)
