"""What a workspace remembers of its template goes into each of its runs."""

from __future__ import annotations

from typing import cast

import msgspec
import pytest

from moorage.drivers.base import Driver, Listed
from moorage.drivers.docker.options import parse
from moorage.drivers.kubernetes.driver import KubernetesDriver
from moorage.drivers.kubernetes.options import parse as parse_kubernetes
from moorage.events import Event, Notice, Redacting
from moorage.kube.access import Access
from moorage.kube.client import Cluster
from moorage.planner.request import Host, Request
from moorage.spec import names
from moorage.spec.source import GitSource
from moorage.spec.template import Templated, recorded
from moorage.workspace.preferences import Preferences
from moorage.workspace.site import Site
from moorage.workspace.templated import complete, record_of

RECORD = Templated(
    template="ours",
    parameters={"memory": 4},
    source="https://example.com/org/app.git",
    options={"gitImage": "git:template"},
    environment={"A": "template", "B": "template"},
    run_args=("--memory=4g",),
    mounts=("type=tmpfs,target=/x",),
    features={"node": {"version": "20"}, "git": {}},
    lfs=True,
)


class Told:
    """Notes the codes of notices."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    def emit(self, event: Event) -> None:
        if isinstance(event, Notice):
            self.codes.append(event.code)


def request(**more: object) -> Request:
    source = GitSource(url="https://example.com/org/app")
    host = Host(owner="me")
    return Request(source=source, host=host, template=recorded(RECORD), **more)  # type: ignore[arg-type]


def site(told: Told | None = None, **given: str) -> Site:
    preferences = Preferences(drivers={"docker": {"gitImage": "git:file"}})
    return Site(
        driver=cast("Driver", None), options=parse(given), reporter=Redacting(told or Told()), cache="/c",
        environment={}, preferences=preferences, given=given,
    )  # fmt: skip


def test_the_template_completes_the_request_and_the_person_wins() -> None:
    asked = request(environment=(("B", "mine"),), features={"node": {"version": "22"}})
    found = complete(asked, site())
    assert dict(found.environment) == {"A": "template", "B": "mine"}
    assert found.features == {"node": {"version": "22"}, "git": {}}
    assert (found.run_args, found.mounts, found.lfs) == (RECORD.run_args, RECORD.mounts, True)


def test_the_source_is_named_as_it_was_given_where_it_is_the_same() -> None:
    asked = request()
    found = complete(asked, site())
    assert found.source == GitSource(url="https://example.com/org/app.git")
    assert found.workspace == asked.workspace
    other = msgspec.structs.replace(asked, source=GitSource(url="https://example.com/other"))
    assert complete(other, site()).source == other.source


def test_options_of_the_template_are_between_those_of_the_file_and_of_the_command() -> None:
    here = site()
    complete(request(), here)
    assert here.options == parse({"gitImage": "git:template"})
    commanded = site(gitImage="git:command")
    complete(request(), commanded)
    assert commanded.options == parse({"gitImage": "git:command"})


def test_a_cluster_takes_the_options_and_stays_where_it_is() -> None:
    driver = KubernetesDriver(Cluster(Access(server="https://x", namespace="here"), {}), parse_kubernetes({}))
    options = {"resources": '{"limits.cpu":4}', "namespace": "elsewhere", "buildRepository": "r.example/x"}
    options["insecureBuildRepository"] = "true"
    asked = msgspec.structs.replace(request(), template=recorded(Templated(template="ours", options=options)))
    here = Site(
        driver=driver, options=driver.options, reporter=Redacting(Told()), cache="/c", environment={},
        cluster=driver,
    )  # fmt: skip
    found = complete(asked, here)
    assert driver.options.limits == (("cpu", "4"),)
    assert driver.namespace == "here"
    assert found.repository == "r.example/x"
    assert here.preferences.insecure == ("r.example",)


def test_a_record_of_another_time_is_left_as_it_is() -> None:
    told = Told()
    asked = msgspec.structs.replace(request(), template='{"from": 2099}')
    assert complete(asked, site(told)).environment == ()
    assert told.codes == ["template-unreadable"]


@pytest.mark.parametrize(("label", "found"), [({}, None), ({names.TEMPLATE: recorded(RECORD)}, RECORD)])
def test_what_a_workspace_remembers(label: dict[str, str], found: Templated | None) -> None:
    listed = Listed(workspace="w", name="n", source="s", owner="me", state="running", labels=label)
    assert record_of(listed) == found
