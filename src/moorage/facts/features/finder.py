"""Answers which Feature a reference names, and hands out its files: the one face of this room."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import msgspec

from moorage.devcontainer.features.found import FoundFeature
from moorage.devcontainer.features.reference import LocalReference, OciReference, Reference, parse, remarks
from moorage.devcontainer.warnings import Warning
from moorage.errors import MoorageError
from moorage.events import Notice, Reporter, Silent
from moorage.facts.features.cache import Cache
from moorage.facts.features.errors import FeatureUnusable, about
from moorage.facts.features.metadata import INSTALL
from moorage.planner.questions import ReadFeature

if TYPE_CHECKING:
    from moorage.facts.features.artifact import Artifact
    from moorage.oci.client import Client
    from moorage.oci.configuration import Registries
    from moorage.oci.transport import Patience, Transport

K = TypeVar("K")
T = TypeVar("T")

Settings = Callable[[], Awaitable["Registries"]]
"""Mirrors and trust, asked for only where a registry is."""


class Finder:
    """One run's way to Features: connections are kept, and equal questions are one.

    `cache` may be deleted at any time. Nothing is opened before the network is needed.
    """

    def __init__(
        self,
        cache: Path,
        *,
        registries: Settings | None = None,
        environment: Mapping[str, str] | None = None,
        reporter: Reporter | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._cache = Cache(cache)
        self._registries = registries
        self._environment = dict(os.environ if environment is None else environment)
        self._reporter = reporter or Silent()
        self._patience = patience
        self._client: asyncio.Task[Client] | None = None
        self._transport: Transport | None = None
        self._asked: dict[object, asyncio.Task[FoundFeature]] = {}
        self._opened: dict[str, asyncio.Task[Path]] = {}
        self._told: set[str] = set()

    async def __aenter__(self) -> Finder:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def find(self, question: ReadFeature) -> FoundFeature:
        """What the reference names. A digest in the question that the cache knows costs no request.

        Raises BadFeatureReference and what `local`, `registry`, `download` raise; each names the reference.
        """
        reference = parse(question.reference, auto_mapping=question.auto_mapping)
        self._tell(remarks(reference))
        try:
            if isinstance(reference, LocalReference):
                return self._local(reference, question)
            identity = (type(reference), msgspec.structs.replace(reference, written=""), question.digest)
            found = await _once(self._asked, identity, lambda: self._look_up(reference, question.digest))
        except MoorageError as error:
            raise about(error, question.reference) from error.__cause__
        return msgspec.structs.replace(found, reference=question.reference)

    async def content(self, found: FoundFeature) -> Path:
        """The folder with the Feature's files: verified, unpacked, for reading only. Raises as `find`."""
        try:
            folder = await _once(self._opened, found.content, lambda: self._open(found))
            if not (folder / INSTALL).is_file():
                raise FeatureUnusable(f"it has no {INSTALL}", hint="Ask its author to add it.")
        except MoorageError as error:
            raise about(error, found.reference) from error.__cause__
        return folder

    async def artifact(self, reference: OciReference) -> Artifact:
        """What stands in a registry, for those who want more of it than a Feature. Raises as `find`."""
        from moorage.facts.features.artifact import artifact

        try:
            return await artifact(reference, "", self._cache, self.client)
        except MoorageError as error:
            raise about(error, reference.written) from error.__cause__

    async def files(self, found: Artifact) -> Path:
        """The folder with its files, for reading only."""
        from moorage.facts.features.artifact import files

        return await files(found, self._cache, self.client)

    async def client(self) -> Client:
        """The run's client for registries, with the user's settings and logins."""
        if self._client is None:
            self._client = asyncio.ensure_future(self._new_client())
        return await asyncio.shield(self._client)

    async def close(self) -> None:
        """End what is under way, and close every connection."""
        tasks = (*self._asked.values(), *self._opened.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client:
            self._client.cancel()
            with contextlib.suppress(asyncio.CancelledError, MoorageError):
                await (await self._client).close()
        if self._transport:
            await self._transport.close()

    def _local(self, reference: LocalReference, question: ReadFeature) -> FoundFeature:
        from moorage.facts.features import local  # reads folders, which what is published does not need

        found, warnings = local.find(reference, question.base, question.workspace)
        self._tell(warnings)
        return found

    async def _look_up(self, reference: Reference, pinned: str) -> FoundFeature:
        if isinstance(reference, OciReference):
            from moorage.facts.features import registry  # a configuration without Features pays for neither

            return await registry.find(reference, pinned, self._cache, self.client)
        from moorage.facts.features import download

        assert not isinstance(reference, LocalReference)
        return await download.find(reference, pinned, self._cache, self._downloads, self._environment)

    async def _open(self, found: FoundFeature) -> Path:
        if found.kind == "local":
            return Path(found.content)
        if found.kind == "oci":
            from moorage.facts.features import registry

            return await registry.content(found, self._cache, self.client)
        from moorage.facts.features import download

        return await download.content(found, self._cache, self._downloads, self._environment)

    async def _new_client(self) -> Client:
        from moorage.facts.direct import DirectWay
        from moorage.oci.client import Client
        from moorage.oci.configuration import Registries
        from moorage.oci.credentials import Credentials

        registries = await self._registries() if self._registries else Registries()
        logins = Credentials(self._environment, reporter=self._reporter)
        direct = DirectWay(self._environment)
        return Client(registries, logins, reporter=self._reporter, patience=self._patience, direct=direct)

    def _downloads(self) -> Transport:
        if self._transport is None:
            from moorage.oci.transport import Patience, Transport

            self._transport = Transport(self._patience or Patience())
        return self._transport

    def _tell(self, warnings: tuple[Warning, ...]) -> None:
        for each in warnings:
            if each.text not in self._told:
                self._told.add(each.text)
                notice = Notice(level=each.level, code=each.code, text=each.text, hint=each.hint)
                self._reporter.emit(notice)


async def _once(
    tasks: dict[K, asyncio.Task[T]], key: K, work: Callable[[], Coroutine[object, object, T]]
) -> T:
    """The task of this key, begun by whoever asks first; one who stops waiting does not stop the others."""
    if key not in tasks:
        tasks[key] = asyncio.ensure_future(work())
    return await asyncio.shield(tasks[key])
