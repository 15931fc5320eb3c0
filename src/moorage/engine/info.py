"""What the engine is and what its machine offers, from /info and /version."""

from __future__ import annotations

import asyncio

import msgspec

from .client import Engine


class DiscoveredDevice(msgspec.Struct):
    Source: str = ""
    ID: str = ""


class Info(msgspec.Struct):
    """`GET /info`, as far as it is used; MemTotal in bytes."""

    NCPU: int = 0
    MemTotal: int = 0
    OSType: str = ""
    Architecture: str = ""
    OperatingSystem: str = ""
    ServerVersion: str = ""
    Driver: str = ""
    DockerRootDir: str = ""
    Runtimes: dict[str, object] | None = None
    SecurityOptions: list[str] | None = None
    DiscoveredDevices: list[DiscoveredDevice] | None = None
    Name: str = ""
    Rootless: bool = False
    """Podman's word; Docker says it among SecurityOptions."""


class Component(msgspec.Struct):
    Name: str = ""
    Version: str = ""


class Version(msgspec.Struct):
    """`GET /version`, as far as it is used."""

    Version: str = ""
    ApiVersion: str = ""
    MinAPIVersion: str = ""
    Os: str = ""
    Arch: str = ""
    Components: list[Component] | None = None


async def podman(engine: Engine) -> str:
    """The version of Podman, "" where something else answers. An engine that has answered is not asked."""
    if engine.requests and not engine.podman:
        return ""
    version = await engine.get("/version", Version)
    found = {component.Name: component.Version for component in version.Components or ()}
    return found.get("Podman Engine", "")


async def read(engine: Engine) -> tuple[Info, Version]:
    """Both, side by side."""
    info, version = await asyncio.gather(engine.get("/info", Info), engine.get("/version", Version))
    return info, version
