"""The docker driver: workspaces as containers, found by their names and labels alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ...engine import containers, images, info, volumes
from ...engine.client import Engine
from ...engine.errors import (
    Conflict,
    EngineLost,
    EngineRefused,
    EngineTimeout,
    ImageMissing,
    NameTaken,
    NoSuchContainer,
    NotFound,
)
from ...engine.ustar import BadArchive, files
from ...spec import journal, names
from ...spec.observation import Container, EngineFacts, Observation
from ...spec.run import RunSpec
from ...spec.stack import PROJECT
from ..base import Helper, Listed, Verdict
from .errors import BadRunArgs
from .inside import DockerInside, end_of
from .reading import as_container, as_facts
from .starting import start_failure

if TYPE_CHECKING:
    from pathlib import Path

    from .draft import Json, Machine
    from .mapping import Mapped
    from .stack import DockerStacks

_MOMENT = 0.3
"""Seconds in which a command of the image's own may turn out to end at once."""


class DockerDriver:
    """The contract's `Driver` on one engine; `environ` is what `docker run -e NAME` takes values from."""

    def __init__(self, engine: Engine, environ: Mapping[str, str] | None = None) -> None:
        self.engine = engine
        self._environ = os.environ if environ is None else environ

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.engine.close()

    async def facts(self) -> EngineFacts:
        return as_facts(*await info.read(self.engine), local=self.engine.endpoint.local)

    def check(self, spec: RunSpec, facts: EngineFacts) -> Verdict:
        from .check import verdict  # a warm workspace is not checked again

        return verdict(spec, facts)

    def render(self, spec: RunSpec, facts: EngineFacts) -> dict[str, object]:
        """The container-create request, or the override for Compose. Raises BadRunArgs."""
        if spec.stack:
            from .stack_override import override, shown  # as below

            return shown(override(spec, spec.stack, facts))
        from .render import rendered  # only where something is created or shown

        return rendered(spec, facts, self._machine(spec))[0]

    async def observe(
        self, container: str, *, volume: str = "", helper: str = "", workspace: str = ""
    ) -> Observation:
        """Two requests side by side for a workspace that has a container, a few more for others."""
        found, read = await asyncio.gather(
            containers.inspect(self.engine, container), self._journal(container)
        )
        if found is not None:
            return Observation(
                container=as_container(found),
                beside=await self._beside(found),
                journal=journal.parse(read, found.Id),
                volume=("complete" if found.State.StartedAt[:4] > "0001" else "empty") if volume else "none",
                template=(found.Config.Labels or {}).get(names.TEMPLATE, ""),
            )
        if workspace and (named := await self._named_otherwise(workspace)):
            return await self.observe(named, volume=volume)
        there, helping = await asyncio.gather(self._volume(volume), self._at_work(helper))
        return Observation(
            volume="empty" if there else "none",
            helper_running=helping,
            template=(there.Labels or {}).get(names.TEMPLATE, "") if there else "",
        )

    async def create(self, spec: RunSpec, facts: EngineFacts) -> Container:
        """Raises NameTaken, ImageMissing, BadRunArgs, UserUnmapped, and more of `engine.errors`."""
        from .render import rendered, wraps  # as above

        command = await self._command(spec.image) if wraps(spec) else ()
        body, platform, _ = rendered(
            spec, facts, self._machine(spec), command=command, mapped=await self._mapped(spec, facts)
        )
        if facts.product == "podman":
            await self._provide(body)
        try:
            identity, _ = await containers.create(self.engine, spec.name, body, platform=platform)
        except NameTaken:
            await self._visible(spec.name)
            raise
        found = await containers.inspect(self.engine, identity)
        if found is None:
            raise NoSuchContainer(
                f"The container {spec.name} was removed while it was being made.",
                hint="Another command deletes this workspace; run this one again.",
            )
        return as_container(found)

    async def start(self, container: str) -> None:
        """Raises PortTaken, StartFailed, StoppedAtOnce, NoSuchContainer."""
        try:
            await containers.start(self.engine, container)
        except (EngineRefused, NotFound, Conflict) as error:
            raise start_failure(error) from error
        found = await containers.inspect(self.engine, container)
        if found and _has_own_command(found):
            with contextlib.suppress(EngineTimeout):
                await containers.wait(self.engine, container, "not-running", timeout=_MOMENT)
            found = await containers.inspect(self.engine, container)
        if found and (end := await end_of(self.engine, found)) is not None:
            raise end

    async def stop(self, container: str, *, seconds: int = 10) -> None:
        await containers.stop(self.engine, container, seconds=seconds)

    async def remove(self, container: str) -> None:
        await containers.remove(self.engine, container)

    async def delete(self, workspace: str) -> tuple[str, ...]:
        from .deletion import delete  # no other command deletes

        return await delete(self.engine, workspace)

    async def list(self) -> tuple[Listed, ...]:
        from .listing import listed  # as above

        return await listed(self.engine)

    async def run_helper(self, helper: Helper, log: Callable[[str], None]) -> int:
        from .helpers import run  # as above

        return await run(self.engine, helper, log)

    def inside(self, container: str) -> DockerInside:
        return DockerInside(self.engine, container)

    def stacks(self, cache: Path) -> DockerStacks:
        from .stack import DockerStacks  # brings Compose's client

        return DockerStacks(self.engine, self._environ, cache)

    async def _journal(self, container: str) -> Mapping[str, bytes]:
        """The runner may write while the engine reads, which breaks the archive off: then look again."""
        for last in (False, False, True):
            try:
                archive = await containers.read(self.engine, container, journal.FOLDER)
                return files(archive) if archive else {}
            except NoSuchContainer:
                return {}
            except (EngineLost, BadArchive) as error:
                if last:
                    raise EngineLost(
                        "The journal in the workspace's container cannot be read.",
                        evidence=(str(error),),
                        hint="Run the command again.",
                    ) from error
        return {}

    async def _beside(self, found: containers.Inspected) -> tuple[tuple[str, str], ...]:
        project = (found.Config.Labels or {}).get(PROJECT)
        if not project:
            return ()
        from .stack_power import beside  # only Compose projects have more than one

        return tuple((each.service, each.state) for each in await beside(self.engine, project))

    async def _named_otherwise(self, workspace: str) -> str:
        """The container with this id whose name is not ours: Compose names those that it makes."""
        found = await containers.find(self.engine, f"{names.ID}={workspace}")
        return next((each.Id for each in found if names.ROLE not in (each.Labels or {})), "")

    async def _visible(self, name: str) -> None:
        """A name is taken a little before its container can be seen: whoever looks again shall see it."""
        for _ in range(50):
            if await containers.inspect(self.engine, name) is not None:
                return
            await asyncio.sleep(0.1)

    async def _volume(self, name: str) -> volumes.Volume | None:
        return await volumes.inspect(self.engine, name) if name else None

    async def _at_work(self, helper: str) -> bool:
        found = await containers.inspect(self.engine, helper) if helper else None
        return found is not None and found.State.state == "running"

    async def _command(self, image: str) -> tuple[str, ...]:
        found = await images.inspect(self.engine, image)
        if found is None:
            raise ImageMissing(f"The engine does not have the image {image}.", hint="Run `moorage up` again.")
        config = found.Config or images.ImageConfig()
        return (*(config.Entrypoint or ()), *(config.Cmd or ()))

    async def _provide(self, body: Json) -> None:
        from .podman import provide  # other engines do it themselves

        host = body["HostConfig"]
        assert isinstance(host, dict)
        await provide(self.engine, host)

    async def _mapped(self, spec: RunSpec, facts: EngineFacts) -> Mapped | None:
        if facts.product != "podman":
            return None
        from .mapping import mapped  # other engines need none

        return await mapped(self.engine, spec, facts)

    def _machine(self, spec: RunSpec) -> Machine:
        from pathlib import Path  # as above

        from .draft import Machine

        base = Path(spec.content.source) if spec.content.kind == "bind" else Path.cwd()

        def read(path: str) -> str:
            try:
                return (base / path).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise BadRunArgs(
                    f"The file {path} that the container's settings name cannot be read.",
                    evidence=(str(error),),
                    hint="Correct its path in runArgs; it is relative to the workspace's folder.",
                ) from error

        return Machine(environ=self._environ, read=read)


def _has_own_command(found: containers.Inspected) -> bool:
    return '"override_command":false' in (found.Config.Labels or {}).get(names.SPEC, "")
