"""A configuration as moorage understands it, for a person who wants to know why something is as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from moorage.devcontainer import metadata
from moorage.devcontainer.discovery import SEARCH_PATTERNS, Candidate, candidates, choose
from moorage.devcontainer.lifecycle import Stage, initialize, stages
from moorage.devcontainer.metadata import Merged
from moorage.devcontainer.mounts import Mount
from moorage.devcontainer.variables import substitute
from moorage.devcontainer.warnings import Warning, warnings
from moorage.errors import UsageError
from moorage.planner.configured import Configured, configured
from moorage.planner.questions import ConfigurationFile, ReadConfiguration
from moorage.planner.request import Request
from moorage.planner.steps import CreateContainer
from moorage.spec.source import GitSource, ImageSource, LocalFolder, display
from moorage.workspace.answers import answers
from moorage.workspace.site import Site
from moorage.workspace.up import foresee


class NothingToList(UsageError):
    """An image has no devcontainer.json."""

    code = "nothing-to-list"


class Understood(msgspec.Struct, frozen=True, kw_only=True):
    """`configuration` has its variables filled in; `merged` is only there where it was asked for.

    Hooks, mounts, names of the environment and ports are those of the merged configuration where that was
    asked for, else the file's own. `remote_user` is "" where only the image knows.
    """

    name: str
    workspace: str
    path: str
    commit: str
    warnings: tuple[Warning, ...]
    configuration: dict[str, object]
    kind: str
    made_from: str
    workspace_folder: str
    workspace_mount: str
    devcontainer_id: str
    remote_user: str
    hooks: tuple[Stage, ...]
    wait_for: str
    mounts: tuple[str, ...]
    container_env: tuple[str, ...]
    remote_env: tuple[str, ...]
    forward_ports: tuple[int | str, ...]
    merged: dict[str, object] | None = None


async def understand(request: Request, site: Site, *, merged: bool) -> Understood:
    """Read the configuration; with `merged` over the metadata of its image too. Changes nothing.

    Raises the errors of discovery and of the configuration, and with `merged` those of its image.
    """
    question = _question(request)
    file = (await answers(request, site, (question,)))[question]
    assert isinstance(file, ConfigurationFile)
    found = configured(request, file)
    value = substitute(found.raw, found.variables)
    own = metadata.merge([metadata.entry(value)])
    if not merged:
        user = own.remote_user or own.container_user or ""
        return _understood(request, found, value, own, user)
    unasked = msgspec.structs.replace(request, allow_host_commands=True)  # foreseeing runs no command
    foreseen = await foresee(unasked, site)
    if foreseen.wanted is None:
        return _understood(request, found, value, own, "")
    whole = foreseen.wanted.merged
    if any(isinstance(step, CreateContainer) for step in foreseen.steps):  # its environment is not known yet
        whole = msgspec.structs.replace(whole, remote_env={**whole.remote_env, **own.remote_env})
    plain = _understood(request, found, value, whole, foreseen.wanted.remote_user)
    return msgspec.structs.replace(plain, merged=as_written(whole))


async def configurations(request: Request, site: Site) -> tuple[Candidate, ...]:
    """Every configuration of a folder or repository. Raises NothingToList, NoConfiguration."""
    source = request.source
    if isinstance(source, ImageSource):
        raise NothingToList(
            "An image has no configurations to list.", hint="Give a folder or a Git URL, or leave --list out."
        )
    paths = _in_folder(source) if isinstance(source, LocalFolder) else await _in_repository(source, site)
    found = candidates(paths)
    if not found:
        choose(found, None, folder=display(source))  # says what was looked for, and where
    return found


def as_written(merged: Merged) -> dict[str, object]:
    """What somebody set, under the names that the specification has."""
    unset = Merged()
    set_ = (name for name in Merged.__struct_fields__ if getattr(merged, name) != getattr(unset, name))
    return {_camel(name): _plain(getattr(merged, name)) for name in set_ if name != "problems"}


def _understood(
    request: Request, found: Configured, value: dict[str, object], merged: Merged, user: str
) -> Understood:
    own, mount = found.configuration, found.paths.mount
    first = initialize(own.initialize_command)
    return Understood(
        name=request.slug,
        workspace=request.workspace,
        path=found.file.path,
        commit=found.file.commit,
        warnings=(*warnings(found.document), *_problems(merged)),
        configuration=value,
        kind=own.kind,
        made_from=_made_from(found),
        workspace_folder=found.paths.folder,
        workspace_mount=_mount(_of_workspace(request, mount)) if mount else "",
        devcontainer_id=found.variables.devcontainer_id or "",
        remote_user=user,
        hooks=(*([first] if first else ()), *stages(merged)),
        wait_for=merged.wait_for or "",
        mounts=tuple(_mount(each) for each in merged.mounts),
        container_env=tuple(merged.container_env),
        remote_env=tuple(merged.remote_env),
        forward_ports=merged.forward_ports,
    )


def _made_from(found: Configured) -> str:
    """The image's reference, or the Dockerfile with its target."""
    own = found.configuration
    if own.kind != "dockerfile" or own.build is None:
        return own.image or ""
    target = f", target {own.build.target}" if own.build.target else ""
    return f"{own.build.dockerfile}{target}"


def _problems(merged: Merged) -> tuple[Warning, ...]:
    return tuple(Warning(code="image-metadata", text=text) for text in merged.problems)


def _mount(mount: Mount) -> str:
    only = " (read only)" if mount.read_only else ""
    return " ".join(word for word in (mount.kind, mount.source or "", f"at {mount.target}{only}") if word)


def _of_workspace(request: Request, mount: Mount) -> Mount:
    """A repository is cloned into a volume, whatever the file's mount is on the machine of its authors."""
    if isinstance(request.source, GitSource):
        return Mount(kind="volume", source=request.volume, target=mount.target)
    return mount


def _in_folder(source: LocalFolder) -> list[str]:
    top = Path(source.path)
    found = (path for pattern in SEARCH_PATTERNS for path in top.glob(pattern) if path.is_file())
    return [str(path.relative_to(top)) for path in found]


async def _in_repository(source: GitSource, site: Site) -> list[str]:
    from moorage.git.cache import fetch  # only for a repository
    from moorage.git.client import ls_remote

    resolved = await ls_remote(source, environ=site.environment)
    checkout = await fetch(source, str(site.cache / "git"), resolved=resolved)
    top = f"{resolved.subfolder}/" if resolved.subfolder else ""
    return [name.removeprefix(top) for name in checkout.files if name.startswith(top)]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join("UID" if word == "uid" else word.capitalize() for word in rest)


def _plain(value: object) -> object:
    """For JSON: members of our own types that nobody set are left out, and nothing of what people wrote."""
    if isinstance(value, msgspec.Struct):
        members = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        return {
            shown: _plain(getattr(value, name)) for shown, name in members if getattr(value, name) is not None
        }
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _question(request: Request) -> ReadConfiguration:
    """Before any container: the source decides."""
    place: Literal["folder", "git", "image"] = "folder"
    if isinstance(request.source, GitSource):
        place = "git"
    elif isinstance(request.source, ImageSource):
        place = "image"
    return ReadConfiguration(place=place, path=request.config)
