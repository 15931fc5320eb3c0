"""Choosing and changing several workspaces."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from moorage.drivers.base import Listed
from moorage.errors import EngineError
from moorage.events import Redacting, Silent
from moorage.workspace import state
from moorage.workspace.find import NoContainer, NoWorkspace
from moorage.workspace.site import Site, owner

ME = owner({})


def listed(name: str, *, state: str = "running", owner: str = ME, container: str = "c") -> Listed:
    return Listed(
        workspace=name * 4, name=name, source=f"folder:/{name}", owner=owner, state=state, container=container
    )


class Calls:
    """A driver that notes what it is asked for."""

    def __init__(self, *there: Listed) -> None:
        self.there = there
        self.made: list[str] = []

    async def list(self) -> tuple[Listed, ...]:
        return self.there

    async def stop(self, container: str) -> None:
        self.made.append(f"stop {container}")

    async def delete(self, workspace: str) -> tuple[str, ...]:
        self.made.append(f"delete {workspace}")
        if workspace.startswith("bad"):
            raise EngineError("no")
        return (f"container {workspace}",)


def site(driver: Calls) -> Site:
    return cast(
        "Site", SimpleNamespace(driver=driver, environment={}, reporter=Redacting(Silent()), cache=Path("/x"))
    )


async def test_all_are_all_of_ones_own() -> None:
    driver = Calls(listed("one"), listed("two"), listed("foreign", owner="somebody-else"))
    found = await state.chosen((), site(driver), everything=True)
    assert [each.name for each in found] == ["one", "two"]


async def test_each_is_chosen_once_and_an_unknown_one_stops_everything() -> None:
    driver = Calls(listed("one"), listed("two"))
    assert len(await state.chosen(("one", "/one", "two"), site(driver))) == 2
    with pytest.raises(NoWorkspace):
        await state.chosen(("one", "three"), site(driver))
    assert driver.made == []


async def test_a_failure_does_not_stop_the_others() -> None:
    driver = Calls()
    there = [listed("one"), listed("bad"), listed("two")]
    done, failures = await state.change(there, site(driver), state.delete, "Delete")
    assert [(each.name, each.outcome) for each in done] == [("one", "deleted"), ("two", "deleted")]
    assert done[0].removed == ("container oneoneoneone",)
    assert [failure.message for failure in failures] == ["no"]


async def test_what_does_not_run_is_not_stopped() -> None:
    driver = Calls()
    for each in (listed("a", state="exited"), listed("b", state="no container", container="")):
        assert (await state.stop(each, site(driver))).outcome == "not running"
    assert driver.made == []
    assert (await state.stop(listed("c"), site(driver))).outcome == "stopped"
    assert driver.made == ["stop c"]


async def test_what_runs_is_not_started_and_what_has_no_container_cannot_be() -> None:
    driver = Calls()
    assert (await state.start(listed("a"), site(driver))).outcome == "running already"
    with pytest.raises(NoContainer):
        await state.start(listed("b", state="cloning", container=""), site(driver))
    with pytest.raises(NoContainer):
        await state.restart(listed("b", state="cloning", container=""), site(driver))
