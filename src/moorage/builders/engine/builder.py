"""Builds on the engine: with buildx where it is there, else with the classic builder."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from moorage.builders.base import Built, Context
from moorage.builders.engine import buildx, child, legacy
from moorage.builders.engine.carriage import Carried, carry
from moorage.builders.engine.errors import BuilderMissing, BuildSecretMissing, BuildTimeout, ImageVanished
from moorage.builders.engine.explain import explain
from moorage.builders.engine.place import Place, encoded, place, unpack
from moorage.builders.engine.plain import Plain
from moorage.builders.engine.progress import Progress
from moorage.builders.engine.rawjson import RawJson
from moorage.builders.images import Logins
from moorage.engine.client import Engine, quoted
from moorage.engine.errors import ImageMissing
from moorage.errors import MoorageError
from moorage.events import Reporter
from moorage.spec.build import BuildSpec

LIMIT = 6 * 3600.0
"""Seconds that a build may take unless the caller says otherwise."""


class EngineBuilder:
    """Builds for one engine. `environment` and `home` are where buildx and its settings are looked for.

    `logins` finds registry logins for the classic builder; buildx reads Docker's own. `buildkit` False: the
    engine has none (Podman).
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
        return () if self._buildx is not None else legacy.refusals(spec)

    async def build(self, spec: BuildSpec, context: Context, reporter: Reporter, step: str) -> Built:
        """Build, tag, and look whether the image is there.

        Raises BuildFailed, BuilderMissing, BuildTimeout, BadBuildOption, BadBuildArgument,
        BuildSecretMissing,
        ImageNotFound, LoginRequired and their like for base images, DiskFull, the context's errors.
        """
        _check_secrets(spec)
        started = time.monotonic()
        progress = Progress(reporter, step)
        try:
            async with asyncio.timeout(self._limit):
                digest = await self._run(spec, context, reporter, progress)
        except TimeoutError as error:
            raise _too_late(spec, progress, self._limit) from error
        finally:
            progress.close()
        return Built(
            image_id="" if spec.push else await self._image(spec),
            digest=digest,
            seconds=time.monotonic() - started,
            cached_steps=progress.cached,
        )

    async def _run(
        self, spec: BuildSpec, context: Context, reporter: Reporter, progress: Progress
    ) -> str | None:
        if self._buildx is not None:
            return await self._with_buildx(self._buildx, spec, context, progress)
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

    async def _with_buildx(
        self, program: buildx.Buildx, spec: BuildSpec, context: Context, progress: Progress
    ) -> str | None:
        carried = carry(spec, {**self._environment, **self._engine.endpoint.environment()})
        where = place(spec, carried.dockerfile, context)
        if where.kind != "beside" and not spec.push:
            extra = {} if where.kind == "own" else {where.name: encoded(carried.dockerfile)}
            inputs = self._inputs(program, carried, dockerfile=where.name)
            await self._buildx_run(program, spec, inputs, carried, progress, context, extra)
            return None
        return await self._in_folder(program, spec, context, carried, where, progress)

    async def _in_folder(
        self,
        program: buildx.Buildx,
        spec: BuildSpec,
        context: Context,
        carried: Carried,
        where: Place,
        progress: Progress,
    ) -> str | None:
        """The rare ways that need files: the context unpacked, or a digest to read after a push."""
        import tempfile  # only here

        with tempfile.TemporaryDirectory(prefix="moorage-build-", ignore_cleanup_errors=True) as folder:
            metadata = f"{folder}/metadata.json" if spec.push else ""
            if where.kind == "beside":
                unpacked = await asyncio.to_thread(unpack, folder, carried.dockerfile, context)
                inputs = self._inputs(
                    program,
                    carried,
                    dockerfile=unpacked.dockerfile,
                    folder=unpacked.context,
                    metadata=metadata,
                )
                await self._buildx_run(program, spec, inputs, carried, progress, None, {})
            else:
                extra = {} if where.kind == "own" else {where.name: encoded(carried.dockerfile)}
                inputs = self._inputs(program, carried, dockerfile=where.name, metadata=metadata)
                await self._buildx_run(program, spec, inputs, carried, progress, context, extra)
            return _digest(metadata) if metadata else None

    def _inputs(
        self,
        program: buildx.Buildx,
        carried: Carried,
        *,
        dockerfile: str,
        folder: str = "",
        metadata: str = "",
    ) -> buildx.Inputs:
        chosen = buildx.chooses_builder(carried.options) or self._environment.get("BUILDX_BUILDER")
        own = self._engine.endpoint.environment().get("DOCKER_CONTEXT") or "default"
        return buildx.Inputs(
            dockerfile=dockerfile,
            arguments=carried.names,
            options=carried.options,
            folder=folder,
            builder="" if chosen else own,
            metadata=metadata,
            progress="plain" if program in self._without_rawjson else "rawjson",
        )

    async def _buildx_run(
        self,
        program: buildx.Buildx,
        spec: BuildSpec,
        inputs: buildx.Inputs,
        carried: Carried,
        progress: Progress,
        context: Context | None,
        extra: Mapping[str, bytes],
    ) -> None:
        reader = RawJson(progress) if inputs.progress == "rawjson" else Plain(progress)
        chunks = None if context is None else context.archive(extra)
        attests = buildx.attests(carried.options)
        environment = carried.environment | ({} if attests else {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"})
        code = await child.run(buildx.arguments(program, spec, inputs), environment, reader.feed, chunks)
        reader.close()
        if code == 0:
            return
        failure = progress.failure()
        if inputs.progress == "rawjson" and any("invalid progress mode" in line for line in failure.said):
            self._without_rawjson.add(program)
            again = msgspec.structs.replace(inputs, progress="plain")
            await self._buildx_run(program, spec, again, carried, progress, context, extra)
            return
        raise explain(spec, failure)

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


class _Metadata(msgspec.Struct):
    digest: str | None = msgspec.field(default=None, name="containerimage.digest")


def _digest(path: str) -> str | None:
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=_Metadata).digest
    except (OSError, msgspec.MsgspecError):
        return None


def _check_secrets(spec: BuildSpec) -> None:
    for secret in spec.secrets:
        if secret.file and not os.access(secret.file, os.R_OK):
            raise BuildSecretMissing(
                f"The file of the build secret {secret.id} cannot be read: {secret.file}",
                hint="Create it, or change the secret's file.",
            )


def _cannot(refused: tuple[str, ...]) -> BuilderMissing:
    return BuilderMissing(
        f"There is no buildx here, and the engine's legacy builder cannot build this: {refused[0]}.",
        evidence=refused,
        hint="Install the buildx plugin (package docker-buildx-plugin or docker-buildx).",
    )


def _classic_refused(spec: BuildSpec, error: MoorageError) -> MoorageError:
    """The engine's answer to the request itself: a broken Dockerfile is told there, not in the stream."""
    from moorage.builders.engine.progress import Failure

    text = "\n".join(error.evidence)
    if "parse error" in text or "dockerfile" in text.lower():
        return explain(spec, Failure(said=tuple(text.splitlines())))
    return error


def _too_late(spec: BuildSpec, progress: Progress, limit: float) -> BuildTimeout:
    return BuildTimeout(
        f"The build of {spec.dockerfile_name} did not end within {limit:.0f} s.",
        evidence=progress.failure().said[-5:],
        hint="Raise the limit, or look at what the last step was doing.",
    )
