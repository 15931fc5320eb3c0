"""`up`: a container made by either tool is used; a new one is made by the same loop as `moorage up`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from moorage.compat.reference.configured import configured
from moorage.compat.reference.entering import Known, known_as, prepared
from moorage.compat.reference.failure import failure
from moorage.compat.reference.lookup import find
from moorage.compat.reference.place import Place, check_name, text
from moorage.compat.reference.reading import configuration_of, merged_of_container
from moorage.compat.reference.request import request_of
from moorage.compat.reference.using import awake, hooks, wishes_of
from moorage.compat.reference.using import told as hooks_told
from moorage.errors import MoorageError, UsageError
from moorage.events import StepProgress
from moorage.planner.request import Request
from moorage.spec import names
from moorage.spec.observation import Container, Observation
from moorage.workspace.site import Site
from moorage.workspace.up import up as bring_up


class ExpectedContainerMissing(UsageError):
    """--expect-existing-container was given, and there is none."""

    code = "expected-container-missing"


class FailedInside(MoorageError):
    """Something failed when there was a container already; says which."""

    def __init__(self, cause: MoorageError, container: str) -> None:
        super().__init__(cause.message, evidence=cause.evidence, hint=cause.hint)
        self.cause = cause
        self.container = container


async def up(place: Place, values: Mapping[str, Any], site: Site) -> dict[str, object]:
    """The result as the reference prints it. Raises FailedInside, ExpectedContainerMissing."""
    text(place)
    check_name(place)
    seen = await find(place, site)
    if seen is None and values.get("expect_existing_container"):
        raise ExpectedContainerMissing("The expected container does not exist.")
    request = request_of(place, values)
    if seen is not None and not values.get("remove_existing_container"):
        request = msgspec.structs.replace(request, recreate=False, rebuild=False, no_cache=False)
        if not is_ours(request, seen):
            return await _guarded(_used(place, values, request, seen, site), place, site)
    elif seen is not None and not is_ours(request, seen):
        await site.driver.remove(_id(seen))
    return await _guarded(_made(place, values, request, site), place, site)


def told(error: MoorageError) -> dict[str, object]:
    """A failure as `up` prints it."""
    if isinstance(error, FailedInside):
        return failure(error.cause, container=error.container)
    return failure(error)


def is_ours(request: Request, seen: Observation) -> bool:
    """Whether this is the container that `moorage up` would find."""
    container = seen.container
    return container is not None and container.labels.get(names.ID) == request.workspace


async def _guarded(work: Any, place: Place, site: Site) -> dict[str, object]:
    """The work's result; a failure says which container there is by then."""
    try:
        result: dict[str, object] = await work
        return result
    except MoorageError as error:
        seen = await _after(place, site)
        if seen is None:
            raise
        raise FailedInside(error, _id(seen)) from error


async def _after(place: Place, site: Site) -> Observation | None:
    try:
        return await find(place, site)
    except MoorageError:  # the first failure is the one to tell
        return None


async def _made(place: Place, values: Mapping[str, Any], request: Request, site: Site) -> dict[str, object]:
    done = await bring_up(request, site)
    seen = await site.driver.observe(done.container_id)
    given = known_as(place, configured(place, dict(site.environment)), seen, site)
    site.reporter.emit(StepProgress(step="hooks", text=hooks_told(given)))
    return _result(given, values, site, user=done.remote_user, folder=done.remote_folder)


async def _used(
    place: Place, values: Mapping[str, Any], request: Request, seen: Observation, site: Site
) -> dict[str, object]:
    """A container of the reference's, or of another owner: as it is, with what is due in it."""
    given = known_as(place, configured(place, dict(site.environment)), seen, site)
    await _initialize(given, request, site)
    given = await prepared(await awake(given, site), site)
    await hooks(given, site, wishes_of(values))
    return _result(given, values, site, user=given.user or "root", folder=given.folder)


async def _initialize(given: Known, request: Request, site: Site) -> None:
    """initializeCommand belongs to every `up`."""
    from moorage.devcontainer.lifecycle import initialize
    from moorage.planner.steps import RunInitialize
    from moorage.workspace.apply.initialize import run_initialize

    if given.configured is None:
        return
    own = given.configured.filled(given.place.devcontainer_id)
    stage = initialize(own.initialize_command)
    if stage is not None:
        await run_initialize(request, site, RunInitialize(stage=stage, folder=given.place.folder))


def _result(
    given: Known, values: Mapping[str, Any], site: Site, *, user: str, folder: str
) -> dict[str, object]:
    container = given.container
    body: dict[str, object] = {"outcome": "success", "containerId": container.id}
    if project := container.labels.get("com.docker.compose.project"):
        body["composeProjectName"] = project
    body["remoteUser"] = user
    body["remoteWorkspaceFolder"] = folder
    return body | included(given.place, values, given, container, site)


def included(
    place: Place, values: Mapping[str, Any], given: Known, container: Container, site: Site
) -> dict[str, object]:
    """`configuration` and `mergedConfiguration`, where the flags ask for them."""
    body: dict[str, object] = {}
    if values.get("include_configuration"):
        body["configuration"] = configuration_of(place, given.configured, container)
    if values.get("include_merged_configuration"):
        environment = dict(site.environment)
        body["mergedConfiguration"] = merged_of_container(place, given.configured, container, environment)
    return body


def _id(seen: Observation) -> str:
    return seen.container.id if seen.container else ""
