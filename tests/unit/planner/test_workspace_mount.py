"""A workspaceMount that is something else than the project's folder is a mount like any."""

from __future__ import annotations

from typing import Any

import pytest

from moorage.planner.learning import forecast
from moorage.planner.steps import CreateContainer
from moorage.spec.run import RunSpec

from .situations import World, request


def created(**configuration: Any) -> RunSpec:
    asked = request()
    world = World({"image": "busybox", **configuration}, here=("busybox",))
    reached = forecast(asked, world.facts(asked))
    while reached.ask is not None:
        answers = {question: world.answer(question) for question in reached.ask.questions}
        reached = forecast(asked, reached.facts.answered(answers), reached.plan.steps)
    [step] = [step for step in reached.plan.steps if isinstance(step, CreateContainer)]
    return step.spec


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("type=volume,source=code,target=/code", "volume"),
        ("type=bind,source=/tmp,target=/code,readonly", "bind"),
    ],
)
def test_it_is_mounted(written: str, kind: str) -> None:
    spec = created(workspaceMount=written, workspaceFolder="/code")
    assert spec.content.kind == "none"
    assert [(mount.kind, mount.target) for mount in spec.mounts] == [(kind, "/code")]


def test_the_usual_one_is_the_content() -> None:
    spec = created(workspaceMount="type=bind,source=/tmp,target=/code", workspaceFolder="/code")
    assert (spec.content.kind, spec.content.target, spec.mounts) == ("bind", "/code", ())
