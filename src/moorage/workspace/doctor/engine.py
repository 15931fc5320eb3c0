"""The engine: where it is and why there, what it is and what it offers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from moorage.drivers.docker.options import Options
from moorage.engine.client import Engine
from moorage.engine.endpoint import Endpoint, find
from moorage.engine.info import Version
from moorage.errors import MoorageError
from moorage.workspace.doctor.check import PATIENCE, Check, failed, numbers, space

_OLDEST = (20, 10)
_LITTLE_MEMORY = 2 * 10**9


class Info(msgspec.Struct, frozen=True):
    """`GET /info`, as far as it is judged; MemTotal in bytes."""

    ServerVersion: str = ""
    OperatingSystem: str = ""
    OSType: str = ""
    Architecture: str = ""
    Driver: str = ""
    DockerRootDir: str = ""
    CgroupVersion: str = ""
    NCPU: int = 0
    MemTotal: int = 0
    MemoryLimit: bool = True
    SecurityOptions: list[str] | None = None
    Rootless: bool = False
    """Podman's word for it."""


async def examine(options: Options, environment: Mapping[str, str]) -> tuple[Check, ...]:
    """Everything that the engine tells, in two requests; one failed check where it tells nothing."""
    where = "The engine"
    try:
        async with asyncio.timeout(PATIENCE):
            endpoint = await find(options.path, environment, environment.get("HOME", "/"))
            where = f"{endpoint.host} (from {endpoint.origin})"
            async with Engine(endpoint) as client:
                asked = client.get("/info", Info), client.get("/version", Version)
                info, version = await asyncio.gather(*asked)
    except MoorageError as error:
        return (failed("engine", error),)
    except TimeoutError:
        text = f"{where} does not answer within {PATIENCE:.0f} s."
        hint = "Restart the engine, or look into its log (`journalctl -u docker`)."
        return (Check(name="engine", level="fail", text=text, hint=hint),)
    return judged(endpoint, info, version)


def judged(endpoint: Endpoint, info: Info, version: Version) -> tuple[Check, ...]:
    """What an engine's own answers say of it. Pure, but for a look at its disk where that is here."""
    return (
        Check(name="engine", level="ok", text=f"{endpoint.host} (from {endpoint.origin})"),
        _version(info, version),
        _storage(info, local=endpoint.local),
        _resources(info),
        _mounts(endpoint),
        _security(info),
    )


def _version(info: Info, version: Version) -> Check:
    podman = any("Podman" in component.Name for component in version.Components or ())
    name = "Podman" if podman else "Docker"
    text = f"{name} {version.Version}, API {version.ApiVersion}, {info.OperatingSystem}, {info.Architecture}"
    if info.OSType and info.OSType != "linux":
        hint = "Switch the engine to Linux containers."
        return Check(
            name="engine version", level="fail", text=f"{text} runs {info.OSType} containers", hint=hint
        )
    found = numbers(version.Version)
    if not podman and found and found < _OLDEST:
        hint = "Update the engine to 20.10 or later."
        return Check(name="engine version", level="warn", text=text, hint=hint)
    return Check(name="engine version", level="ok", text=text)


def _storage(info: Info, *, local: bool) -> Check:
    seen, little = space(info.DockerRootDir) if local else ("", False)
    text = f"{info.Driver} in {info.DockerRootDir}" + (f", {seen}" if seen else "")
    if little:
        hint = "Free space: `moorage gc`, then `docker system prune`."
        return Check(name="engine storage", level="warn", text=text, hint=hint)
    if info.Driver == "vfs":
        hint = "Let the engine use overlay2: vfs copies every layer in full."
        return Check(name="engine storage", level="warn", text=text, hint=hint)
    return Check(name="engine storage", level="ok", text=text)


def _resources(info: Info) -> Check:
    text = f"{info.NCPU} CPUs, {info.MemTotal / 1e9:.1f} GB of memory"
    if not info.MemoryLimit:
        hint = (
            "Enable the memory controller of the kernel: limits of memory in runArgs are ignored until then."
        )
        return Check(name="resources", level="warn", text=f"{text}, no memory limits", hint=hint)
    if 0 < info.MemTotal < _LITTLE_MEMORY:
        hint = "Give the engine's machine more memory; many toolchains need 2 GB."
        return Check(name="resources", level="warn", text=text, hint=hint)
    return Check(name="resources", level="ok", text=text)


def _mounts(endpoint: Endpoint) -> Check:
    if endpoint.local:
        return Check(name="bind mounts", level="ok", text="folders of this machine can be mounted")
    text = f"{endpoint.host} is another machine: folders of this one cannot be mounted there"
    hint = "Use Git URLs as sources, or an engine on this machine."
    return Check(name="bind mounts", level="warn", text=text, hint=hint)


def _security(info: Info) -> Check:
    """Facts only: moorage works with each of them."""
    words = {
        "rootless": "rootless",
        "userns": "users remapped (userns-remap)",
        "selinux": "SELinux",
        "apparmor": "AppArmor",
        "seccomp": "seccomp",
    }
    found = {option.split(",")[0].removeprefix("name=") for option in info.SecurityOptions or ()}
    found |= {"rootless"} if info.Rootless else set()
    told = [word for name, word in words.items() if name in found]
    cgroups = f"cgroup v{info.CgroupVersion or '1'}"
    return Check(name="isolation", level="ok", text=", ".join([*told, cgroups]))
