"""`read-configuration`: what a project says, and what it comes to with its image, Features and container."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from moorage.compat.reference.configured import Configured, configured, shown, workspace
from moorage.compat.reference.lookup import find
from moorage.compat.reference.place import Place
from moorage.engine.errors import EngineDenied, EngineMissing, EngineNotRunning
from moorage.events import Notice
from moorage.spec.observation import Container

if TYPE_CHECKING:
    from moorage.planner.request import Request
    from moorage.workspace.site import Site

NO_ENGINE = (EngineMissing, EngineNotRunning, EngineDenied)
"""What a machine without an engine, or without access to it, says."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked: `request` is the one that `up` would have, for what no container tells."""

    place: Place
    request: Request | None = None
    merged: bool = False
    features: bool = False
    additional: dict[str, object] = {}
    auto_mapping: bool = True

    def with_features(self, additional: dict[str, object], auto_mapping: bool) -> Reading:
        return msgspec.structs.replace(self, additional=additional, auto_mapping=auto_mapping)

    def wanting(self, request: Request) -> Reading:
        return msgspec.structs.replace(self, request=request)


async def read(asked: Reading, site: Site) -> dict[str, object]:
    """The result as the reference prints it. Raises what reading the configuration and its image does."""
    found = configured(asked.place, dict(site.environment))
    container = await _container(asked.place, site)
    body = plain(asked.place, found, container)
    if _with_features(asked, found, container) and (features := await _features(asked, site)):
        body["featuresConfiguration"] = features
    if asked.merged:
        body["mergedConfiguration"] = await _merged(asked, found, container, site)
    return body


def unaided(place: Place) -> dict[str, object]:
    """The result on a machine where no engine was found."""
    return plain(place, configured(place, dict(os.environ)), None)


def plain(place: Place, found: Configured | None, container: Container | None) -> dict[str, object]:
    """The result without what comes from elsewhere than the file."""
    body: dict[str, object] = {"configuration": configuration_of(place, found, container)}
    if found is not None and (where := workspace(found)):
        body["workspace"] = where
    return body


def configuration_of(
    place: Place, found: Configured | None, container: Container | None
) -> dict[str, object]:
    """`configuration` of a result; what only a container tells is filled in where there is one."""
    if found is None:
        return {}
    identity = place.devcontainer_id if container and place.labels else None
    value = found.value(identity=identity, container=container.environment if container else None)
    return shown(place, value)


def merged_of_container(
    place: Place, found: Configured | None, container: Container, environment: dict[str, str]
) -> dict[str, object]:
    """`mergedConfiguration` of a result for a container that exists."""
    from moorage.compat.reference import entries  # as below: plain reading starts in a tenth of a second
    from moorage.compat.reference.merged import merged_configuration
    from moorage.devcontainer import variables

    known = entries.known_of(place, found, container, environment)
    given = entries.of_container(place, found, container)
    filled = [variables.substitute(each, known) for each in given]
    return merged_configuration(configuration_of(place, found, container), filled)


def _with_features(asked: Reading, found: Configured | None, container: Container | None) -> bool:
    """Where Features are told of: also where merging has needed them, because there is no container yet."""
    if found is None or not asked.place.config:
        return False
    merged = asked.merged and container is None
    return asked.features or (merged and bool(found.configuration.features or asked.additional))


async def _features(asked: Reading, site: Site) -> dict[str, object] | None:
    from moorage.compat.authoring.opening import open_finder
    from moorage.compat.reference import features

    given = features.asked(asked.place, asked.additional, auto_mapping=asked.auto_mapping)
    async with open_finder(site.reporter, site.environment) as finder:
        return await features.features_configuration(given, finder)


async def _merged(
    asked: Reading, found: Configured | None, container: Container | None, site: Site
) -> dict[str, object]:
    from moorage.compat.reference import entries
    from moorage.compat.reference.merged import merged_configuration
    from moorage.devcontainer import variables

    if container is not None:
        return merged_of_container(asked.place, found, container, dict(site.environment))
    if found is None or asked.request is None:
        return merged_configuration({}, ())
    given = await entries.foreseen(asked.request, site)
    filled = [variables.substitute(each, found.variables) for each in given]
    return merged_configuration(configuration_of(asked.place, found, None), filled)


async def _container(place: Place, site: Site) -> Container | None:
    """A machine without an engine has no containers: that is told, and no reason to read nothing."""
    try:
        seen = await find(place, site)
    except NO_ENGINE as error:
        site.reporter.emit(Notice(level="warning", code=error.code, text=error.message, hint=error.hint))
        return None
    return seen.container if seen else None
