"""What is compared: moorage's command, the raw operation beside it, and how much more it may take."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bench.kubernetes.stage import Stage
from bench.measure import Sample

MANY = 50
PROJECT, BARE = "project", "bare"


@dataclass(frozen=True)
class Case:
    """`prepare` once, `reset` before each pair: both untimed. `limit` in seconds `more`, or so many `times`.

    `megabytes` is the limit of the client's memory, `share` how many of the runs asked for are enough.
    """

    name: str
    title: str
    raw_title: str
    kind: Literal["more", "times"]
    limit: float
    prepare: Callable[[Stage], object]
    reset: Callable[[Stage], object]
    ours: Callable[[Stage], Sample]
    raw: Callable[[Stage], Sample]
    megabytes: float | None = None
    share: float = 1


def up(stage: Stage) -> Sample:
    return stage.moorage("up", stage.folder(PROJECT))


def both(stage: Stage) -> None:
    up(stage)
    stage.bare(BARE)


def neither(stage: Stage) -> None:
    stage.moorage("exec", stage.folder(PROJECT), "true")  # what was measured is a workspace that works
    stage.moorage("delete", "--yes", stage.folder(PROJECT))
    stage.remove_bare(BARE)


def asleep(stage: Stage) -> None:
    stage.moorage("stop", stage.folder(PROJECT))
    stage.remove_pods(BARE)


def leave(stage: Stage) -> None:
    """Nothing changes between the runs."""


def none_of_many(stage: Stage) -> None:
    stage.remove_workspaces()
    stage.remove_bare(*_bare())


def up_many(stage: Stage) -> Sample:
    return stage.up_many([stage.folder(f"{PROJECT}{number:02}") for number in range(MANY)])


def _bare() -> list[str]:
    return [f"{BARE}{number:02}" for number in range(MANY)]


CASES = (
    Case("fresh", "`up` of a folder, nothing there", "a bare pod and its claim, until ready", "more", 1.2,
         both, neither, up, lambda stage: stage.bare(BARE)),
    Case("resume", "`up` after `stop`", "a bare pod on its claim, until ready", "more", 1.0,
         both, asleep, up, lambda stage: stage.bare(BARE)),
    Case("exec", "`exec true`", "`kubectl exec -- true`", "times", 2.2, both, leave,
         lambda stage: stage.moorage("exec", stage.folder(PROJECT), "true"),
         lambda stage: stage.kubectl("exec", BARE, "--", "true")),
    Case("warm", "`up`, running and unchanged", "`kubectl get pod`", "times", 3.5, both, leave, up,
         lambda stage: stage.kubectl("get", "pod", BARE)),
    Case("many", f"{MANY} workspaces at once, one process", f"{MANY} bare pods and claims, until ready",
         "times", 1.3, leave, none_of_many, up_many, lambda stage: stage.bare(*_bare()),
         megabytes=150, share=0.3),
)  # fmt: skip
