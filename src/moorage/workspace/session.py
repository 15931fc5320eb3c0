"""What a command inside a workspace needs: its user, its folder, its environment."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from moorage.devcontainer.metadata import Merged
from moorage.drivers.base import Listed
from moorage.events import Notice
from moorage.lifecycle.conversation import NoShell, RunnerUnreachable
from moorage.lifecycle.environment import dropped, merge
from moorage.lifecycle.probe import is_root, user_environment
from moorage.spec import names
from moorage.spec.observation import Container, Journal, Observation
from moorage.workspace.find import find_with_container, place, usual
from moorage.workspace.settings import folder_of, remote_user, settings
from moorage.workspace.site import Site


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """`environment` is what a command gets over the container's own; `unset` are of the container's own."""

    container: Container
    user: str
    folder: str
    environment: dict[str, str]
    unset: tuple[str, ...] = ()
    merged: Merged

    def command(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        """The arguments to run: engines can add to an environment but not take away from it."""
        if not self.unset:
            return argv
        return ("env", *(word for name in self.unset for word in ("-u", name)), *argv)


async def session(
    text: str, site: Site, layer: Mapping[str, str | None] | None = None, *, user: str = ""
) -> Session:
    """A way into the workspace of this name or source, which is started first where it does not run.

    `layer` goes over everything (the command line); another `user` than the remote one gets no part of the
    remote user's own environment. Raises what `find`, `up` and the driver raise.
    """
    observation = await _seen_at_once(text, site)
    if observation is None:
        observation = await running(await find_with_container(text, site), site)
    container = observation.container
    if container is None:
        raise TypeError("a running workspace has a container")
    merged = await settings(container, site)
    return await _entered(site, container, observation.journal, merged, layer or {}, user)


async def _seen_at_once(text: str, site: Site) -> Observation | None:
    """The running workspace of a source, without a list of all: the container's name follows from it."""
    meant = usual(text, place(site.environment))
    if meant is None:
        return None
    seen = await site.driver.observe(meant.container, workspace=meant.workspace)
    there = seen.container
    if there is None or there.state != "running" or there.labels.get(names.ID) != meant.workspace:
        return None
    return seen


async def running(listed: Listed, site: Site) -> Observation:
    """The workspace as it is, once it runs."""
    if listed.state != "running":
        from moorage.workspace.starting import start  # brings the planner, which a running one does not need

        await start(listed, site)
    return await site.driver.observe(listed.container)


async def _entered(
    site: Site,
    container: Container,
    journal: Journal,
    merged: Merged,
    layer: Mapping[str, str | None],
    asked: str,
) -> Session:
    own_user = remote_user(merged, container)
    user = asked or own_user
    layers = (merged.remote_env, layer)
    inside = site.driver.inside(container.id)
    try:
        found = await user_environment(
            inside,
            container,
            journal,
            user=user,
            probe=(merged.user_env_probe or "loginInteractiveShell") if user == own_user else "none",
            layers=layers,
            reporter=site.reporter,
        )
        values, unset = found.values, found.unset
    except (NoShell, RunnerUnreachable) as error:  # the container's own environment must do
        if not isinstance(error, NoShell):
            site.reporter.emit(Notice(level="fallback", code=error.code, text=error.message, hint=error.hint))
        values = merge(container.environment, {}, layers, root=is_root(user))
        unset = dropped(container.environment, values)
    own = container.environment
    return Session(
        container=container,
        user=user,
        folder=folder_of(container),
        environment={name: value for name, value in values.items() if own.get(name) != value},
        unset=unset,
        merged=merged,
    )
