"""Files from the workspace, unpacked while they come: only what was asked for, each with the right digest."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from moorage.engine.ustar import BadArchive
from moorage.facts.archive.members import Limits, Member, members
from moorage.facts.folder import Told
from moorage.spec import manifest
from moorage.workspace.sync.here import Landing, NotTaken
from moorage.workspace.sync.there import SyncFailed, There

_NO_LIMIT = 1 << 60
_LIMITS = Limits(members=_NO_LIMIT, file=_NO_LIMIT, total=_NO_LIMIT)
"""The workspace is the user's own, and its disk ends before this machine's does."""


async def receive(
    there: There, landing: Landing, promised: Mapping[str, str], told: Told
) -> tuple[dict[str, str], dict[str, str]]:
    """What came of these files, and why others did not. Raises SyncFailed."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source:
        unpacking = asyncio.create_task(asyncio.to_thread(_unpacked, source, landing, promised, told))
        try:
            await there.give(tuple(promised), _Pipe(writing))
        finally:
            os.close(writing)  # which ends the other thread
            done = await asyncio.shield(asyncio.gather(unpacking, return_exceptions=True))
    (found,) = done
    if isinstance(found, BaseException):
        raise found
    came, refused = found
    missing = promised.keys() - came.keys() - refused.keys()
    return came, refused | dict.fromkeys(missing, "it is not there any more")


class _Pipe:
    def __init__(self, writing: int) -> None:
        self._writing = writing

    async def hear(self, stream: int, data: bytes) -> None:
        if stream == 1:
            await asyncio.to_thread(self._write, data)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._writing, view) :]


def _unpacked(
    source: BinaryIO, landing: Landing, promised: Mapping[str, str], told: Told
) -> tuple[dict[str, str], dict[str, str]]:
    came: dict[str, str] = {}
    refused: dict[str, str] = {}
    size = 0
    try:
        for member, data in members(source, _LIMITS, joined=True):
            path = member.name.removeprefix("./")
            if path not in promised or path in came:
                continue
            try:
                landing.file(path, promised[path], _bytes(member, data, landing, came))
                came[path] = promised[path]
            except NotTaken as error:
                refused[path] = str(error)
            size += member.size
            told(len(came), size)
    except BadArchive as error:
        while source.read(1 << 20):  # whoever writes waits for us
            pass
        raise SyncFailed(
            "What the workspace sent cannot be understood.",
            evidence=(str(error),),
            hint="Run the same command again: files that came are whole.",
        ) from error
    return came, refused


def _bytes(
    member: Member, data: Iterator[bytes], landing: Landing, came: Mapping[str, str]
) -> Iterator[bytes]:
    if member.kind == "file":
        return data
    first = member.target.removeprefix("./")
    if member.kind == "hard link" and first in came and manifest.below(first):
        return landing.content(first)
    raise NotTaken("it is no file any more")
