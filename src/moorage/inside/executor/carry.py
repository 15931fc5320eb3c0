"""Carries out one step in the root: runs, copies, makes a folder."""

from __future__ import annotations

import asyncio
import os
import posixpath
from collections.abc import Callable
from pathlib import Path

import msgspec

from moorage.inside.executor import bases, copies, users
from moorage.inside.executor.copying.copy import copy
from moorage.inside.executor.copying.face import Copying, Fetch, Source
from moorage.inside.executor.errors import CommandFailed, StepFailed
from moorage.inside.executor.images import Images
from moorage.inside.executor.order import Order
from moorage.inside.executor.place import Place
from moorage.inside.executor.running import process
from moorage.inside.executor.running.mounted import Mounts
from moorage.inside.executor.step import Copy, Folder, Origin, Run, Step
from moorage.inside.layers.journal import Journal
from moorage.inside.layers.root import Root

Say = Callable[[str], None]


class Carrier:
    """Knows where stages and images are whose files are asked for."""

    def __init__(self, order: Order, place: Place, images: Images, say: Say, fetch: Fetch) -> None:
        self._order, self._place, self._images, self._say, self._fetch = order, place, images, say, fetch
        self._unpacked: dict[str, str] = {}
        self._mounts = Mounts(place, dict(order.secrets), dict(order.ssh), self._bring)

    async def carry_out(self, step: Step) -> None:
        """Raises MoorageError, UnknownUser and OSError."""
        match step.act:
            case Run() as run:
                await self._run(run)
            case Copy() as copying:
                await self._copy(copying)
            case Folder() as folder:
                await asyncio.to_thread(self._make, folder.path, folder.user)
            case None:
                pass

    def stage_folder(self, name: str) -> str:
        """Where a stage is that is done."""
        return f"{self._place.store}/stages/{name}"

    async def _run(self, run: Run) -> None:
        with Root(self._place.root) as root:
            identity = users.read(root).identity(run.user)
            if root.folder(run.folder.strip("/"), make=True) is None:
                raise StepFailed(f"The folder {run.folder} cannot be made")
        script = (run.command[-1], run.script) if run.script is not None else None
        async with self._mounts.mounted(run.mounts, script) as variables:
            environment = {"HOME": identity.home, **dict(run.environment), **variables}
            try:
                ended = await process.run(
                    run.command,
                    environment=environment,
                    identity=identity,
                    folder=run.folder,
                    root=self._place.root,
                    say=self._say,
                )
            except OSError as error:
                raise CommandFailed(
                    f"{run.command[0]} cannot be started: {error.strerror}",
                    hint="See whether the image has it, and for this machine's processor.",
                ) from error
        if ended.status:
            how = f"ended with {ended.status}" if ended.status > 0 else f"was ended by signal {-ended.status}"
            raise CommandFailed(
                f"{_said(run.command)} {how}", evidence=ended.last, hint="See what it says; then build again."
            )

    async def _copy(self, step: Copy) -> None:
        copying = step.copying
        with Root(self._place.root, self._place.guarded) as root:
            if step.owner:
                copying = msgspec.structs.replace(copying, owner=users.read(root).owner(step.owner))
            for line in await copy(copying, await self._source(step.origin), root, self._fetch):
                self._say(f"  {line}")

    async def _source(self, origin: Origin) -> Source:
        order = self._order
        match origin.kind:
            case "stage":
                return Source(folder=self.stage_folder(origin.name), ignore=None, is_context=False)
            case "image":
                return Source(folder=await self._image(origin.name), ignore=None, is_context=False)
            case "folder":
                return Source(folder=origin.name, ignore=None, is_context=True)
            case "context":
                folder = order.context or self._empty()
                return Source(folder=folder, ignore=order.ignore, is_context=True)

    async def _bring(self, origin: Origin, path: str, target: str) -> None:
        """What a mount names, to a path that is free."""
        source = await self._source(origin)
        if not source.is_context:
            with Root(source.folder) as root:
                found = _below(root, path)
            if found is None:
                raise StepFailed(f"There is nothing at {path or '/'} to mount")
            await asyncio.to_thread(copies.copy, f"{source.folder}/{found}", target)
            return
        above, name = posixpath.split(target)
        with Root(above) as root:
            is_folder = await asyncio.to_thread(os.path.isdir, f"{source.folder}/{path.lstrip('/')}")
            copying = Copying(
                sources=(path or "/",),
                destination=f"/{name}/" if is_folder else f"/{name}",
                folder="/",
                owner=None,
            )
            await copy(copying, source, root, self._fetch)

    async def _image(self, reference: str) -> str:
        """The folder of an image that files are taken from, unpacked once."""
        if reference not in self._unpacked:
            folder = Path(self._place.store, "images", str(len(self._unpacked)))
            folder.mkdir(parents=True)
            image = await self._images.find(reference, self._order.platform)
            self._say(f"  unpacking {reference} ({len(image.layers)} layers)")
            journal = Journal(folder.with_suffix(".json"))
            await bases.unpack(image, self._images, self._place, str(folder), journal)
            self._unpacked[reference] = str(folder)
        return self._unpacked[reference]

    def _empty(self) -> str:
        folder = Path(self._place.store, "images", "none")
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)

    def _make(self, path: str, user: str) -> None:
        """What of a folder is not there belongs to the user."""
        with Root(self._place.root, self._place.guarded) as root:
            uid, gid = users.read(root).owner(user) if user else (0, 0)
            if root.folder(path.strip("/"), make=True) is None:
                raise StepFailed(f"The folder {path} cannot be made")
            for made in root.made:
                os.chown(self._place.inside(made), uid, gid, follow_symlinks=False)


def _below(root: Root, path: str) -> str | None:
    """The path without links, if anything is there."""
    clean = posixpath.normpath(f"/{path}").strip("/")
    if not clean:
        return "."
    above, _, name = clean.rpartition("/")
    place = root.folder(above, make=False)
    if place is None or not os.path.lexists(f"/proc/self/fd/{place.fd}/{name}"):
        return None
    try:
        target = os.readlink(name, dir_fd=place.fd)
    except OSError:
        return f"{place.path}/{name}" if place.path else name
    return _below(root, posixpath.join("/", place.path, target))


def _said(command: tuple[str, ...]) -> str:
    text = command[-1] if len(command) == 3 and command[1] == "-c" else " ".join(command)
    first = text.strip().splitlines()[0] if text.strip() else command[0]
    return f"{first[:100]}…" if len(first) > 100 else first
