"""Opens a site: finds the engine by the driver's options, and closes its connections afterwards."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from moorage.drivers.docker.opening import opened
from moorage.drivers.docker.options import parse
from moorage.errors import UsageError
from moorage.events import LogLine, Redacting
from moorage.workspace.preferences import load
from moorage.workspace.site import Site, cache_folder

DRIVERS = ("docker",)


class UnknownDriver(UsageError):
    """There is no driver of this name."""

    code = "unknown-driver"


@asynccontextmanager
async def open_site(
    reporter: Redacting,
    *,
    driver: str = "docker",
    options: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Site]:
    """A site for one run; `options` win over those of config.toml. Nothing is contacted yet.

    Raises UnknownDriver, BadOption, EngineMissing, and what `preferences.load` raises.
    """
    if driver not in DRIVERS:
        raise UnknownDriver(
            f"There is no driver {driver!r}.", hint=f"Choose one of these: {', '.join(DRIVERS)}."
        )
    environ = dict(os.environ if environment is None else environment)
    preferences = load(environ)
    settings = parse({**preferences.drivers.get(driver, {}), **(options or {})})

    def tell(line: str) -> None:
        reporter.emit(LogLine(step="install", text=line))

    made = await opened(settings, environ, environ.get("HOME", "/"), tell)
    async with made:
        site = Site(
            engine=made.engine,
            driver=made,
            options=settings,
            reporter=reporter,
            cache=cache_folder(environ),
            environment=environ,
            preferences=preferences,
        )
        try:
            yield site
        finally:
            await site.close()
