"""From options to a driver: finds the engine and, where asked, installs one first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...engine.client import Engine
from ...engine.endpoint import find
from ...engine.errors import EngineMissing
from .driver import DockerDriver
from .options import Options


async def opened(
    options: Options, environ: Mapping[str, str], home: str, report: Callable[[str], None]
) -> DockerDriver:
    """A driver on the engine that `options` and `environ` name; `report` is told what is being installed.

    Without `install` nothing is contacted yet. Raises what `endpoint.find` and `install.install` raise.
    """
    try:
        engine = Engine(await find(options.path, environ, home))
        if options.install:
            await engine.call("GET", "/_ping")
    except EngineMissing:
        if not options.install:
            raise
        from .install import install  # a machine needs it once

        for line in await install(report):
            report(line)
        engine = Engine(await find(options.path, environ, home))
    return DockerDriver(engine, environ)
