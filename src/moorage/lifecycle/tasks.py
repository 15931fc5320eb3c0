"""Which commands the runner is given, in what order, and which of them `up` waits for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from ..devcontainer.lifecycle import CREATE_HOOKS, HOOKS, Stage, keyed
from ..spec.journal import DOTFILES, stage_key
from .dialogue import Task

_OURS = ("devcontainer.json", "image")
_LONGEST = 200


def tasks(
    stages: Sequence[Stage], started_at: str, dotfiles: Task | None = None, again: Sequence[str] = ()
) -> tuple[Task, ...]:
    """One task a command; the dotfiles come after the create hooks. Hooks of `again` run also when done."""
    found = [(stage.hook, task) for stage in stages for task in _stage(stage, started_at, again)]
    created = [task for hook, task in found if hook in CREATE_HOOKS]
    later = [task for hook, task in found if hook not in CREATE_HOOKS]
    return (*created, *([dotfiles] if dotfiles else []), *later)


def awaited(given: Iterable[Task], wait_for: str, done: Iterable[str]) -> frozenset[str]:
    """The keys of tasks that have to end with success before `up` may return.

    `wait_for` is a hook's name ("": all of them); dotfiles count as part of postCreateCommand.
    """
    finished = frozenset(done)
    return frozenset(
        task.key
        for task in given
        if _comes_by(task, wait_for) and (task.mode == "again" or not {task.key, task.stage} & finished)
    )


def title(task: Task) -> str:
    """What a person reads for this task: the hook, the name of one of several commands, whose it is."""
    hook = task.key.split(":")[0]
    name = task.key.removeprefix(task.stage).removeprefix("/")
    whose = " ".join(task.feature.split())[:_LONGEST]
    return hook + (f" [{name}]" if name else "") + (f" of {whose}" if whose else "")


def _comes_by(task: Task, wait_for: str) -> bool:
    if not wait_for:
        return True
    hook = "postCreateCommand" if task.key == DOTFILES else task.key.split(":")[0]
    return wait_for in HOOKS and hook in HOOKS[: HOOKS.index(wait_for) + 1]


def _stage(stage: Stage, started_at: str, again: Sequence[str]) -> Iterable[Task]:
    key = stage_key(stage.hook, stage.index, started_at)
    for own, command in keyed(stage, key):
        mode, feature = _mode(stage.hook, again), "" if stage.origin in _OURS else stage.origin
        yield Task(stage=key, key=own, mode=mode, argv=command.argv, feature=feature)


def _mode(hook: str, again: Sequence[str]) -> Literal["once", "always", "again"]:
    if hook in again:
        return "again"
    return "always" if hook == "postAttachCommand" else "once"
