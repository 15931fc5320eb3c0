"""Everything the planner may ask, all of it answered without writing anywhere; and the answers.

A question is a frozen value: asked twice it is the same question, answered once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from moorage.dockerfile.reading import Reads


class ReadConfiguration(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Which devcontainer.json decides, and what it says. Answer: `ConfigurationFile`.

    folder: of a local folder. git: of a Git source at the commit it names, without cloning it. workspace: of
    a container whose own files decide (design section 1, Authority); exported: the same with all files, for a
    build. image: made up from an image reference. `folder` and `commit` are the workspace's.
    `override` is a file of this machine whose text stands in the place of the folder's own.
    """

    place: Literal["folder", "git", "workspace", "exported", "image"]
    container: str = ""
    path: str = ""
    folder: str = ""
    commit: str = ""
    override: str = ""


class ConfigurationFile(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration's text. `path` is relative to the repository; `root` a folder of this machine that
    holds its Dockerfile and context ("" where there is none yet); `commit` pins a Git source; `lock` is the
    text of the lockfile beside it (None where there is none)."""

    path: str
    text: bytes
    root: str = ""
    commit: str = ""
    default_branch: str = ""
    lock: bytes | None = None


class Observe(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What exists of the workspace. Answer: `Observation`."""

    container: str
    volume: str = ""


class FindImage(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What an image is, from the engine or, unless `local`, its registry. Answer: `ImageFacts`, or None.

    None is an answer only where `local` or `optional` is set; else a missing image is an error.
    """

    reference: str
    platform: str = ""
    local: bool = False
    optional: bool = False
    fresh: bool = False
    """Ask the registry even where the engine has the image."""


class ReadDockerfile(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A Dockerfile and the ignore file that applies to it. Answer: `DockerfileText`. Paths are absolute."""

    path: str
    context: str


class DockerfileText(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    ignore: str = ""
    ignore_name: str = ""


class HashContext(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The digests of the files that a Dockerfile's target reads. Answer: `ContextDigests`."""

    context: str
    reads: Reads
    ignore: str = ""
    ignore_name: str = ""


class ContextDigests(msgspec.Struct, frozen=True, kw_only=True):
    """One digest per Dockerfile line that reads files of the context."""

    lines: tuple[tuple[int, str], ...] = ()


class AskEngine(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What the engine is and can do. Answer: `EngineFacts`."""


class ListNames(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Which workspaces there are, so that a name is given once. Answer: tuple of `TakenName`."""


class TakenName(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    workspace: str
    source: str


class IsCloned(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Whether the repository is complete in the workspace's volume. Answer: bool."""

    container: str
    folder: str


class ReadFeature(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a Feature is, without its files where a registry tells that. Answer: `FoundFeature`.

    `base` is the absolute folder of the devcontainer.json, `workspace` the absolute root in whose
    .devcontainer a local Feature must be. `digest` pins what the reference names (from the lockfile or from
    what the workspace recorded).
    """

    reference: str
    base: str = ""
    workspace: str = ""
    digest: str = ""
    auto_mapping: bool = True


class ReadStack(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What Compose makes of these absolute files (none: of those it finds in `folder`). Answer: `Project`."""

    files: tuple[str, ...]
    folder: str


Question = (
    ReadConfiguration
    | Observe
    | FindImage
    | ReadDockerfile
    | HashContext
    | AskEngine
    | ListNames
    | IsCloned
    | ReadFeature
    | ReadStack
)
