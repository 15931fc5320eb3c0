"""The way into one container: processes over exec, files as tar archives."""

from __future__ import annotations

from collections.abc import Mapping

from ...engine import containers
from ...engine.client import Engine
from ...engine.errors import ContainerNotRunning
from ...engine.execution import Execution
from .errors import StoppedAtOnce


class DockerInside:
    """The contract's `Inside`; `container` is a name or an id."""

    def __init__(self, engine: Engine, container: str) -> None:
        self._engine = engine
        self._container = container

    async def run(
        self,
        argv: tuple[str, ...],
        *,
        user: str = "",
        environment: Mapping[str, str] | None = None,
        folder: str = "",
        terminal: bool = False,
        stdin: bool = False,
    ) -> Execution:
        """Raises StoppedAtOnce, with the container's last words, when it does not run."""
        try:
            return await Execution.start(
                self._engine,
                self._container,
                argv,
                user=user,
                environment=environment,
                folder=folder,
                terminal=terminal,
                stdin=stdin,
            )
        except ContainerNotRunning as error:
            raise await ended(self._engine, self._container) or error from error

    async def read(self, path: str) -> bytes | None:
        return await containers.read(self._engine, self._container, path)

    async def write(self, folder: str, archive: bytes) -> None:
        await containers.write(self._engine, self._container, folder, archive)

    async def exists(self, path: str) -> bool:
        """Whether the path is there, without reading it; also in a container that was never started."""
        return await containers.exists(self._engine, self._container, path)


async def ended(engine: Engine, container: str) -> StoppedAtOnce | None:
    """Why a container does not run any more, in its own words; None when it does, or never did."""
    found = await containers.inspect(engine, container)
    return await end_of(engine, found) if found else None


async def end_of(engine: Engine, found: containers.Inspected) -> StoppedAtOnce | None:
    """As `ended`, of a container that was just looked at."""
    state = found.State
    if state.state not in ("exited", "dead"):
        return None
    reason = "its memory limit was reached" if state.OOMKilled else f"exit code {state.ExitCode}"
    tail = await containers.log_tail(engine, found.Id, 10)
    return StoppedAtOnce(
        f"The workspace's container has ended ({reason}).",
        evidence=(*((state.Error,) if state.Error else ()), *tail),
        hint='Let "overrideCommand" be true, or give the image a command that keeps running.',
    )
