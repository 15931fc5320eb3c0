"""What is to be built, all of it known before the first step: nothing here is read from the environment."""

from __future__ import annotations

import msgspec

from moorage.dockerfile.ignore import Ignore
from moorage.dockerfile.instruction import Dockerfile


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One build. `context` is a folder, "" where there is none; `ignore` what its .dockerignore said.

    `platform` as in linux/amd64. `contexts` are names (`--build-context`) for a folder or for an image, which
    is written as docker-image://REFERENCE. `secrets` and `ssh` (path of an agent's socket) are by id, for
    RUN --mount. `no_cache` is for the cache of steps, of which there is none yet.
    """

    dockerfile: Dockerfile
    context: str = ""
    ignore: Ignore | None = None
    target: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    platform: str
    secrets: tuple[tuple[str, bytes], ...] = ()
    ssh: tuple[tuple[str, str], ...] = ()
    contexts: tuple[tuple[str, str], ...] = ()
    no_cache: bool = False

    def __repr__(self) -> str:
        return f"Order({self.dockerfile.file}, target={self.target!r}, platform={self.platform!r}, …)"
