"""Finds a workspace by what the user calls it, in one look at the labels that the engine holds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import msgspec

from moorage.drivers.base import Listed
from moorage.errors import UsageError
from moorage.spec import names
from moorage.spec.source import (
    BadSource,
    FolderGone,
    GitSource,
    LocalFolder,
    Source,
    canonical,
    default_name,
    display,
    parse,
)
from moorage.workspace.recall import source_of
from moorage.workspace.site import Site, owner

_SHOWN = 12


class NoWorkspace(UsageError):
    """Nothing on this engine has that name, and nothing was made from that source."""

    code = "no-workspace"


class SeveralWorkspaces(UsageError):
    """The text means more than one workspace."""

    code = "several-workspaces"


class NoContainer(UsageError):
    """The workspace has files in a volume, but no container to work in."""

    code = "no-container"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the user stands: who it is, and what relative paths refer to."""

    owner: str
    folder: str
    home: str


async def find(text: str, site: Site) -> Listed:
    """The workspace of this name or source. Raises NoWorkspace, SeveralWorkspaces."""
    return choose(text, await site.driver.list(), place(site.environment))


async def find_with_container(text: str, site: Site) -> Listed:
    """As `find`, for what can only be done to a container. Raises NoContainer besides."""
    found = await find(text, site)
    if not found.container:
        raise NoContainer(
            f"The workspace {found.name or found.workspace} has no container ({found.state}).",
            hint=f"Run `moorage up {shown_source(found)}` to finish it, or `moorage delete` to remove it.",
        )
    return found


def choose(text: str, listed: Sequence[Listed], here: Place) -> Listed:
    """Which of these is meant. Pure but for asking whether a folder exists.

    A name counts before others' workspaces of that name where it is one's own. A source means what `up` with
    the same words would make, else the only workspace made from it. A text that is the name of one workspace
    and the source of another is refused; `./NAME` says that the folder is meant.
    """
    exact = [each for each in listed if text in (each.workspace, each.container)]
    if exact:
        return exact[0]
    named = _own_first([each for each in listed if each.name == text], here)
    meant = source_meant(text, here)
    source = canonical(meant) if meant else ""
    made = _made_from(source, listed, here) if source else []
    found = list({each.workspace: each for each in (*named, *made)}.values())
    if not found:
        raise _none(text, source, listed, here)
    if len(found) > 1:
        raise SeveralWorkspaces(
            f"{text!r} means {len(found)} workspaces.",
            evidence=tuple(_line(each) for each in found),
            hint="Give the name or the id of the one that you mean"
            + (f", or ./{text} for the folder." if named and made else "."),
        )
    return found[0]


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """What `up` with the same words and no further choice makes."""

    workspace: str
    container: str


def usual(text: str, here: Place) -> Usual | None:
    """Which container to look at first for a text that can only be a source, as `choose` would find it.

    None for what may be a name; names have neither slashes nor dots.
    """
    if "/" not in text and text not in (".", ".."):
        return None
    source = source_meant(text, here)
    if source is None:
        return None
    workspace = names.workspace_id(here.owner, canonical(source), "", "")
    return Usual(workspace=workspace, container=names.container_name(default_name(source), workspace))


def place(environment: Mapping[str, str]) -> Place:
    """The user and folder of this process; a folder that is gone keeps the name that the shell knows."""
    try:
        folder = os.getcwd()  # noqa: PTH109 - as `up` reads it
    except FileNotFoundError:
        folder = environment.get("PWD", "/")
    return Place(owner=owner(environment), folder=folder, home=environment.get("HOME", "/"))


def source_meant(text: str, here: Place) -> Source | None:
    """The source that the text stands for, whether or not it is there; None for what can only be a name."""
    try:
        return parse(text, cwd=here.folder, home=here.home, is_folder=_is_folder)
    except FolderGone:  # a workspace outlives its folder
        return parse(text, cwd=here.folder, home=here.home, is_folder=lambda path: True)
    except BadSource:
        return None


def shown_source(listed: Listed) -> str:
    """The source of a workspace as one would type it."""
    source = source_of(listed.source)
    return display(source) if source else listed.source


def _own_first(found: list[Listed], here: Place) -> list[Listed]:
    return [each for each in found if each.owner == here.owner] or found


def _made_from(source: str, listed: Sequence[Listed], here: Place) -> list[Listed]:
    found = _own_first([each for each in listed if each.source == source], here)
    plain = names.workspace_id(here.owner, source, "", "")
    return [each for each in found if each.workspace == plain] or found


def _none(text: str, source: str, listed: Sequence[Listed], here: Place) -> NoWorkspace:
    own = _own_first(list(listed), here)
    evidence = tuple(_line(each) for each in own[:_SHOWN])
    if len(own) > _SHOWN:
        evidence += (f"and {len(own) - _SHOWN} more",)
    if not own:
        evidence = ("There is no workspace on this engine.",)
    return NoWorkspace(f"There is no workspace {text!r}.", evidence=evidence, hint=_hint(text, source, own))


def _hint(text: str, source: str, own: list[Listed]) -> str:
    found = source_of(source) if source else None
    if isinstance(found, LocalFolder):
        around = next((each for each in own if f"{found.path}/".startswith(_folder_of(each))), None)
        if around is not None:
            return f"{found.path} lies in the folder of the workspace {around.name}: name that one."
    from moorage.devcontainer.spelling import did_you_mean  # for a failure only

    near = did_you_mean(text, [each.name for each in own])
    if near:
        return near
    if (isinstance(found, LocalFolder) and _is_folder(found.path)) or isinstance(found, GitSource):
        return f"Make one with `moorage up {text}`."
    return "Give a name from `moorage list`, or the source that the workspace was made from."


def _is_folder(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - pathlib would be a tenth of all that exec loads


def _folder_of(listed: Listed) -> str:
    return listed.source.removeprefix("folder:").rstrip("/") + "/" if listed.source else "\0"


def _line(listed: Listed) -> str:
    return f"{listed.name or listed.workspace}  {listed.state}  {shown_source(listed)}  ({listed.workspace})"
