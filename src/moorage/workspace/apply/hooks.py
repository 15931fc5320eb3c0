"""The step that runs the lifecycle commands, or joins the run that another client began."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from moorage.lifecycle.dialogue import Task
from moorage.lifecycle.hooks import HookRun, left_behind, run_hooks
from moorage.planner.facts import Facts
from moorage.planner.learning import Result
from moorage.planner.plan import observe
from moorage.planner.request import Request
from moorage.planner.steps import RunHooks
from moorage.spec.observation import Container, Observation
from moorage.workspace.site import Site

if TYPE_CHECKING:
    from moorage.drivers.kubernetes.driver import KubernetesDriver


async def run_hooks_step(request: Request, site: Site, facts: Facts, step: RunHooks) -> Result:
    """Run what the journal does not have, and look at the journal again. Raises what the lifecycle raises."""
    seen = facts.need(observe(request), Observation)
    if seen.container is None:
        raise TypeError("hooks run in a container")
    run = _run(request, step, seen.container, seen.journal.done)
    leave = partial(_leave_behind, site.cluster, run) if site.cluster else None
    outcome = await run_hooks(site.driver.inside(step.container), run, site.reporter, leave)
    after = await site.driver.observe(step.container)
    return Result(journal=after.journal, adopted=outcome.adopted)


def _run(request: Request, step: RunHooks, container: Container, done: tuple[str, ...]) -> HookRun:
    return HookRun(
        instance=container.id,
        started_at=container.started_at,
        user=step.user,
        folder=step.folder,
        stages=step.stages,
        done=done,
        dotfiles=_dotfiles(request, step),
        wait_for=step.wait_for,
        probe=step.probe,
        container_environment=container.environment,
        remote_environment=(*step.remote_environment, *request.remote_environment),
        secrets=request.secrets,
        hook_timeout=request.hook_timeout or None,
        again=(request.hooks_until,) if request.hooks_until == "updateContentCommand" else (),
        created=container.created,
        data_folder=request.data_folder,
    )


async def _leave_behind(driver: KubernetesDriver, run: HookRun, probed: Mapping[str, str]) -> None:
    """For a pod that takes this one's place with no client present, even if this client ends in a moment."""
    from moorage.drivers.kubernetes.known import Plan

    await driver.remember(run.instance, Plan(script=left_behind(run, probed), probe=run.probe))


def _dotfiles(request: Request, step: RunHooks) -> Task | None:
    if request.dotfiles is None or not step.dotfiles:
        return None
    from moorage.lifecycle.dotfiles import dotfiles_task  # few runs have dotfiles

    return dotfiles_task(
        request.dotfiles.repository,
        target=request.dotfiles.target,
        install_command=request.dotfiles.install_command,
    )
