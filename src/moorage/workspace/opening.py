"""Opens a site: finds the engine by the driver's options, and closes its connections afterwards."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from moorage.errors import UsageError
from moorage.events import LogLine, Redacting
from moorage.workspace.preferences import Preferences, load
from moorage.workspace.site import Site, cache_folder

DRIVERS = ("docker", "kubernetes")


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
    given = {**preferences.drivers.get(driver, {}), **(options or {})}
    make = _clustered if driver == "kubernetes" else _engined
    site = await make(given, environ, preferences, reporter)
    async with site.driver:
        try:
            yield site
        finally:
            await site.close()


async def _engined(
    given: Mapping[str, str], environ: Mapping[str, str], preferences: Preferences, reporter: Redacting
) -> Site:
    from moorage.drivers.docker.opening import opened
    from moorage.drivers.docker.options import parse

    def tell(line: str) -> None:
        reporter.emit(LogLine(step="install", text=line))

    settings = parse(given)
    driver = await opened(settings, environ, environ.get("HOME", "/"), tell)
    return Site(
        engine=driver.engine,
        driver=driver,
        options=settings,
        reporter=reporter,
        cache=cache_folder(environ),
        environment=environ,
        preferences=preferences,
    )


async def _clustered(
    given: Mapping[str, str], environ: Mapping[str, str], preferences: Preferences, reporter: Redacting
) -> Site:
    from moorage.drivers.kubernetes.opening import opened
    from moorage.drivers.kubernetes.options import parse

    def tell(line: str) -> None:
        reporter.emit(LogLine(step="cluster", text=line))

    home = environ.get("HOME", "/")
    settings = parse(given, home=home, read=_text)
    driver = opened(settings, environ, home, tell)
    return Site(
        driver=driver,
        cluster=driver,
        options=settings,
        reporter=reporter,
        cache=cache_folder(environ),
        environment=environ,
        preferences=preferences,
    )


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123  # as everywhere on this way
        return file.read()
