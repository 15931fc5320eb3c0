"""Removes what moorage made and no workspace uses any more: images, helpers; volumes and caches if asked."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Literal

import msgspec

from moorage.engine import containers, images, volumes
from moorage.engine.errors import Conflict
from moorage.errors import EngineError
from moorage.spec import names
from moorage.workspace.site import Site, owner

OWN_REPOSITORY = "moorage/devcontainer"
CACHES = ("compose", "contexts", "exports", "features", "git")
"""What of the cache's folder is ours for certain: MOORAGE_CACHE may name one that holds other things too."""

_HELPER_RUNS = 3600
"""Seconds after which a helper at work counts as left behind."""
_HELPER_STARTS = 60
"""Seconds in which a helper may exist without being at work: it is made first and started then."""
_VOLUME_RESTS = 3600
"""Seconds in which a volume may exist without a container: an `up` is making it."""
_GOING = ".removed"

Kind = Literal["image", "helper", "volume", "cache", "builder", "lease", "build-cache"]


class Garbage(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that nobody uses. `size`: bytes that it alone takes, 0 where unknown; `why` is for people."""

    kind: Kind
    name: str
    why: str
    size: int = 0


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it: removed, or kept with the reason."""

    removed: tuple[Garbage, ...] = ()
    kept: tuple[Garbage, ...] = ()


class ImageSeen(msgspec.Struct, frozen=True):
    """One line of `GET /images/json`; `SharedSize` is -1 where the engine does not say."""

    Id: str
    RepoTags: list[str] | None = None
    Labels: dict[str, str] | None = None
    Size: int = 0
    SharedSize: int = -1


class ContainerSeen(msgspec.Struct, frozen=True):
    """One line of `GET /containers/json`; `Created` in seconds since 1970."""

    Id: str
    Names: list[str] = []
    Image: str = ""
    ImageID: str = ""
    State: str = ""
    Created: int = 0
    Labels: dict[str, str] | None = None


class VolumeSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A volume with the workspace's labels; times in seconds since 1970, size in bytes (0: unknown)."""

    name: str
    labels: dict[str, str]
    created: float
    size: int = 0


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """All that the engine holds at one moment."""

    images: tuple[ImageSeen, ...] = ()
    containers: tuple[ContainerSeen, ...] = ()
    volumes: tuple[VolumeSeen, ...] = ()
    now: float


async def look(site: Site) -> Seen:
    """What is there. Raises EngineError."""
    shown, there, stored = await asyncio.gather(
        site.engine.get("/images/json", list[ImageSeen], {"shared-size": True}),
        site.engine.get("/containers/json", list[ContainerSeen], {"all": True}),
        volumes.find(site.engine, names.ID),
    )
    sizes = await _sizes(site) if stored else {}
    return Seen(
        images=tuple(shown),
        containers=tuple(there),
        volumes=tuple(
            VolumeSeen(
                name=each.Name,
                labels=each.Labels or {},
                created=seconds(each.CreatedAt),
                size=sizes.get(each.Name, 0),
            )
            for each in stored
        ),
        now=time.time(),
    )


def decide(seen: Seen, *, owner: str) -> tuple[Garbage, ...]:
    """What nobody uses, volumes last; of helpers and volumes only the owner's ("": everybody's). Pure."""
    return (*_images(seen), *_helpers(seen, owner), *_volumes(seen, owner))


def mine(site: Site) -> str:
    """The owner whose things are collected by default."""
    return owner(site.environment)


def caches(folder: Path) -> tuple[Garbage, ...]:
    """The caches of this machine; all of them can be made again."""
    found = [folder / name for name in CACHES if (folder / name).is_dir()]
    left = sorted(folder.glob(f".*{_GOING}")) if folder.is_dir() else []
    return tuple(
        Garbage(kind="cache", name=str(each), why="can be made again", size=_size(each))
        for each in (*found, *left)
    )


async def remove(site: Site, found: tuple[Garbage, ...]) -> Collected:
    """Remove these, one after the other; what is in use by now, or cannot be removed, is kept and told."""
    removed, kept = [], []
    for each in found:
        try:
            await _remove(site, each)
        except Conflict:
            kept.append(msgspec.structs.replace(each, why="in use"))
        except (EngineError, OSError) as error:
            kept.append(msgspec.structs.replace(each, why=f"cannot be removed: {error}"))
        else:
            removed.append(each)
    return Collected(removed=tuple(removed), kept=tuple(kept))


def _images(seen: Seen) -> list[Garbage]:
    """Those under moorage's own name, and nameless ones with its label.

    Names that others gave stay, and so does an image under them: images made FROM one of ours inherit its
    label.
    """
    used = {name for each in seen.containers for name in (each.Image, each.ImageID)}
    found = []
    for image in seen.images:
        tags = [tag for tag in image.RepoTags or () if tag != "<none>:<none>"]
        own = [tag for tag in tags if _familiar(tag).startswith(f"{OWN_REPOSITORY}:")]
        nameless = not tags and names.IMAGE_INPUTS in (image.Labels or {})
        if used.intersection((image.Id, *tags)) or not (own or nameless):
            continue
        size = image.Size - max(image.SharedSize, 0)
        last = own[-1] if len(own) == len(tags) and own else image.Id
        for name in own or [image.Id]:
            freed = size if name == last else 0
            found.append(Garbage(kind="image", name=name, why="no container uses it", size=freed))
    return found


def _familiar(tag: str) -> str:
    """As Docker has it: Podman names the registry."""
    return tag.removeprefix("docker.io/")


def _helpers(seen: Seen, owner: str) -> list[Garbage]:
    found = []
    for each in seen.containers:
        labels, age = each.Labels or {}, seen.now - each.Created
        if labels.get(names.ROLE) != "helper" or not _belongs(labels, owner):
            continue
        running = each.State == "running"
        if age > (_HELPER_RUNS if running else _HELPER_STARTS):
            name = each.Names[0].removeprefix("/") if each.Names else each.Id
            why = f"at work for {age / 3600:.0f} h" if running else f"left behind ({each.State})"
            found.append(Garbage(kind="helper", name=name, why=why))
    return found


def _volumes(seen: Seen, owner: str) -> list[Garbage]:
    alive = {(each.Labels or {}).get(names.ID) for each in seen.containers}
    return [
        Garbage(kind="volume", name=each.name, why=_whose(each.labels), size=each.size)
        for each in seen.volumes
        if each.labels.get(names.ID) not in alive
        and _belongs(each.labels, owner)
        and seen.now - each.created > _VOLUME_RESTS
    ]


def _belongs(labels: dict[str, str], owner: str) -> bool:
    return not owner or labels.get(names.OWNER) == owner


def _whose(labels: dict[str, str]) -> str:
    source = labels.get(names.SOURCE, "").removeprefix("git:")
    return f"its workspace has no container; cloned from {source}" if source else "it has no container"


async def _remove(site: Site, garbage: Garbage) -> None:
    match garbage.kind:
        case "image":
            await images.remove(site.engine, garbage.name)
        case "helper":
            await containers.remove(site.engine, garbage.name)
        case "volume":
            await volumes.remove(site.engine, garbage.name)
        case "cache":
            await asyncio.to_thread(_remove_folder, Path(garbage.name))


def _remove_folder(path: Path) -> None:
    """Out of the way first, so that an `up` at this moment finds all of a cache or nothing."""
    import shutil  # no other command removes folders

    going = path
    if not path.name.endswith(_GOING):
        going = path.with_name(f".{path.name}.{os.getpid()}{_GOING}")
        path.rename(going)
    shutil.rmtree(going)


def _size(folder: Path) -> int:
    """What the files take on the disk."""
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(f"{place}/{name}").st_blocks * 512
            except OSError:  # gone since
                continue
    return total


class _Usage(msgspec.Struct):
    Size: int = -1


class _Volume(msgspec.Struct):
    Name: str
    UsageData: _Usage | None = None


class _Disk(msgspec.Struct):
    Volumes: list[_Volume] | None = None


async def _sizes(site: Site) -> dict[str, int]:
    """The sizes of volumes, which the engine counts on demand; none where it does not come to an end."""
    try:
        disk = await site.engine.get("/system/df", _Disk, {"type": "volume"})
    except EngineError:
        return {}
    return {each.Name: max(each.UsageData.Size, 0) for each in disk.Volumes or () if each.UsageData}


def seconds(text: str) -> float:
    """Since 1970, of a time in ISO 8601; one that cannot be read is long ago."""
    from datetime import datetime  # where there is a time only

    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0
