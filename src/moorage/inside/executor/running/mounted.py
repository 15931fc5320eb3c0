"""The mounts of a RUN without the right to mount: what they name is put into its place, and taken away again.

What was there before comes back. A cache keeps what the program has left in it; all else is thrown away, a
secret at once. That a mount is read-only cannot be enforced; what is written there is lost all the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import posixpath
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from moorage.inside.executor import copies
from moorage.inside.executor.errors import SecretMissing, StepFailed
from moorage.inside.executor.place import Place
from moorage.inside.executor.running.agent import served
from moorage.inside.executor.step import Mount, Origin
from moorage.inside.layers.root import Root

Bring = Callable[[Origin, str, str], Awaitable[None]]
"""Copies what is at a path of an origin to a real path that is free."""

_ASIDE = "aside"
CACHES = "caches"
_OPEN = 0o1777


class Mounts:
    """`bring` gives files of stages, images and the context. Use `mounted` around the program."""

    def __init__(
        self, place: Place, secrets: Mapping[str, bytes], agents: Mapping[str, str], bring: Bring
    ) -> None:
        self._place = place
        self._secrets = secrets
        self._agents = agents
        self._bring = bring

    @asynccontextmanager
    async def mounted(
        self, mounts: Sequence[Mount], script: tuple[str, str] | None
    ) -> AsyncIterator[dict[str, str]]:
        """The variables that the mounts add. `script` is a program to put into its place (path, content).

        Raises SecretMissing, StepFailed and OSError.
        """
        variables: dict[str, str] = {}
        async with AsyncExitStack() as stack:
            for mount in mounts:
                await self._mount(stack, mount, variables)
            if script is not None:
                real = await stack.enter_async_context(self._freed(script[0], guarded=False))
                _write(real, script[1].encode("utf-8", "surrogateescape"), 0o755, (0, 0))
            yield variables

    async def _mount(self, stack: AsyncExitStack, mount: Mount, variables: dict[str, str]) -> None:
        match mount.kind:
            case "secret":
                await self._secret(stack, mount, variables)
            case "ssh":
                await self._agent(stack, mount, variables)
            case "cache":
                await stack.enter_async_context(self._cached(mount))
            case "tmpfs":
                real = await stack.enter_async_context(self._freed(mount.target))
                _folder(real, _OPEN, (0, 0))
            case "bind":
                real = await stack.enter_async_context(self._freed(mount.target))
                await self._bring(mount.origin or Origin("context"), mount.source, real)

    async def _secret(self, stack: AsyncExitStack, mount: Mount, variables: dict[str, str]) -> None:
        if mount.id not in self._secrets:
            if mount.required:
                raise SecretMissing(
                    f"RUN needs the secret {mount.id}, which was not given",
                    hint="Give it to the build by its id.",
                )
            return
        content = self._secrets[mount.id]
        if mount.variable:
            variables[mount.variable] = content.decode("utf-8", "surrogateescape")
        if mount.target:
            real = await stack.enter_async_context(self._freed(mount.target))
            _write(real, content, mount.mode or 0, mount.owner)

    async def _agent(self, stack: AsyncExitStack, mount: Mount, variables: dict[str, str]) -> None:
        agent = self._agents.get(mount.id)
        variables["SSH_AUTH_SOCK"] = mount.target  # as BuildKit has it, whether there is an agent or not
        if agent is None:
            if mount.required:
                raise SecretMissing(
                    f"RUN needs the ssh agent {mount.id}, which was not given",
                    hint="Give its socket to the build.",
                )
            return
        real = await stack.enter_async_context(self._freed(mount.target))
        await stack.enter_async_context(served(real, agent, mount.mode or 0, mount.owner))

    @asynccontextmanager
    async def _cached(self, mount: Mount) -> AsyncIterator[None]:
        """Put back also where the program failed: what it has fetched until then is good for the next try."""
        kept = Path(self._place.store, CACHES, _named(mount))
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        async with self._freed(mount.target) as real:
            if kept.exists():
                await asyncio.to_thread(copies.move, str(kept), real)
            elif mount.origin is not None:
                await self._bring(mount.origin, mount.source, real)
            else:
                _folder(real, mount.mode or 0, mount.owner)
            try:
                yield
            finally:
                if os.path.lexists(real):
                    await asyncio.to_thread(copies.move, real, str(kept))

    @asynccontextmanager
    async def _freed(self, target: str, *, guarded: bool = True) -> AsyncIterator[str]:
        """The real path of a target with nothing there, in folders that are made for it."""
        with Root(self._place.root, self._place.guarded if guarded else ()) as root:
            path = self._settled(root, target, guarded)
            made = sorted(root.made, reverse=True)
        real = self._place.inside(path)
        aside = Path(self._place.store, _ASIDE, hashlib.sha256(path.encode()).hexdigest()[:32])
        aside.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        was_there = os.path.lexists(real)
        if was_there:
            await asyncio.to_thread(copies.move, real, str(aside))
        try:
            yield real
        finally:
            await asyncio.to_thread(copies.remove, real)
            if was_there:
                await asyncio.to_thread(copies.move, str(aside), real)
            for folder in made:
                _remove_if_empty(self._place.inside(folder))

    def _settled(self, root: Root, target: str, guarded: bool) -> str:
        """The target's path without links. Raises StepFailed where it cannot be exchanged."""
        above, name = posixpath.split(target.rstrip("/"))
        place = root.folder(above.strip("/"), make=True)
        if place is None:
            raise StepFailed(f"The folder {above} of a mount cannot be made: it is not the image's")
        try:
            if os.readlink(name, dir_fd=place.fd) and (meant := root.folder(target.strip("/"), make=False)):
                return meant.path
        except OSError:
            pass  # no link
        path = f"{place.path}/{name}" if place.path else name
        held = [each.strip("/") for each in self._place.guarded] if guarded else []
        if any(path == each or each.startswith(f"{path}/") for each in held):
            raise StepFailed(
                f"A mount at {target} would hide what the container itself has there",
                hint="Choose another target, or a builder with an engine.",
            )
        return path


def _named(mount: Mount) -> str:
    """As in BuildKit, caches that begin differently are others, whatever their id."""
    key = repr((mount.id, mount.origin, mount.source, mount.mode, mount.owner))
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _write(path: str, content: bytes, mode: int, owner: tuple[int, int]) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
        os.fchown(fd, *owner)
        os.fchmod(fd, mode)


def _folder(path: str, mode: int, owner: tuple[int, int]) -> None:
    os.mkdir(path, 0o700)  # noqa: PTH102
    os.chown(path, *owner)
    os.chmod(path, mode)  # noqa: PTH101


def _remove_if_empty(path: str) -> None:
    try:
        os.rmdir(path)  # noqa: PTH106
    except OSError:
        return
