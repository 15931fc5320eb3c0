"""A configuration as moorage understands it, for a person who wants to know why something is as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from moorage.devcontainer.discovery import SEARCH_PATTERNS, Candidate, candidates
from moorage.devcontainer.metadata import Merged
from moorage.devcontainer.variables import substitute
from moorage.devcontainer.warnings import Warning, warnings
from moorage.errors import UsageError
from moorage.planner.configured import configured
from moorage.planner.questions import ConfigurationFile, ReadConfiguration
from moorage.planner.request import Request
from moorage.spec.source import GitSource, ImageSource, LocalFolder
from moorage.workspace.answers import answers
from moorage.workspace.site import Site
from moorage.workspace.up import foresee


class NothingToList(UsageError):
    """Only folders are looked through for configurations."""

    code = "nothing-to-list"


class Understood(msgspec.Struct, frozen=True, kw_only=True):
    """`configuration` has its variables filled in; `merged`, `remote_user`: only where asked for.

    `remote_user` is "" where only the image knows.
    """

    path: str
    commit: str
    warnings: tuple[Warning, ...]
    configuration: dict[str, object]
    workspace_folder: str
    workspace_mount: str
    devcontainer_id: str
    remote_user: str = ""
    merged: dict[str, object] | None = None


async def understand(request: Request, site: Site, *, merged: bool) -> Understood:
    """Read the configuration; with `merged` over the metadata of its image too. Changes nothing.

    Raises the errors of discovery and of the configuration, and with `merged` those of its image.
    """
    question = _question(request)
    file = (await answers(request, site, (question,)))[question]
    assert isinstance(file, ConfigurationFile)
    found = configured(request, file)
    mount = found.paths.mount
    plain = Understood(
        path=file.path,
        commit=file.commit,
        warnings=warnings(found.document),
        configuration=substitute(found.raw, found.variables),
        workspace_folder=found.paths.folder,
        workspace_mount=f"{mount.kind} {mount.source or ''} at {mount.target}" if mount else "",
        devcontainer_id=found.variables.devcontainer_id or "",
        remote_user=found.configuration.remote_user or found.configuration.container_user or "",
    )
    if not merged:
        return plain
    wanted = (await foresee(request, site)).wanted
    if wanted is None:
        return plain
    return msgspec.structs.replace(plain, remote_user=wanted.remote_user, merged=as_written(wanted.merged))


def as_written(merged: Merged) -> dict[str, object]:
    """What somebody set, under the names that the specification has."""
    values = msgspec.to_builtins(merged)
    return {_camel(name): _set(value) for name, value in values.items() if _set(value) not in ({}, [], "")}


def configurations(request: Request) -> tuple[Candidate, ...]:
    """Every configuration of a local folder. Raises NothingToList for other sources."""
    if not isinstance(request.source, LocalFolder):
        raise NothingToList(
            "Only the configurations of a folder on this machine can be listed.",
            hint="Clone the repository, or name one with --config.",
        )
    top = Path(request.source.path)
    found = (path for pattern in SEARCH_PATTERNS for path in top.glob(pattern) if path.is_file())
    return candidates(str(path.relative_to(top)) for path in found)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _set(value: object) -> object:
    """Without members that nobody set."""
    if not isinstance(value, dict):
        return "" if value is None or value is False or value == 0 else value
    return {name: each for name, each in value.items() if each not in (None, 0, False)}


def _question(request: Request) -> ReadConfiguration:
    """Before any container: the source decides."""
    place: Literal["folder", "git", "image"] = "folder"
    if isinstance(request.source, GitSource):
        place = "git"
    elif isinstance(request.source, ImageSource):
        place = "image"
    return ReadConfiguration(place=place, path=request.config)
