"""Opens a finder for one command: with the user's registries, logins and cache, and without an engine."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from moorage.events import Reporter
from moorage.facts.features.finder import Finder
from moorage.oci.configuration import Registries
from moorage.workspace.preferences import load
from moorage.workspace.site import cache_folder


@asynccontextmanager
async def open_finder(
    reporter: Reporter, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Finder]:
    """A finder for one run; nothing is contacted yet. Raises what `preferences.load` raises."""
    environ = dict(os.environ if environment is None else environment)
    preferences = load(environ)

    async def registries() -> Registries:
        return preferences.registries()

    cache = Path(cache_folder(environ)) / "features"
    async with Finder(cache, registries=registries, environment=environ, reporter=reporter) as finder:
        yield finder
