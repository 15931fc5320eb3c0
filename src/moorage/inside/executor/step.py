"""The data that a recipe is made of: what each instruction does, everything in it expanded."""

from __future__ import annotations

from typing import Literal

import msgspec

from moorage.dockerfile.instruction import Instruction
from moorage.inside.executor.configuration import Configuration
from moorage.inside.executor.copying.face import Copying

MountKind = Literal["bind", "cache", "tmpfs", "secret", "ssh"]


class Origin(msgspec.Struct, frozen=True):
    """Where files come from: the context, a stage (`name` is its index), an image, or a folder (a named
    context).
    """

    kind: Literal["context", "stage", "image", "folder"]
    name: str = ""


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """One --mount of RUN. `target` is absolute; `source` below its origin. `mode` None is the
    file's own. `variable` (env=) of a secret.
    """

    kind: MountKind
    target: str = ""
    source: str = ""
    origin: Origin | None = None
    id: str = ""
    read_only: bool = False
    required: bool = False
    variable: str = ""
    mode: int | None = None
    owner: tuple[int, int] = (0, 0)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """`command` with its shell, if any; `script` is a here-document with an interpreter of its own, which
    lies at `command[-1]` while it runs. `environment` is all there is, but for HOME.
    """

    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    user: str
    folder: str
    mounts: tuple[Mount, ...] = ()
    script: str | None = None


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """`owner` is --chown as expanded, "" for none: names mean users of the image as it is then."""

    copying: Copying
    origin: Origin
    owner: str = ""


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """WORKDIR: what of it is not there is made, and is the user's."""

    path: str
    user: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """`act` None changes no file. `after` is the image's configuration after it."""

    instruction: Instruction
    act: Run | Copy | Folder | None
    after: Configuration
    notes: tuple[str, ...] = ()


class StagePlan(msgspec.Struct, frozen=True, kw_only=True):
    """A stage continues the stage `parent`, or else starts from `image` ("" is scratch) of the platform."""

    index: int
    name: str
    parent: int | None
    image: str
    platform: str
    steps: tuple[Step, ...]
    final: Configuration

    @property
    def origins(self) -> frozenset[Origin]:
        """Where its steps take files from."""
        found = set[Origin]()
        for step in self.steps:
            if isinstance(step.act, Copy):
                found.add(step.act.origin)
            elif isinstance(step.act, Run):
                found |= {mount.origin for mount in step.act.mounts if mount.origin}
        return frozenset(found)
