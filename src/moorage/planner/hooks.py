"""Which lifecycle commands are due, from the journal of the container (design section 4)."""

from __future__ import annotations

from moorage.devcontainer.configuration import Configuration
from moorage.devcontainer.lifecycle import Stage, initialize
from moorage.planner.container import Wanted
from moorage.planner.facts import Facts
from moorage.planner.request import Request
from moorage.planner.steps import RunHooks
from moorage.spec.journal import stage_key
from moorage.spec.observation import Observation


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
    due = [stage for stage in wanted.stages if _is_due(stage, request, observation)]
    dotfiles = request.dotfiles is not None and not (observation and observation.journal.dotfiles)
    if not due and not dotfiles:
        return None
    return RunHooks(
        container=request.container,
        user=wanted.remote_user,
        folder=wanted.folder,
        stages=tuple(stage for stage in wanted.stages if request.attach or stage.hook != "postAttachCommand"),
        keys=tuple(f"{stage.hook}:{stage.index}" for stage in due),
        wait_for=wanted.merged.wait_for or "",
        probe=wanted.merged.user_env_probe or "loginInteractiveShell",
        remote_environment=wanted.remote_environment,
        dotfiles=dotfiles,
        reason=_reason(due, observation),
    )


def _is_due(stage: Stage, request: Request, observation: Observation | None) -> bool:
    if stage.hook == "postAttachCommand":
        return request.attach
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
