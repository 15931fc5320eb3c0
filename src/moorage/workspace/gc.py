"""Removes what moorage made and no workspace uses any more: images, helpers, volumes, caches."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from moorage.engine import containers, images, volumes
from moorage.engine.errors import Conflict
from moorage.engine.volumes import Volume
from moorage.errors import EngineError
from moorage.events import Notice
from moorage.spec import names
from moorage.workspace.site import Site

OWN_REPOSITORY = "moorage/"
_HELPER_AFTER = 3600
"""Seconds after which a helper container that is not at work counts as left behind."""

Kind = Literal["image", "container", "volume", "cache"]


class Garbage(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that nobody uses; `size` in bytes, 0 where it is not known. `removed`: it is gone now."""

    kind: Kind
    name: str
    size: int = 0
    removed: bool = False


class _Used(msgspec.Struct):
    """What of `GET /containers/json` tells which images and workspaces are in use."""

    Id: str
    Image: str = ""
    ImageID: str = ""
    State: str = ""
    Created: int = 0
    Names: list[str] = []
    Labels: dict[str, str] | None = None


async def collect(site: Site, *, volumes_too: bool, caches: bool, dry_run: bool) -> tuple[Garbage, ...]:
    """Find all of it and, unless `dry_run`, remove it. What cannot be removed is told and left.

    Volumes are only taken with `volumes_too`: a clone whose container is gone may hold work that is nowhere
    else. Raises EngineError where the engine cannot be asked.
    """
    there = await site.engine.get("/containers/json", list[_Used], {"all": True})
    found = [*await _images(site, there), *_helpers(there)]
    if volumes_too:
        found += await _volumes(site, there)
    if caches:
        found += _caches(site.cache)
    if dry_run:
        return tuple(found)
    return tuple([await _removed(each, site) for each in found])


async def lost_volumes(site: Site) -> tuple[str, ...]:
    """Volumes of workspaces that have no container, by name."""
    there = await site.engine.get("/containers/json", list[_Used], {"all": True})
    return tuple(each.name for each in await _volumes(site, there))


async def _images(site: Site, there: Sequence[_Used]) -> list[Garbage]:
    """Those under moorage's own name, and nameless ones with its label; names that others gave stay."""
    used = {each.ImageID for each in there} | {each.Image for each in there}
    found = []
    for image in await images.find(site.engine, names.IMAGE_INPUTS):
        tags = [tag for tag in image.RepoTags or () if tag != "<none>:<none>"]
        own = [tag for tag in tags if tag.startswith(OWN_REPOSITORY)]
        if image.Id in used or used.intersection(tags):
            continue
        last = len(own) == len(tags)
        for place, name in enumerate(own or ([] if tags else [image.Id])):
            found.append(Garbage(kind="image", name=name, size=image.Size if last and place == 0 else 0))
    return found


def _helpers(there: Sequence[_Used]) -> list[Garbage]:
    now = time.time()
    return [
        Garbage(kind="container", name=each.Names[0].removeprefix("/") if each.Names else each.Id)
        for each in there
        if (each.Labels or {}).get(names.ROLE) == "helper"
        and each.State != "running"
        and now - each.Created > _HELPER_AFTER
    ]


async def _volumes(site: Site, there: Sequence[_Used]) -> list[Garbage]:
    alive = {(each.Labels or {}).get(names.ID) for each in there}
    stored: list[Volume] = await volumes.find(site.engine, names.ID)
    return [
        Garbage(kind="volume", name=each.Name)
        for each in stored
        if (each.Labels or {}).get(names.ID) not in alive
    ]


def _caches(folder: Path) -> list[Garbage]:
    if not folder.is_dir():
        return []
    return [Garbage(kind="cache", name=str(entry), size=_size(entry)) for entry in sorted(folder.iterdir())]


def _size(path: Path) -> int:
    if path.is_symlink() or path.is_file():
        return path.lstat().st_size
    return sum(
        os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118 - as os.walk gives them
        for folder, _, files in os.walk(path)
        for name in files
    )


async def _removed(garbage: Garbage, site: Site) -> Garbage:
    try:
        match garbage.kind:
            case "image":
                gone = await images.remove(site.engine, garbage.name)
            case "container":
                gone = await containers.remove(site.engine, garbage.name)
            case "volume":
                gone = await volumes.remove(site.engine, garbage.name)
            case "cache":
                gone = await asyncio.to_thread(_remove_cache, Path(garbage.name))
    except Conflict:  # somebody uses it since we looked, or another image is built on it
        return garbage
    except (EngineError, OSError) as error:
        text = f"{garbage.name} cannot be removed: {error}"
        site.reporter.emit(Notice(level="warning", code="not-removed", text=text))
        return garbage
    return msgspec.structs.replace(garbage, removed=gone)


def _remove_cache(path: Path) -> bool:
    import shutil  # no other command removes folders

    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    return True
