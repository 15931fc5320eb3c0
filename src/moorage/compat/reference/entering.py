"""A way into a container that has dev container labels, whoever made it."""

from __future__ import annotations

import msgspec

from moorage.compat.reference.configured import Configured, configured
from moorage.compat.reference.entries import merged_of
from moorage.compat.reference.lookup import found
from moorage.compat.reference.place import Place
from moorage.devcontainer.metadata import Merged
from moorage.errors import EngineError, MoorageError
from moorage.events import Notice
from moorage.lifecycle.conversation import NoShell, RunnerUnreachable
from moorage.lifecycle.environment import dropped, merge
from moorage.lifecycle.probe import is_root, user_environment
from moorage.planner.steps import PrepareContainer
from moorage.spec import names
from moorage.spec.observation import Container, Observation
from moorage.workspace.apply.preparation import prepare
from moorage.workspace.session import Session
from moorage.workspace.settings import remote_user
from moorage.workspace.site import Site


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A container with all that is to be known before anything is done in it. `folder` is where to work."""

    place: Place
    configured: Configured | None
    seen: Observation
    merged: Merged
    user: str
    folder: str

    @property
    def container(self) -> Container:
        if self.seen.container is None:
            raise TypeError("what is known is a container")
        return self.seen.container


async def known(place: Place, site: Site) -> Known:
    """The container that the flags mean. Raises ContainerNotFound, and what `configured` does."""
    read = configured(place, dict(site.environment))
    return known_as(place, read, await found(place, site), site)


def known_as(place: Place, read: Configured | None, seen: Observation, site: Site) -> Known:
    """The same of a container that was looked at."""
    container = seen.container
    if container is None:
        raise TypeError("there is no container")
    merged = merged_of(place, read, container, dict(site.environment))
    folder = read.paths.folder if read and read.paths else container.labels.get(names.FOLDER, "")
    return Known(
        place=place,
        configured=read,
        seen=seen,
        merged=merged,
        user=remote_user(merged, container),
        folder=folder,
    )


async def prepared(given: Known, site: Site) -> Known:
    """With our runner in it; a container of the reference's gets it at the first use, and keeps its users."""
    if given.seen.journal.prepared:
        return given
    step = PrepareContainer(container=given.container.id, user=given.user, reason="moorage has not made it")
    journal = await prepare(site, given.seen, step)
    return msgspec.structs.replace(given, seen=msgspec.structs.replace(given.seen, journal=journal))


async def entered(
    given: Known, site: Site, *, probe: str, layer: dict[str, str | None] | None = None
) -> Session:
    """What a command in the container gets: user, folder, environment. `layer` goes over remoteEnv."""
    container = given.container
    layers = (given.merged.remote_env, layer or {})
    kind = given.merged.user_env_probe or probe
    try:
        ready = await prepared(given, site)
        found = await user_environment(
            site.driver.inside(container.id),
            container,
            ready.seen.journal,
            user=given.user,
            probe=kind,
            layers=layers,
            reporter=site.reporter,
        )
        values, unset = found.values, found.unset
    except (NoShell, RunnerUnreachable, EngineError) as error:  # the container's own environment must do
        _tell(site, error)
        values = merge(container.environment, {}, layers, root=is_root(given.user))
        unset = dropped(container.environment, values)
    return Session(
        container=container,
        user=given.user,
        folder=given.folder,
        environment={
            name: value for name, value in values.items() if container.environment.get(name) != value
        },
        unset=unset,
        merged=given.merged,
    )


def _tell(site: Site, error: MoorageError) -> None:
    if not isinstance(error, NoShell):
        site.reporter.emit(Notice(level="fallback", code=error.code, text=error.message, hint=error.hint))
