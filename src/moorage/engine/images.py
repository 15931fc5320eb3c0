"""Images that an engine has: what they are, tags, removal. Pulling is in `pull`."""

from __future__ import annotations

import msgspec

from .client import Engine, quoted
from .containers import filters
from .errors import ImageMissing, NotFound


class ImageConfig(msgspec.Struct):
    User: str = ""
    WorkingDir: str = ""
    Env: list[str] | None = None
    Entrypoint: list[str] | None = None
    Cmd: list[str] | None = None
    Labels: dict[str, str] | None = None
    Shell: list[str] | None = None
    StopSignal: str = ""


class RootFS(msgspec.Struct):
    Layers: list[str] | None = None


class Image(msgspec.Struct):
    """What `GET /images/{name}/json` says, as far as it is used; `Size` in bytes."""

    Id: str
    RepoTags: list[str] | None = None
    RepoDigests: list[str] | None = None
    Os: str = ""
    Architecture: str = ""
    Variant: str = ""
    Size: int = 0
    Created: str = ""
    Config: ImageConfig | None = None
    RootFS: RootFS = msgspec.field(default_factory=RootFS)

    @property
    def platform(self) -> str:
        """In the form os/architecture[/variant]."""
        return "/".join(part for part in (self.Os, self.Architecture, self.Variant) if part)


class Listed(msgspec.Struct):
    """One line of `GET /images/json`; `Created` in seconds since 1970, `Containers` is -1 where unknown."""

    Id: str
    RepoTags: list[str] | None = None
    Labels: dict[str, str] | None = None
    Size: int = 0
    Created: int = 0
    Containers: int = -1


async def inspect(engine: Engine, reference: str) -> Image | None:
    """The image of this reference or id; None when the engine does not have it."""
    try:
        return await engine.get(f"/images/{quoted(reference)}/json", Image)
    except (ImageMissing, NotFound):
        return None


async def find(engine: Engine, label: str) -> list[Listed]:
    """Images with a label: "key" or "key=value"."""
    return await engine.get("/images/json", list[Listed], {"filters": filters(label=label)})


async def tag(engine: Engine, image: str, reference: str) -> None:
    """Give the image one more name. Raises ImageMissing."""
    repository, name = split(reference)
    await engine.post(f"/images/{quoted(image)}/tag", {"repo": repository, "tag": name})


async def remove(engine: Engine, reference: str) -> bool:
    """Take this name away, and the image with its last one. False: it was gone. Raises Conflict in use."""
    try:
        await engine.delete(f"/images/{quoted(reference)}")
    except (ImageMissing, NotFound):
        return False
    return True


def split(reference: str) -> tuple[str, str]:
    """Repository, and tag or digest; a missing tag is "latest" (as the engine would pull all tags)."""
    name, at, digest = reference.partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = name, "latest"
    return repository, digest if at else tag
