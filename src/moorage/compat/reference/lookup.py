"""Finds a dev container by its labels or its id, whoever made it."""

from __future__ import annotations

from moorage.compat.reference.place import ContainerNotFound, Place
from moorage.engine import containers
from moorage.engine.containers import Summary
from moorage.spec import names
from moorage.spec.observation import Observation
from moorage.workspace.site import Site


async def find(place: Place, site: Site) -> Observation | None:
    """The container as it is now, with its journal; None, after one request, where there is none."""
    name = place.container or await _labelled(place, site)
    if not name:
        return None
    seen = await site.driver.observe(name)
    return seen if seen.container is not None else None


async def found(place: Place, site: Site) -> Observation:
    """As `find`. Raises ContainerNotFound."""
    seen = await find(place, site)
    if seen is not None:
        return seen
    raise ContainerNotFound(
        "Dev container not found.",
        evidence=tuple(f"looked for {name}={value}" for name, value in place.labels.items()),
        hint="Make it with `devcontainer up`, or check --workspace-folder, --id-label and --container-id.",
    )


async def _labelled(place: Place, site: Site) -> str:
    labels = place.labels
    if not labels:
        return ""
    name, value = next(iter(labels.items()))
    listed = [
        each for each in await containers.find(site.engine, f"{name}={value}") if each.State != "removing"
    ]
    exact = [each for each in listed if labels.items() <= (each.Labels or {}).items()]
    old = [] if place.id_labels else [each for each in listed if _is_of_old(each)]
    return next((each.Id for each in (*exact, *old)), "")


def _is_of_old(listed: Summary) -> bool:
    """Made when containers had no label for their configuration yet."""
    return names.CONFIG_FILE not in (listed.Labels or {})
