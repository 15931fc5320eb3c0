"""Docker's contexts, read from their files, so that no client has to be started to ask for an address."""

from __future__ import annotations

import os

import msgspec

from ..errors import EngineError


class BadContext(EngineError):
    """The context that is to be used does not exist or its files cannot be read."""

    code = "engine-context"


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The engine part of one context; `tls_folder` is "" where it has no key material."""

    name: str
    host: str
    skip_verify: bool = False
    tls_folder: str = ""


class Store:
    """The contexts below one configuration folder, usually ~/.docker."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def current(self) -> str:
        """The name of the current context, "" for the default one. A broken file counts as none."""
        try:
            return msgspec.json.decode(_read(f"{self.folder}/config.json"), type=_Config).currentContext
        except (OSError, msgspec.MsgspecError):
            return ""

    def read(self, name: str) -> Context:
        """Raises BadContext."""
        from hashlib import sha256  # for named contexts only

        digest = sha256(name.encode()).hexdigest()
        path = f"{self.folder}/contexts/meta/{digest}/meta.json"
        try:
            meta = msgspec.json.decode(_read(path), type=_Meta)
        except (OSError, msgspec.MsgspecError) as error:
            raise BadContext(
                f"There is no Docker context {name!r}.",
                evidence=(f"{path}: {error}",),
                hint="See `docker context ls`; choose one with `docker context use`.",
            ) from error
        docker = meta.Endpoints.docker
        if not docker.Host:
            raise BadContext(
                f"The context {name!r} names no Docker engine.", hint="See `docker context inspect`."
            )
        tls = f"{self.folder}/contexts/tls/{digest}/docker"
        folder = tls if os.path.isdir(tls) else ""  # noqa: PTH112 - pathlib is a tenth of all that exec loads
        return Context(name=name, host=docker.Host, skip_verify=docker.SkipTLSVerify, tls_folder=folder)


class _Config(msgspec.Struct):
    currentContext: str = ""


class _Docker(msgspec.Struct):
    Host: str = ""
    SkipTLSVerify: bool = False


class _Endpoints(msgspec.Struct):
    docker: _Docker = msgspec.field(default_factory=_Docker)


class _Meta(msgspec.Struct):
    Name: str = ""
    Endpoints: _Endpoints = msgspec.field(default_factory=_Endpoints)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read(4 * 1024 * 1024)
