"""Hooks of a container that exists, whoever made it: those that no notes in it tell to be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from moorage.compat.reference.entering import Known, known_as, prepared
from moorage.compat.reference.request import dotfiles_of, pairs, secrets_of, until
from moorage.devcontainer.lifecycle import DEFAULT_WAIT_FOR, HOOKS, Stage, stages
from moorage.devcontainer.users import find_user, user_name
from moorage.engine import containers
from moorage.engine.ustar import files
from moorage.events import StepProgress
from moorage.lifecycle import markers
from moorage.lifecycle.dialogue import Task
from moorage.lifecycle.hooks import HookRun, run_hooks
from moorage.planner.hooks import until as reached
from moorage.planner.request import Dotfiles, HooksUntil
from moorage.spec.journal import DOTFILES
from moorage.workspace.apply.users import text_inside
from moorage.workspace.site import Site

_PROJECT = "com.docker.compose.project"
_RESULTS: dict[HooksUntil, str] = {
    "updateContentCommand": "prebuild",
    "waitFor": "skipNonBlocking",
    "dotfiles": "stopForPersonalization",
}


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the flags say about hooks."""

    until: HooksUntil = ""
    attach: bool = True
    probe: str = "loginInteractiveShell"
    dotfiles: Dotfiles | None = None
    remote_environment: tuple[tuple[str, str | None], ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    data_folder: str = ""

    @property
    def result(self) -> str:
        """The word by which `run-user-commands` says how far it went."""
        return _RESULTS.get(self.until, "done")


def wishes_of(values: Mapping[str, Any]) -> Wishes:
    """The flags' wishes. Raises the errors of --secrets-file."""
    return Wishes(
        until=until(values),
        attach=not values.get("skip_post_attach", False),
        probe=values.get("default_user_env_probe") or "loginInteractiveShell",
        dotfiles=dotfiles_of(values),
        remote_environment=tuple(pairs(values.get("remote_env", ())).items()),
        secrets=secrets_of(values),
        data_folder=values.get("container_data_folder") or "",
    )


async def started(given: Known, site: Site, wishes: Wishes | None = None) -> Known:
    """The container running; where it did not, its start hooks are run (nobody attaches yet)."""
    if given.container.state == "running":
        return given
    running = await awake(given, site)
    await hooks(running, site, wishes or Wishes(attach=False))
    return known_as(given.place, given.configured, await site.driver.observe(given.container.id), site)


async def awake(given: Known, site: Site) -> Known:
    """The container running, nothing run in it."""
    if given.container.state == "running":
        return given
    for name in await _beside(given, site):
        await site.driver.start(name)
    await site.driver.start(given.container.id)
    return known_as(given.place, given.configured, await site.driver.observe(given.container.id), site)


async def _beside(given: Known, site: Site) -> list[str]:
    """The other containers of a Compose project that was stopped as a whole."""
    project = given.container.labels.get(_PROJECT)
    if not project:
        return []
    listed = await containers.find(site.engine, f"{_PROJECT}={project}")
    return [each.Id for each in listed if each.Id != given.container.id and each.State == "exited"]


async def hooks(given: Known, site: Site, wishes: Wishes) -> str:
    """Run what is due, and wait for all of it; how far it went, in the reference's word.

    Raises what `run_hooks` raises.
    """
    site.reporter.emit(StepProgress(step="hooks", text=told(given)))
    due, dotfiles = await _due(given, site, wishes)
    if not due and dotfiles is None:
        return wishes.result
    ready = await prepared(given, site)
    container = ready.container
    await run_hooks(
        site.driver.inside(container.id),
        HookRun(
            instance=container.id,
            started_at=container.started_at,
            created=container.created,
            user=given.user,
            folder=given.folder,
            stages=due,
            done=ready.seen.journal.done,
            dotfiles=dotfiles,
            probe=given.merged.user_env_probe or wishes.probe,
            container_environment=container.environment,
            remote_environment=(*given.merged.remote_env.items(), *wishes.remote_environment),
            secrets=wishes.secrets,
            again=_again(wishes),
            data_folder=wishes.data_folder,
        ),
        site.reporter,
    )
    return wishes.result


def told(given: Known) -> str:
    """All hooks with where they come from, as the reference's log has them."""
    found: dict[str, list[dict[str, object]]] = {hook: [] for hook in HOOKS}
    for stage in stages(given.merged):
        commands = {command.key or "": command.argv[-1] for command in stage.commands}
        found[stage.hook].append({"origin": stage.origin, "command": commands.get("", commands)})
    return f"LifecycleCommandExecutionMap: {msgspec.json.encode(found).decode()}"


def _again(wishes: Wishes) -> tuple[str, ...]:
    return (wishes.until,) if wishes.until == "updateContentCommand" else ()


async def _due(given: Known, site: Site, wishes: Wishes) -> tuple[tuple[Stage, ...], Task | None]:
    """The stages that neither we nor the reference have done; the runner leaves out what its journal has."""
    wait_for = given.merged.wait_for or DEFAULT_WAIT_FOR
    wanted = [
        stage
        for stage in reached(stages(given.merged), wishes.until, wait_for)
        if stage.hook != "postAttachCommand" or wishes.attach
    ]
    dotfiles = wishes.dotfiles if wishes.until in ("", "dotfiles") else None
    if not wanted and dotfiles is None:
        return (), None
    past = await _done_by_reference(given, site, wishes.data_folder)
    due = tuple(stage for stage in wanted if stage.hook not in past or stage.hook in _again(wishes))
    return due, None if dotfiles is None or DOTFILES in past else _task(dotfiles)


async def _done_by_reference(given: Known, site: Site, data_folder: str) -> frozenset[str]:
    folder = data_folder or f"{await _home(given, site)}/{markers.FOLDER}"
    archive = await site.driver.inside(given.container.id).read(folder)
    found = files(archive) if archive else {}
    return markers.done(found, given.container.created, given.container.started_at)


async def _home(given: Known, site: Site) -> str:
    """The remote user's home folder."""
    name = user_name(given.user) or "root"
    user = find_user(await text_inside(site, given.container.id, "/etc/passwd"), name)
    fallback = given.container.environment.get("HOME", "/root")
    return (user.home if user else fallback).rstrip("/")


def _task(dotfiles: Dotfiles) -> Task:
    from moorage.lifecycle.dotfiles import dotfiles_task  # few runs have dotfiles

    return dotfiles_task(
        dotfiles.repository, target=dotfiles.target, install_command=dotfiles.install_command
    )
