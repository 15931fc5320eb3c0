"""One build with buildx: from the folder where it is, from an archive, or from an archive unpacked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from moorage.builders import metadata
from moorage.builders.base import Context
from moorage.builders.engine import child
from moorage.builders.engine.buildx import Buildx, Inputs, arguments, attests
from moorage.builders.engine.carriage import Carried
from moorage.builders.engine.folder import private_folder
from moorage.builders.engine.place import beside, encoded, place, unpack
from moorage.builders.engine.plain import Plain
from moorage.builders.engine.progress import Progress
from moorage.builders.engine.rawjson import RawJson
from moorage.spec.build import BuildSpec

_UNATTESTED = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1", "BUILDX_GIT_INFO": "0"}
"""Without attestations the state of the Git work tree is read for nothing; `git status` can take seconds."""


class Run:
    """What one build needs at every turn. `format` becomes "plain" when buildx turns out too old for more."""

    def __init__(
        self,
        program: Buildx,
        spec: BuildSpec,
        context: Context,
        carried: Carried,
        progress: Progress,
        builder: str,
    ) -> None:
        self._program = program
        self._spec = spec
        self._context = context
        self._carried = carried
        self._progress = progress
        self._builder = builder
        self.format: Literal["rawjson", "plain"] = "rawjson"

    async def from_folder(self) -> None:
        """Let the builder read the folder; it fetches what it has not seen yet."""
        with private_folder() as folder:
            dockerfile = beside(folder, self._carried.dockerfile, self._context)
            await self._start(self._inputs(dockerfile, self._spec.context), None)

    async def from_archive(self) -> str | None:
        """Send what is read in normal form. After a push: the digest."""
        where = place(self._spec, self._carried.dockerfile, self._context)
        if where.kind == "beside":
            return await self._from_unpacked()
        extra = {} if where.kind == "own" else {where.name: encoded(self._carried.dockerfile)}
        if not self._spec.push:
            await self._start(self._inputs(where.name), extra)
            return None
        with private_folder() as folder:
            written = f"{folder}/metadata.json"
            await self._start(self._inputs(where.name, metadata=written), extra)
            return _digest(written)

    async def _from_unpacked(self) -> str | None:
        with private_folder() as folder:
            there = await asyncio.to_thread(unpack, folder, self._carried.dockerfile, self._context)
            written = f"{folder}/metadata.json" if self._spec.push else ""
            await self._start(self._inputs(there.dockerfile, there.context, written), None)
            return _digest(written) if written else None

    def _inputs(self, dockerfile: str, folder: str = "", metadata: str = "") -> Inputs:
        return Inputs(
            dockerfile=dockerfile,
            arguments=self._carried.names,
            options=self._carried.options,
            folder=folder,
            builder=self._builder,
            metadata=metadata,
        )

    async def _start(self, inputs: Inputs, extra: Mapping[str, bytes] | None) -> None:
        """Run it; `extra` None: nothing is sent. Raises what `explain` makes of a failure."""
        reader = RawJson(self._progress) if self.format == "rawjson" else Plain(self._progress)
        own = {} if attests(self._carried.options) else _UNATTESTED
        words = arguments(self._program, self._spec, msgspec.structs.replace(inputs, progress=self.format))
        chunks = None if extra is None else self._context.archive(extra)
        code = await child.run(words, self._carried.environment | own, reader.feed, chunks)
        reader.close()
        if code == 0:
            return
        failure = self._progress.failure()
        if self.format == "rawjson" and any("invalid progress mode" in line for line in failure.said):
            self.format = "plain"
            await self._start(inputs, extra)
            return
        from moorage.builders.engine.explain import explain  # only what failed is explained

        raise explain(self._spec, failure)


def _digest(path: str) -> str | None:
    try:
        return metadata.digest(Path(path).read_bytes())
    except OSError:
        return None
