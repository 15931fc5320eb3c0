"""The metadata entries that count: of a container that exists, or of the one that `up` would make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moorage.compat.reference.configured import Configured
from moorage.compat.reference.place import Place
from moorage.devcontainer import metadata, variables
from moorage.devcontainer.metadata import Entry, Merged
from moorage.spec import names
from moorage.spec.observation import Container

if TYPE_CHECKING:
    from moorage.planner.request import Request
    from moorage.workspace.site import Site


def of_container(place: Place, found: Configured | None, container: Container) -> tuple[Entry, ...]:
    """Unsubstituted: what the container was made with, and what of the current file needs no new one."""
    label = container.labels.get(names.METADATA)
    identity = place.labels
    labelled = bool(identity) and identity.items() <= container.labels.items()
    return metadata.entries_of_container(label, found.raw if found else {}, has_identity_labels=labelled)


def known_of(
    place: Place, found: Configured | None, container: Container, environment: dict[str, str]
) -> variables.Variables:
    """The variables of a container; without a configuration only its own environment and this machine's."""
    if found is None:
        return variables.Variables(local_env=environment, container_env=container.environment)
    return variables.Variables(
        local_env=found.variables.local_env,
        local_workspace_folder=found.variables.local_workspace_folder,
        container_workspace_folder=found.variables.container_workspace_folder,
        devcontainer_id=place.devcontainer_id if place.labels else None,
        container_env=container.environment,
    )


def merged_of(
    place: Place, found: Configured | None, container: Container, environment: dict[str, str]
) -> Merged:
    """What all entries of a container come to, for work in it."""
    known = known_of(place, found, container, environment)
    return metadata.merge(
        [variables.substitute(each, known) for each in of_container(place, found, container)]
    )


async def foreseen(request: Request, site: Site) -> tuple[Entry, ...]:
    """Unsubstituted: what a new container would be labelled with. Changes nothing; may ask a registry."""
    import msgspec

    from moorage.planner.steps import CreateContainer, CreateStack
    from moorage.workspace.up import foresee

    anew = msgspec.structs.replace(request, recreate=True, allow_host_commands=True)
    for step in (await foresee(anew, site)).steps:
        if isinstance(step, CreateContainer | CreateStack):
            return metadata.parse_label(dict(step.spec.labels).get(names.METADATA)).entries
    return ()
