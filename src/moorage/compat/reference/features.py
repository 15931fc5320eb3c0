"""`featuresConfiguration`, `outdated` and `upgrade`: a project's Features, what they are and could be."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import msgspec

from moorage.compat.authoring.dependencies import resolve
from moorage.compat.authoring.information import tags
from moorage.compat.reference.place import Place, text
from moorage.devcontainer import jsonc
from moorage.devcontainer.configuration import load
from moorage.devcontainer.features.comparison import Install
from moorage.devcontainer.features.lockfile import Lockfile, lockfile_path, resolved
from moorage.devcontainer.features.lockfile import read as read_lockfile
from moorage.devcontainer.features.order import Order
from moorage.devcontainer.features.outdated import Outdated, outdated
from moorage.devcontainer.features.reference import OciReference, declared, parse
from moorage.facts import bounded
from moorage.facts.features.finder import Finder
from moorage.planner.questions import ReadFeature

_INTERNAL = "2"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration's Features as written, with where it is and what is locked."""

    place: Place
    wanted: dict[str, object]
    override: tuple[str, ...]
    lockfile: Lockfile
    auto_mapping: bool = True


def asked(
    place: Place, additional: Mapping[str, object], *, auto_mapping: bool = True, changed: str | None = None
) -> Asked:
    """Read the file, or take `changed` for its text. Raises errors of the file and its lockfile."""
    data = text(place) if changed is None else changed.encode(errors="surrogateescape")
    document = jsonc.parse(data, place.override or place.config)
    own = load(document)
    return Asked(
        place=place,
        wanted=declared(own.features, additional, auto_mapping=auto_mapping),
        override=own.override_feature_install_order,
        lockfile=_lockfile(place),
        auto_mapping=auto_mapping,
    )


async def order(given: Asked, finder: Finder, *, locked: bool = True) -> Order:
    """The installs. Raises the errors of references, registries and the order."""
    return await resolve(
        given.wanted,
        finder,
        base=str(Path(given.place.config).parent),
        workspace=given.place.folder,
        override=given.override,
        lockfile=given.lockfile if locked else None,
    )


async def features_configuration(given: Asked, finder: Finder) -> dict[str, object] | None:
    """`featuresConfiguration` of a result; None without Features. `cachePath` is in moorage's own cache."""
    if not given.wanted:
        return None
    installs = (await order(given, finder)).installs
    folders = await asyncio.gather(*(finder.content(install.found) for install in installs))
    sets = [
        _set(given, install, str(folder), number)
        for number, (install, folder) in enumerate(zip(installs, folders, strict=True))
    ]
    top = str(folders[0].parent) if folders else ""
    return {"featureSets": sets, "dstFolder": top}


async def versions(given: Asked, finder: Finder) -> dict[str, Outdated]:
    """What each Feature of a registry is at and could be, by its reference as written; side by side."""
    references = [parse(each, auto_mapping=given.auto_mapping) for each in given.wanted]
    known = [each for each in references if isinstance(each, OciReference)]
    found = await asyncio.gather(*(_version(each, given, finder) for each in known))
    return {each.written: versions for each, versions in zip(known, found, strict=True)}


async def upgraded(given: Asked, finder: Finder) -> Lockfile:
    """The lockfile as it would be without the one that there is."""
    return resolved((await order(given, finder, locked=False)).installs, given.wanted)


def table(found: Mapping[str, Outdated]) -> str:
    """`outdated` for people: columns as wide as they need to be."""
    rows = [["Feature", "Current", "Wanted", "Latest"]]
    for reference, each in found.items():
        shown = (each.current, each.wanted, each.latest)
        rows.append([_without_version(reference), *(value or "-" for value in shown)])
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


async def _version(reference: OciReference, given: Asked, finder: Finder) -> Outdated:
    locked = given.lockfile.entry(reference.written)
    pinned = None
    if reference.digest:
        found = await finder.find(ReadFeature(reference=reference.written))
        pinned = found.feature.version
    listed = await tags(reference, finder)
    return outdated(reference, listed, locked=locked.version if locked else None, pinned=pinned)


def _set(given: Asked, install: Install, folder: str, number: int) -> dict[str, object]:
    found = install.found
    name = found.feature.id or found.base.rpartition("/")[2]
    feature = {
        **found.raw,
        "included": True,
        "value": install.value,
        "cachePath": folder,
        "consecutiveId": f"{name}_{number}",
    }
    body: dict[str, object] = {
        "sourceInformation": _source(install, auto_mapping=given.auto_mapping),
        "features": [feature],
        "internalVersion": _INTERNAL,
    }
    if found.kind != "local":
        body["computedDigest"] = found.digest
    return body


def _source(install: Install, *, auto_mapping: bool) -> dict[str, object]:
    found = install.found
    if found.kind == "local":
        return {"type": "file-path", "resolvedFilePath": found.content, "userFeatureId": found.reference}
    reference = parse(found.reference, auto_mapping=auto_mapping)
    if not isinstance(reference, OciReference):
        kind = "direct-tarball" if found.kind == "tarball" else "github-repo"
        key = "tarballUri" if found.kind == "tarball" else "apiUri"
        return {"type": kind, key: found.resolved, "userFeatureId": found.reference}
    return {
        "type": "oci",
        "manifest": found.manifest,
        "manifestDigest": found.digest,
        "featureRef": _reference(reference),
        "userFeatureId": found.reference,
        "userFeatureIdWithoutVersion": _without_version(found.reference),
    }


def _reference(reference: OciReference) -> dict[str, object]:
    namespace = reference.path.rpartition("/")[0]
    body: dict[str, object] = {
        "id": reference.id,
        "owner": namespace.partition("/")[0],
        "namespace": namespace,
        "registry": reference.registry,
        "resource": reference.base,
        "path": reference.path,
        "version": reference.tag or reference.digest,
    }
    return {**body, ("tag" if reference.tag else "digest"): reference.tag or reference.digest}


def _without_version(reference: str) -> str:
    head, slash, name = reference.rpartition("/")
    return head + slash + name.partition("@")[0].partition(":")[0]


def _lockfile(place: Place) -> Lockfile:
    path = Path(lockfile_path(place.config))
    try:
        return read_lockfile(bounded.read(str(path)), str(path))
    except FileNotFoundError:
        return Lockfile()
