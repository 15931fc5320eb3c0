"""Whether there is anything to sync for a workspace: its files are a copy of a folder of this machine."""

from __future__ import annotations

import os

import msgspec

from moorage.devcontainer.users import user_name
from moorage.errors import RefusedError
from moorage.spec import names
from moorage.spec.observation import Container
from moorage.spec.run import Content, read
from moorage.workspace.find import find_with_container
from moorage.workspace.session import running
from moorage.workspace.settings import remote_user, settings
from moorage.workspace.site import Site


class NothingToSync(RefusedError):
    """The workspace's files were not uploaded from a folder of this machine, so there is nothing to copy."""

    code = "nothing-to-sync"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Both ends: a folder here, and one in the container; `user` owns what is new there."""

    container: str
    local: str
    remote: str
    user: str


async def place_of(text: str, site: Site) -> Place:
    """The ends for the workspace of this name or source, which is started first where it does not run.

    Raises NothingToSync, and what finding and starting raise.
    """
    listed = await find_with_container(text, site)
    content = _content(listed.labels)
    if content.kind != "upload":
        raise NothingToSync(_WHY[content.kind][0], hint=_WHY[content.kind][1])
    if not os.path.isdir(content.source):  # noqa: PTH112
        raise NothingToSync(
            f"The folder {content.source}, which the workspace was made from, is not on this machine.",
            hint="Run this where the folder is.",
        )
    container = (await running(listed, site)).container
    if container is None:
        raise TypeError("a running workspace has a container")
    return Place(
        container=container.id,
        local=content.source,
        remote=content.target.rstrip("/"),
        user=await _owner(container, site),
    )


_WHY = {
    "bind": (
        "The workspace uses the folder itself, not a copy of it.",
        "Look into the folder: each change is on both sides at once.",
    ),
    "clone": (
        "The workspace's files were cloned from a repository.",
        "Use git in the workspace: `moorage exec … -- git pull`, and push what you want to keep.",
    ),
    "none": (
        "The workspace has no files of a project.",
        "Copy single files through `moorage exec … -- sh -c 'cat > FILE'`.",
    ),
}


async def _owner(container: Container, site: Site) -> str:
    return user_name(remote_user(await settings(container, site), container))


def _content(labels: dict[str, str]) -> Content:
    spec = read(labels.get(names.SPEC, ""))
    return spec.content if spec else Content(kind="none")
