"""The settings of a container that exists, from its labels and the current file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moorage.drivers.docker.options import Options
from moorage.events import Event, Redacting
from moorage.planner.configured import configured
from moorage.planner.questions import ConfigurationFile
from moorage.planner.request import Host, Request
from moorage.spec import names
from moorage.spec.observation import Container
from moorage.spec.source import LocalFolder
from moorage.workspace.settings import folder_of, identity_labels, remote_user, settings, variables_of
from moorage.workspace.site import Site


class Heard:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)


def site(heard: Heard, environment: dict[str, str]) -> Site:
    """A site whose engine must not be asked."""
    nobody: object = None
    return Site(
        engine=nobody,  # type: ignore[arg-type]
        driver=nobody,  # type: ignore[arg-type]
        options=Options(),
        reporter=Redacting(heard),
        cache="/nonexistent",
        environment=environment,
    )


def container(folder: Path, recorded: list[dict[str, object]], name: str = "", **more: str) -> Container:
    request = Request(source=LocalFolder(path=str(folder)), host=Host(owner="ada"), name=name)
    labels = {
        names.ID: request.workspace,
        names.NAME: name or "project",
        names.SOURCE: request.canonical,
        names.OWNER: "ada",
        names.CONFIG: ".devcontainer.json",
        names.FOLDER: "/workspaces/project",
        names.LOCAL_FOLDER: str(folder),
        names.CONFIG_FILE: f"{folder}/.devcontainer.json",
        names.METADATA: json.dumps(recorded),
    }
    return Container(
        id="c" * 64,
        name=request.container,
        state="running",
        image="image",
        image_id="sha256:0",
        labels=labels,
        environment={"INSIDE": "yes"},
        **more,  # type: ignore[arg-type]
    )


def write(folder: Path, **properties: object) -> None:
    (folder / ".devcontainer.json").write_text(json.dumps(properties))


async def test_the_record_counts_where_the_folder_is_gone(tmp_path: Path) -> None:
    recorded: list[dict[str, object]] = [
        {"remoteUser": "from-image"},
        {"remoteUser": "vscode", "remoteEnv": {"A": "1"}},
    ]
    found = await settings(container(tmp_path / "gone", recorded), site(Heard(), {}))
    assert found.remote_user == "vscode"
    assert found.remote_env == {"A": "1"}


async def test_the_current_file_changes_user_environment_and_probe_only(tmp_path: Path) -> None:
    write(tmp_path, image="x", remoteUser="new", remoteEnv={"A": "2"}, userEnvProbe="none", forwardPorts=[1])
    recorded: list[dict[str, object]] = [
        {"remoteUser": "old", "remoteEnv": {"A": "1", "B": "1"}, "forwardPorts": [2]}
    ]
    found = await settings(container(tmp_path, recorded), site(Heard(), {}))
    assert (found.remote_user, found.user_env_probe) == ("new", "none")
    assert found.remote_env == {"A": "2", "B": "1"}
    assert found.forward_ports == (2,)


async def test_variables_are_those_of_the_container_and_of_this_machine(tmp_path: Path) -> None:
    written = {
        "A": "${localEnv:HERE}-${containerEnv:INSIDE}-${containerEnv:NOT:default}",
        "B": "${containerWorkspaceFolder} ${localWorkspaceFolderBasename}",
        "C": None,
    }
    found = await settings(
        container(tmp_path / "gone", [{"remoteEnv": written}]), site(Heard(), {"HERE": "h"})
    )
    assert found.remote_env == {"A": "h-yes-default", "B": "/workspaces/project gone", "C": None}


async def test_a_broken_file_is_told_and_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".devcontainer.json").write_text("{ broken")
    heard = Heard()
    found = await settings(container(tmp_path, [{"remoteUser": "vscode"}]), site(heard, {}))
    assert found.remote_user == "vscode"
    assert [event.code for event in heard.events] == ["configuration-unreadable"]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["", "second"])
def test_the_devcontainer_id_is_the_planners(tmp_path: Path, name: str) -> None:
    write(tmp_path, image="x")
    request = Request(source=LocalFolder(path=str(tmp_path)), host=Host(owner="ada"), name=name)
    file = ConfigurationFile(path=".devcontainer.json", text=b'{"image": "x"}', root=str(tmp_path))
    planned = configured(request, file)
    made = container(tmp_path, [], name)
    assert identity_labels(made.labels) == planned.id_labels
    assert variables_of(made, {}).devcontainer_id == planned.variables.devcontainer_id


async def test_the_remote_user_falls_back_to_the_containers_and_root(tmp_path: Path) -> None:
    plain = await settings(container(tmp_path, []), site(Heard(), {}))
    assert remote_user(plain, container(tmp_path, [], user="node")) == "node"
    assert remote_user(plain, container(tmp_path, [])) == ""
    assert folder_of(container(tmp_path, [])) == "/workspaces/project"
