"""The run's way to Features: one `Finder`, made where the first is asked for and closed with the site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moorage.facts.features.finder import Finder
from moorage.workspace.site import Site

if TYPE_CHECKING:
    from moorage.oci.configuration import Registries


def finder(site: Site) -> Finder:
    """Looks Features up with the user's mirrors and logins, and the engine's own settings after them."""
    if site.features is None:

        async def registries() -> Registries:
            from moorage.oci.configuration import from_engine_info, merge  # only where a registry is asked

            if site.cluster:
                return site.preferences.registries()
            info = await site.engine.get("/info", dict[str, object])
            return merge(site.preferences.registries(), from_engine_info(info))

        site.features = Finder(
            site.cache / "features",
            registries=registries,
            environment=site.environment,
            reporter=site.reporter,
        )
    return site.features
