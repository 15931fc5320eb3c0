"""Builds on the engine: with buildx where it is there, else with the classic builder."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping

import msgspec

from moorage.builders import secrets
from moorage.builders.again import again
from moorage.builders.base import LIMIT, Built, Context
from moorage.builders.engine import buildx
from moorage.builders.engine.carriage import Carried, carry
from moorage.builders.engine.errors import (
    BuildDisturbed,
    BuilderMissing,
    ImageVanished,
    too_late,
)
from moorage.builders.engine.place import place, readable_in_place
from moorage.builders.engine.progress import Progress
from moorage.builders.engine.reading import Reading
from moorage.builders.engine.run import Run
from moorage.builders.images import Logins
from moorage.engine import info
from moorage.engine.client import Engine, quoted
from moorage.engine.errors import EngineRefused, ImageMissing
from moorage.errors import MoorageError
from moorage.events import Reporter
from moorage.spec.build import BuildSpec


class EngineBuilder:
    """Builds for one engine. `environment` and `home` are where buildx and its settings are looked for.

    `logins` finds registry logins for the classic builder and for Podman, which builds by itself; buildx
    reads Docker's own. `buildkit` False: no buildx is looked for.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        logins: Logins,
        environment: Mapping[str, str] | None = None,
        home: str = "",
        buildkit: bool = True,
        limit: float = LIMIT,
    ) -> None:
        self._engine = engine
        self._logins = logins
        self._environment = dict(os.environ if environment is None else environment)
        home = home or self._environment.get("HOME", "")
        self._buildx = buildx.find(self._environment, home) if buildkit else None
        self._limit = limit
        self._without_rawjson: set[buildx.Buildx] = set()

    def check(self, spec: BuildSpec) -> tuple[str, ...]:
        """Why this cannot be built here; nothing when it can. Raises BrokenDockerfile."""
        if self._buildx is not None:
            return ()
        from moorage.builders.engine import legacy  # only where there is no buildx

        return legacy.refusals(spec)

    async def build(self, spec: BuildSpec, context: Context, reporter: Reporter, step: str) -> Built:
        """Build, tag, and look whether the image is there.

        Raises BuildFailed, BuilderMissing, BuildTimeout, BadBuildOption, BadBuildArgument,
        BuildSecretMissing,
        ImageNotFound, LoginRequired and their like for base images, DiskFull, the context's errors.
        """
        secrets.check(spec.secrets)
        started = time.monotonic()
        try:
            digest, progress = await self._once(spec, context, reporter, step)
        except BuildDisturbed as error:
            changed, notice = again(spec, error)
            reporter.emit(notice)
            digest, progress = await self._once(changed, context, reporter, step)
        return Built(
            image_id="" if spec.push or spec.output else await self._image(spec),
            digest=digest,
            seconds=time.monotonic() - started,
            cached_steps=progress.cached,
        )

    async def _once(
        self, spec: BuildSpec, context: Context, reporter: Reporter, step: str
    ) -> tuple[str | None, Progress]:
        progress = Progress(reporter, step)
        try:
            async with asyncio.timeout(self._limit):
                return await self._run(spec, context, reporter, progress), progress
        except TimeoutError as error:
            raise too_late(spec, progress.failure().said, self._limit) from error
        finally:
            progress.close()

    async def _run(
        self, spec: BuildSpec, context: Context, reporter: Reporter, progress: Progress
    ) -> str | None:
        version = await info.podman(self._engine)
        if version:
            await self._with_podman(spec, context, reporter, progress, version)
            return None
        if self._buildx is not None:
            return await self._with_buildx(self._buildx, spec, context, progress)
        from moorage.builders.engine import legacy  # as above
        from moorage.builders.engine.explain import explain

        refused = legacy.refusals(spec)
        if refused:
            raise _cannot(refused)
        reporter.emit(legacy.NOTICE)
        where = place(spec, spec.dockerfile, context)
        try:
            well = await legacy.build(self._engine, spec, context, where, progress, self._logins)
        except MoorageError as error:
            raise _classic_refused(spec, error) from error
        if not well:
            raise explain(spec, progress.failure())
        return None

    async def _with_podman(
        self, spec: BuildSpec, context: Context, reporter: Reporter, progress: Progress, version: str
    ) -> None:
        from moorage.builders.podman import build as podman  # other engines need none of it

        if spec.cache_from:
            reporter.emit(podman.NO_CACHES)
        own = self._environment
        try:
            await podman.build(self._engine, spec, context, progress, self._logins, own, version)
        except EngineRefused as error:
            raise _classic_refused(spec, error) from error

    async def _with_buildx(
        self, program: buildx.Buildx, spec: BuildSpec, context: Context, progress: Progress
    ) -> str | None:
        carried = carry(spec, {**self._environment, **self._engine.endpoint.environment()})
        run = Run(program, spec, context, carried, progress, self._builder(carried))
        if program in self._without_rawjson:
            run.format = "plain"
        try:
            if spec.push or spec.output or not readable_in_place(spec, context):
                return await run.from_archive()
            reading = Reading(spec, context)
            progress.context_read = reading.ended
            await run.from_folder()
            if await reading.was_right():
                return None
            await self._engine.delete(f"/images/{quoted(spec.tag)}", {"noprune": True})
            return await run.from_archive()  # says which file does not come to rest
        finally:
            if run.format == "plain":
                self._without_rawjson.add(program)

    def _builder(self, carried: Carried) -> str:
        """The engine's own BuildKit, unless the user has chosen another one for this."""
        if buildx.chooses_builder(carried.options) or self._environment.get("BUILDX_BUILDER"):
            return ""
        return self._engine.endpoint.environment().get("DOCKER_CONTEXT") or "default"

    async def _image(self, spec: BuildSpec) -> str:
        try:
            return (await self._engine.get(f"/images/{quoted(spec.tag)}/json", _Image)).id
        except ImageMissing as error:
            raise ImageVanished(
                f"The build ended well, but the engine has no image {spec.tag}.",
                evidence=error.evidence,
                hint="Look for --output or --builder in build.options: another builder keeps its images.",
            ) from error


class _Image(msgspec.Struct, rename="pascal"):
    id: str


def _cannot(refused: tuple[str, ...]) -> BuilderMissing:
    return BuilderMissing(
        f"There is no buildx here, and the engine's legacy builder cannot build this: {refused[0]}.",
        evidence=refused,
        hint="Install the buildx plugin (package docker-buildx-plugin or docker-buildx).",
    )


def _classic_refused(spec: BuildSpec, error: MoorageError) -> MoorageError:
    """The engine's answer to the request itself: a broken Dockerfile is told there, not in the stream."""
    from moorage.builders.engine.explain import explain
    from moorage.builders.engine.progress import Failure

    text = "\n".join(error.evidence)
    if "parse error" in text or "dockerfile" in text.lower():
        return explain(spec, Failure(said=tuple(text.splitlines())))
    return error
