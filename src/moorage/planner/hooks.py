"""Which lifecycle commands are due, from the journal of the container (design section 4)."""

from __future__ import annotations

from collections.abc import Iterable

from moorage.devcontainer.configuration import Configuration
from moorage.devcontainer.lifecycle import CREATE_HOOKS, HOOKS, Stage, digest, initialize, keyed, split
from moorage.devcontainer.properties import WaitFor
from moorage.planner.container import Wanted
from moorage.planner.facts import Facts
from moorage.planner.request import HooksUntil, Request
from moorage.planner.steps import RunHooks
from moorage.spec.journal import stage_key
from moorage.spec.observation import Journal, Observation
from moorage.spec.run import Difference


def initialize_stage(configuration: Configuration) -> Stage | None:
    """initializeCommand as a stage for this machine; None where there is none."""
    return initialize(configuration.initialize_command)


def hooks_step(
    request: Request, facts: Facts, observation: Observation | None, wanted: Wanted
) -> RunHooks | None:
    """The commands that have not ended with success in this container (start hooks: since this start).

    None when nothing is due, or when this run has already seen to it.
    """
    if "hooks" in facts.past:
        return None
    reached = until(wanted.stages, request.hooks_until, wanted.merged.wait_for)
    due = [stage for stage in reached if _is_due(stage, request, observation)]
    dotfiles = request.dotfiles is not None and not (observation and observation.journal.dotfiles)
    dotfiles = dotfiles and request.hooks_until in ("", "dotfiles")
    if not due and not dotfiles:
        return None
    return RunHooks(
        container=request.container,
        user=wanted.remote_user,
        folder=wanted.folder,
        stages=tuple(stage for stage in reached if request.attach or stage.hook != "postAttachCommand"),
        keys=tuple(f"{stage.hook}:{stage.index}" for stage in due),
        wait_for="" if request.wait_for_all else wanted.merged.wait_for or "",
        probe=wanted.merged.user_env_probe or request.default_probe,
        remote_environment=wanted.remote_environment,
        dotfiles=dotfiles,
        reason=_reason(due, observation),
    )


def until(stages: Iterable[Stage], last: HooksUntil, wait_for: WaitFor | None) -> tuple[Stage, ...]:
    """The stages up to the last that a run is to reach."""
    reached = {"": HOOKS, "none": (), "updateContentCommand": HOOKS[:2], "dotfiles": HOOKS[:3]}
    if last == "waitFor":
        return split(stages, wait_for)[0]
    return tuple(stage for stage in stages if stage.hook in reached[last])


def edited(stages: tuple[Stage, ...], journal: Journal) -> tuple[Difference, ...]:
    """Create hooks that are not any more what ran in this container: only a new one runs them again."""
    now = {
        key: digest(command.argv)
        for stage in stages
        if stage.hook in CREATE_HOOKS
        for key, command in keyed(stage, stage_key(stage.hook, stage.index))
    }
    keys = dict.fromkeys((*journal.ran, *now))
    found = ((key, _change(key, now, journal)) for key in keys if key.partition(":")[0] in CREATE_HOOKS)
    return tuple(Difference(field=key.partition(":")[0], text=text) for key, text in found if text)


def _change(key: str, now: dict[str, str], journal: Journal) -> str:
    """What became of a command since it ended with success; "" for nothing, or where it never did."""
    stage, _, name = key.partition("/")
    hook = f"{stage.partition(':')[0]}{f' [{name}]' if name else ''}"
    if stage not in journal.done and key not in journal.done:
        return ""
    if key not in journal.ran:
        return f"{hook} is new and did not run" if _known(stage, journal) else ""
    if key not in now:
        return f"{hook} is gone, but ran already"
    return f"{hook} is another command than the one that ran" if now[key] != journal.ran[key] else ""


def _known(stage: str, journal: Journal) -> bool:
    """Whether what ran of the stage was written down: an older moorage did not."""
    return any(key.partition("/")[0] == stage for key in journal.ran)


def _is_due(stage: Stage, request: Request, observation: Observation | None) -> bool:
    if stage.hook == "postAttachCommand":
        return request.attach
    if stage.hook == "updateContentCommand" and request.hooks_until == stage.hook:
        return True
    container = observation.container if observation else None
    if observation is None or container is None or container.state != "running":
        return container is None or stage.hook == "postStartCommand" or not _is_done(stage, observation, "")
    return not _is_done(stage, observation, container.started_at)


def _is_done(stage: Stage, observation: Observation | None, started_at: str) -> bool:
    return (
        observation is not None and stage_key(stage.hook, stage.index, started_at) in observation.journal.done
    )


def _reason(due: list[Stage], observation: Observation | None) -> str:
    if observation is None or observation.container is None:
        return "the container is new"
    if observation.journal.failed:
        return f"{observation.journal.failed.split('@')[0]} failed last time"
    if observation.journal.running:
        return "another run is at work on them"
    if all(stage.hook == "postAttachCommand" for stage in due):
        return "it runs at every attach"
    return "not done in this container"
