"""The workspace's side of a copy: what is there, and what it is made to be (`sync.sh`)."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterable, Iterator, Sequence

from moorage.drivers.base import Inside
from moorage.errors import EngineError, HookError
from moorage.spec import manifest
from moorage.workspace.carriage import Ear, Heard, Whole, carried

LAST = ".moorage-sync-is-complete"
_NO_FOLDER, _NO_TOOL, _CHANGED, _CUT_OFF = 3, 4, 6, 7
_BATCH = 1 << 19
_ESCAPES = {b"n": b"\n", b"r": b"\r"}


class SyncFailed(EngineError):
    """Files could not be copied to or from the workspace; each is there as it was, or as it is to be."""

    code = "sync-failed"


class NoSyncTools(HookError):
    """The image lacks a program that tells files apart or packs them."""

    code = "no-sync-tools"


class There:
    """The folder of the project inside; `user` is who new files are to belong to."""

    def __init__(self, inside: Inside, folder: str, user: str) -> None:
        self._inside = inside
        self._folder = folder
        self._user = user

    async def look(self, *, names: bool) -> tuple[tuple[str, ...], dict[str, str]]:
        """The names of all that is there (if asked for), and what both sides agreed on last."""
        said = Whole()
        await self._done(said, (), "look", *(("all",) if names else ()))
        if names and not said.data.startswith(b"\0"):
            given, _, kept = bytes(said.data).partition(b"\0\0")
        else:
            given, kept = b"", bytes(said.data[1:])
        found = (name.removeprefix("./") for name in given.decode(errors="surrogateescape").split("\0"))
        return tuple(name for name in found if manifest.below(name)), manifest.decode(kept)

    async def words(self, names: Sequence[str]) -> tuple[dict[str, str], bytes]:
        """What is at these paths, and the same as `take` wants to have it."""
        said = Whole()
        if names:
            await self._done(said, listed(names), "words")
        return told(names, bytes(said.data)), bytes(said.data)

    async def give(self, names: Sequence[str], ear: Ear) -> None:
        """Archives of these files, one behind the other, as they are now."""
        await self._done(ear, listed(names), "give")

    async def take(self, archive: Iterable[bytes]) -> bool:
        """Whether it was taken: not where something is not any more as it was seen."""
        return await self._done(Heard(), archive, "take", self._user, LAST) == 0

    async def _done(self, ear: Ear, data: Iterable[bytes], verb: str, *words: str) -> int:
        script = (pkgutil.get_data("moorage.workspace.sync", "sync.sh") or b"").decode()
        argv = ("/bin/sh", "-c", script, "sync", verb, self._folder, *words)
        process = await self._inside.run(argv, folder="/", stdin=True)
        listening = _Listening(ear)
        try:
            code = await carried(process, data, listening)
        finally:
            await process.close()
        if code not in (0, _CHANGED):
            raise self._failed(code, listening.complaints.lines)
        return code

    def _failed(self, code: int, lines: tuple[str, ...]) -> SyncFailed | NoSyncTools:
        if code == _NO_TOOL:
            return NoSyncTools(
                "The workspace's image lacks a program that copies take.",
                evidence=lines,
                hint="Install it in the image: busybox, or coreutils, findutils and tar have them all.",
            )
        if code == _NO_FOLDER:
            return SyncFailed(
                f"The workspace does not have its files at {self._folder}.",
                hint="Run `moorage up` to upload them.",
            )
        why = "was cut off" if code == _CUT_OFF else f"failed with exit code {code}"
        return SyncFailed(
            f"The copy {why}.", evidence=lines, hint="Run the same command again: it goes on where it was."
        )


class _Listening:
    """Errors are kept for a failure, whatever becomes of the output."""

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self.complaints = Heard()

    async def hear(self, stream: int, data: bytes) -> None:
        if stream == 2:
            await self.complaints.hear(stream, data)
        else:
            await self._ear.hear(stream, data)


def told(names: Sequence[str], data: bytes) -> dict[str, str]:
    """Read what `sync.sh words` says of these names; what is not there is left out. Raises SyncFailed.

    A file that could not be read has no digest, so it is like nothing else; "o" is a pipe and the like.
    """
    found: dict[str, str] = {}
    place = index = 0
    try:
        while place < len(data):
            end = data.index(b"\n", place)
            kinds, place = data[place:end].decode(), end + 1
            batch = list(zip(kinds, names[index : index + len(kinds)], strict=True))
            index += len(kinds)
            found |= {name: kind for kind, name in batch if kind != "-"}
            for name in (name for kind, name in batch if kind == manifest.LINK):
                end = data.index(b"\0", place)
                found[name] += data[place:end].decode(errors="surrogateescape")
                place = end + 1
            for name in (name for kind, name in batch if kind in (manifest.FILE, manifest.PROGRAM)):
                digest, place = _digest(f"./{name}".encode(errors="surrogateescape"), data, place)
                found[name] += digest
            if data[place : place + 1] != b"\0":
                raise ValueError("more was said than asked")
            place += 1
        if index != len(names):
            raise ValueError("not all was said")
    except ValueError as error:
        raise SyncFailed(
            "The workspace's answer about its files cannot be understood.",
            evidence=(str(error),),
            hint="Check that find, xargs and sha256sum of the image are the usual programs.",
        ) from error
    return found


def _digest(name: bytes, data: bytes, place: int) -> tuple[str, int]:
    """The digest of this file if it comes next, and where to read on. Some programs escape odd names."""
    escaped = data[place : place + 1] == b"\\"
    start = place + escaped
    head = start + 64
    if escaped:
        end = data.find(b"\n", head)
        said = data[head + 2 : end]
        plain = re.sub(rb"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), said)
        matches = end >= 0 and plain == name
    else:
        end = head + 2 + len(name)
        matches = data[head : end + 1] == b"  " + name + b"\n"
    return (data[start:head].decode(), end + 1) if matches else ("", place)


def listed(names: Iterable[str]) -> Iterator[bytes]:
    """Names as the script reads them: a "./" before each, so that none is an option."""
    pending = bytearray()
    for name in names:
        pending += f"./{name}\0".encode(errors="surrogateescape")
        if len(pending) >= _BATCH:
            yield bytes(pending)
            pending.clear()
    if pending:
        yield bytes(pending)
