"""Builds in one builder pod: the context goes in as a stream, then one process builds and tells of it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterator

from moorage.builders.cluster.errors import BuilderFailed
from moorage.builders.cluster.objects import CONTAINER, script
from moorage.builders.engine.child import pieces
from moorage.builders.metadata import digest
from moorage.errors import MoorageError
from moorage.kube.client import Cluster
from moorage.kube.execution import Execution

_STDOUT = 1


class Session:
    """A pod in which clients of a buildkitd at `address` run."""

    def __init__(
        self, cluster: Cluster, namespace: str, pod: str, address: str, container: str = CONTAINER
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._pod = pod
        self._address = address
        self._container = container

    async def send(self, chunks: Iterator[bytes], second: int) -> str:
        """The folder of the pod that the archive is in now, its files dated `second`.

        Raises BuilderFailed, and what `chunks` raise.
        """
        process = await self._start("context", str(second))
        printed = bytearray()
        said = bytearray()
        reading = asyncio.create_task(_read(process, printed.extend, said.extend))
        try:
            try:
                async for chunk in pieces(chunks):
                    await process.write(chunk)
                await process.close_input()
            except BrokenPipeError:
                pass  # it has ended; its exit code says why
            code = await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await process.close()
        if code:
            raise self._failed(f"did not take the build context (exit code {code})", said)
        return printed.decode().strip()

    async def build(
        self, inputs: bytes, folder: str, take: Callable[[bytes], None]
    ) -> tuple[int, str | None]:
        """Exit code and the image's digest; `take` gets what buildctl says. Raises BuilderFailed."""
        process = await self._start("build", folder, self._address)
        printed = bytearray()
        try:
            try:
                await process.write(base64.b64encode(inputs) + b"\n")
                await process.close_input()
            except BrokenPipeError:
                pass  # as above
            code = await _read(process, printed.extend, take)
        finally:
            await process.close()
        return code, digest(bytes(printed))

    async def _start(self, *words: str) -> Execution:
        try:
            return await Execution.start(
                self._cluster,
                self._pod,
                self._container,
                ("sh", "-c", script("build.sh"), "build", *words),
                stdin=True,
                namespace=self._namespace,
            )
        except MoorageError as error:
            raise self._failed(f"does not let us in: {error.message}", b"", error.evidence) from error

    def _failed(self, what: str, said: bytes | bytearray, evidence: tuple[str, ...] = ()) -> BuilderFailed:
        lines = tuple(bytes(said).decode(errors="replace").splitlines()[-5:])
        return BuilderFailed(
            f"The builder's pod {self._pod} {what}.",
            evidence=lines or evidence,
            hint="Run the command again; a builder that has ended is started anew.",
        )


async def _read(
    process: Execution, printed: Callable[[bytes], object], said: Callable[[bytes], object]
) -> int:
    async for stream, data in process.output():
        (printed if stream == _STDOUT else said)(data)
    return await process.wait()
