"""Looks at what moorage needs on this machine, and says what to do where something is missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from moorage.builders.engine.buildx import find as find_buildx
from moorage.errors import MoorageError
from moorage.events import Event, Notice
from moorage.workspace.site import Site, cache_folder

_OLDEST = (20, 10)
_LITTLE_SPACE = 5 * 10**9
_OLDEST_GIT = (2, 27)
"""The first that clones partially without errors of its own."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at. fail: workspaces cannot work; warn: something will not."""

    name: str
    level: Literal["ok", "warn", "fail"]
    text: str
    hint: str = ""


class _Info(msgspec.Struct):
    ServerVersion: str = ""
    OperatingSystem: str = ""
    Driver: str = ""
    DockerRootDir: str = ""
    CgroupVersion: str = ""
    CgroupDriver: str = ""
    NCPU: int = 0
    MemTotal: int = 0
    MemoryLimit: bool = True
    Warnings: list[str] | None = None


async def engine_checks(site: Site) -> tuple[Check, ...]:
    """The engine: where it is and why there, what it is, its disk and its limits."""
    endpoint = site.engine.endpoint
    where = f"{endpoint.host} (from {endpoint.origin})"
    try:
        info = await site.engine.get("/info", _Info)
    except MoorageError as error:
        return (missing_engine(error),)
    return (
        Check(name="engine", level="ok", text=f"{where} answers"),
        _version(info),
        *([_disk("engine disk", info.DockerRootDir)] if endpoint.local else []),
        _limits(info),
    )


def missing_engine(error: MoorageError) -> Check:
    """What is said where no engine can be reached."""
    evidence = f" ({'; '.join(error.evidence)})" if error.evidence else ""
    return Check(name="engine", level="fail", text=error.message + evidence, hint=error.hint)


async def machine_checks(environment: Mapping[str, str]) -> tuple[Check, ...]:
    """This machine: builder, git, ssh, caches, the user's file, logins of registries."""
    checks: tuple[Callable[[Mapping[str, str]], Awaitable[Check]], ...] = (
        _buildx,
        _git,
        _ssh,
        _cache,
        _logins,
    )
    return tuple([await check(environment) for check in checks])


def _version(info: _Info) -> Check:
    found = _numbers(info.ServerVersion)
    text = f"{info.ServerVersion} on {info.OperatingSystem}, {info.NCPU} CPUs, {info.MemTotal / 1e9:.1f} GB"
    if found and found < _OLDEST:
        return Check(
            name="engine version", level="warn", text=text, hint="Update the engine to 20.10 or later."
        )
    return Check(name="engine version", level="ok", text=text)


def _limits(info: _Info) -> Check:
    text = f"cgroup v{info.CgroupVersion or '1'} ({info.CgroupDriver})"
    if not info.MemoryLimit:
        hint = "Limits of memory in runArgs will be ignored; enable the memory controller of the kernel."
        return Check(name="cgroups", level="warn", text=f"{text}, no memory limits", hint=hint)
    return Check(name="cgroups", level="ok", text=text)


def _disk(name: str, folder: str) -> Check:
    try:
        disk = shutil.disk_usage(folder)
    except OSError:
        return Check(name=name, level="ok", text="cannot be seen from here")
    text = f"{disk.free / 1e9:.1f} GB of {disk.total / 1e9:.1f} GB free at {folder}"
    if disk.free < _LITTLE_SPACE:
        return Check(name=name, level="warn", text=text, hint="Free space, for example with `moorage gc`.")
    return Check(name=name, level="ok", text=text)


async def _buildx(environment: Mapping[str, str]) -> Check:
    found = find_buildx(environment, environment.get("HOME", "/"))
    if found is None:
        hint = "Install docker-buildx: without it builds are slower and know neither secrets nor cacheTo."
        return Check(name="buildx", level="warn", text="is not installed", hint=hint)
    return Check(name="buildx", level="ok", text=found.path)


async def _git(environment: Mapping[str, str]) -> Check:
    said = await _asked(("git", "--version"), environment)
    version = said.removeprefix("git version ").split(" ")[0]
    if not said:
        hint = "Install git; it is needed for repositories as sources, not for local folders."
        return Check(name="git", level="warn", text="is not installed", hint=hint)
    if _numbers(version) < _OLDEST_GIT:
        return Check(name="git", level="warn", text=version, hint="Update git to 2.27 or later.")
    return Check(name="git", level="ok", text=version)


async def _ssh(environment: Mapping[str, str]) -> Check:
    if shutil.which("ssh", path=environment.get("PATH")) is None:
        hint = "Install openssh-client; it is needed for sources and engines behind ssh."
        return Check(name="ssh", level="warn", text="is not installed", hint=hint)
    agent = environment.get("SSH_AUTH_SOCK", "")
    text = f"agent at {agent}" if agent and Path(agent).exists() else "no agent is running"
    return Check(name="ssh", level="ok", text=text)


async def _cache(environment: Mapping[str, str]) -> Check:
    folder = cache_folder(environment)
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not os.access(there, os.W_OK):
        hint = "Give MOORAGE_CACHE a folder that you may write; without a cache everything is slower."
        return Check(name="cache", level="warn", text=f"{folder} cannot be written", hint=hint)
    return msgspec.structs.replace(_disk("cache", str(there)), name="cache")


async def _logins(environment: Mapping[str, str]) -> Check:
    """Every registry that Docker's file has a login for, read the way that a pull reads it."""
    from moorage.oci.credentials import Credentials

    heard = _Heard()
    credentials = Credentials(environment, reporter=heard)
    hosts = _hosts(environment)
    found = [host for host in hosts if await credentials.find(host) is not None]
    if heard.notices:
        notice = heard.notices[0]
        return Check(name="registry logins", level="warn", text=notice.text, hint=notice.hint)
    if len(found) < len(hosts):
        text = f"no login can be read for {', '.join(host for host in hosts if host not in found)}"
        return Check(name="registry logins", level="warn", text=text, hint="Log in again: `docker login`.")
    return Check(
        name="registry logins", level="ok", text=", ".join(found) or "none; registries are asked anonymously"
    )


class _Heard:
    """Keeps the notices."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def emit(self, event: Event) -> None:
        if isinstance(event, Notice):
            self.notices.append(event)


class _DockerFile(msgspec.Struct, rename="camel"):
    auths: dict[str, object] | None = None
    cred_helpers: dict[str, str] | None = None


def _hosts(environment: Mapping[str, str]) -> list[str]:
    folder = environment.get("DOCKER_CONFIG") or f"{environment.get('HOME', '/')}/.docker"
    try:
        found = msgspec.json.decode(Path(folder, "config.json").read_bytes(), type=_DockerFile)
    except (OSError, msgspec.MsgspecError):
        return []
    keys = [*(found.auths or {}), *(found.cred_helpers or {})]
    plain = (key.removeprefix("https://").removeprefix("http://").partition("/")[0] for key in keys)
    return list(dict.fromkeys(plain))


async def _asked(argv: tuple[str, ...], environment: Mapping[str, str]) -> str:
    """What a small program prints; "" where it is not there."""
    import asyncio

    try:
        child = await asyncio.create_subprocess_exec(
            *argv,
            env=dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return ""
    out, _ = await child.communicate()
    return out.decode(errors="replace").strip()


def _numbers(version: str) -> tuple[int, ...]:
    """The first two numbers of a version."""
    parts = version.split(".")[:2]
    return tuple(int(part) for part in parts if part.isdecimal())
