"""Opens a site: finds the engine by the driver's options, and closes its connections afterwards."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from moorage.errors import UsageError
from moorage.events import LogLine, Redacting
from moorage.workspace.preferences import Preferences, load
from moorage.workspace.site import Site, cache_folder

if TYPE_CHECKING:
    from moorage.drivers.docker.options import Options as DockerOptions
    from moorage.drivers.kubernetes.options import Options as KubernetesOptions

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
    _known(driver)
    environ = dict(os.environ if environment is None else environment)
    preferences = load(environ)
    given = {**preferences.drivers.get(driver, {}), **(options or {})}
    make = partial(
        Site,
        reporter=reporter,
        cache=cache_folder(environ),
        environment=environ,
        preferences=preferences,
        given=options,
    )
    opener = _clustered if driver == "kubernetes" else _engined
    site = await opener(make, given, environ, reporter)
    async with site.driver:
        try:
            yield site
        finally:
            await site.close()


def parsed(driver: str, given: Mapping[str, str], home: str = "/") -> DockerOptions | KubernetesOptions:
    """The options of a driver that is not opened. Raises UnknownDriver, BadOption."""
    _known(driver)
    if driver == "kubernetes":
        from moorage.drivers.kubernetes import options as kubernetes

        return kubernetes.parse(given, home=home, read=file_text)
    from moorage.drivers.docker import options as docker

    return docker.parse(given)


def _known(driver: str) -> None:
    if driver not in DRIVERS:
        raise UnknownDriver(
            f"There is no driver {driver!r}.", hint=f"Choose one of these: {', '.join(DRIVERS)}."
        )


async def _engined(
    make: partial[Site], given: Mapping[str, str], environ: Mapping[str, str], reporter: Redacting
) -> Site:
    from moorage.drivers.docker.opening import opened
    from moorage.drivers.docker.options import parse

    settings = parse(given)
    driver = await opened(settings, environ, environ.get("HOME", "/"), _teller(reporter, "install"))
    return make(engine=driver.engine, driver=driver, options=settings)


async def _clustered(
    make: partial[Site], given: Mapping[str, str], environ: Mapping[str, str], reporter: Redacting
) -> Site:
    from moorage.drivers.kubernetes.opening import opened
    from moorage.drivers.kubernetes.options import parse

    home = environ.get("HOME", "/")
    settings = parse(given, home=home, read=file_text)
    driver = opened(settings, environ, home, _teller(reporter, "cluster"))
    site = make(cluster=driver, driver=driver, options=settings)
    site.preferences = insecure(site.preferences, settings)
    return site


def insecure(preferences: Preferences, settings: KubernetesOptions) -> Preferences:
    """The registry of built images among those without HTTPS, where an option says so."""
    if not (settings.insecure_build_repository and settings.build_repository):
        return preferences
    registry = settings.build_repository.partition("/")[0]
    if registry in preferences.insecure:
        return preferences
    return msgspec.structs.replace(preferences, insecure=(*preferences.insecure, registry))


def _teller(reporter: Redacting, step: str) -> Callable[[str], None]:
    return lambda line: reporter.emit(LogLine(step=step, text=line))


def file_text(path: str) -> str:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123  # as everywhere on this way
        return file.read()
