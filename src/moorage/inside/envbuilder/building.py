"""What is to be built, as one Dockerfile, and what comes of it. Pure, but for reading the Dockerfile."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import Protocol

import msgspec

from moorage.errors import ConfigurationError
from moorage.inside.envbuilder.configured import Configured, beside
from moorage.inside.envbuilder.folder import Chosen

_REFERENCE = r"[A-Za-z0-9][A-Za-z0-9._:/@+\[\]-]*"


class NothingToBuild(ConfigurationError):
    """There is no configuration, no Dockerfile and no fallback image."""

    code = "envbuilder-nothing-to-build"


class NotBuiltHere(ConfigurationError):
    """The configuration needs what cannot be built inside a container."""

    code = "envbuilder-not-built-here"


class BadImage(ConfigurationError):
    """What should be an image's reference is none."""

    code = "envbuilder-bad-image"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One build. `name` is what messages call the Dockerfile; a `context` of "" is an empty one.

    `featured` is the configuration, where it has Features to install on top.
    """

    dockerfile: str
    name: str
    context: str = ""
    target: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    featured: Configured | None = None


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the container now: variables as NAME=value, the user, the label devcontainer.metadata.

    `fallback` is the sentence that says why it is not what the configuration asks for.
    """

    environment: tuple[str, ...] = ()
    user: str = ""
    metadata: str = ""
    fallback: str = ""


class Build(Protocol):
    """Puts an image into the container's own root, in the place of what was there. Raises MoorageError."""

    async def __call__(self, asked: Asked) -> Image: ...


def of_image(reference: str) -> Asked:
    """Raises BadImage, so that nothing but a reference stands in the Dockerfile."""
    if not re.fullmatch(_REFERENCE, reference):
        raise BadImage(f"{reference[:200]!r} is no reference of an image.", hint="Correct its name.")
    return Asked(dockerfile=f"FROM {reference}\n", name=reference)


def asked(chosen: Chosen, configured: Configured | None, read: Callable[[str], str]) -> Asked | None:
    """None where nothing is configured. Raises NotBuiltHere, BadImage, and what `read` does."""
    if chosen.dockerfile:
        return Asked(dockerfile=read(chosen.dockerfile), name=chosen.dockerfile, context=chosen.context)
    if configured is None:
        return None
    configuration = configured.configuration
    featured = configured if configuration.features else None
    if configuration.kind == "compose":
        raise NotBuiltHere(
            "The configuration uses Compose (dockerComposeFile), which is not built inside a container.",
            hint="Give an image or a Dockerfile.",
        )
    if configuration.kind == "image" or configuration.build is None:
        return msgspec.structs.replace(of_image(configuration.image or ""), featured=featured)
    build = configuration.build
    file = beside(configured.path, build.dockerfile or "Dockerfile")
    return Asked(
        dockerfile=read(file),
        name=file,
        context=beside(configured.path, build.context or "."),
        target=build.target or "",
        arguments=tuple((build.args or {}).items()),
        featured=featured,
    )


def ignore_files(asked: Asked) -> tuple[str, ...]:
    """Where the rules of what is left out of the context may be, the first that is there counts."""
    return (f"{asked.name}.dockerignore", posixpath.join(asked.context, ".dockerignore"))
