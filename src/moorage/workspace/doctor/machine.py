"""This machine: builder, git, ssh, caches, and the logins of registries."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from moorage.builders.engine.buildx import find as find_buildx
from moorage.events import Event, Notice
from moorage.workspace.doctor.check import PATIENCE, Check, numbers, space
from moorage.workspace.site import cache_folder

_OLDEST_GIT = (2, 27)
"""The first that clones partially without errors of its own."""

Environment = Mapping[str, str]


async def buildx(environment: Environment) -> tuple[Check, ...]:
    """The builder of Dockerfiles."""
    found = find_buildx(environment, environment.get("HOME", "/"))
    if found is None:
        hint = "Install docker-buildx: without it builds are slower and know neither secrets nor cacheTo."
        return (Check(name="buildx", level="warn", text="is not installed", hint=hint),)
    said = (await _asked((found.path, "version"), environment)).split()
    if not said:
        hint = f"Install it again: {found.path} does not say its version."
        return (Check(name="buildx", level="warn", text=f"{found.path} cannot be run", hint=hint),)
    return (
        Check(name="buildx", level="ok", text=f"{said[1] if len(said) > 1 else said[0]} at {found.path}"),
    )


async def git(environment: Environment) -> tuple[Check, ...]:
    """What reads and clones repositories."""
    version = (await _asked(("git", "--version"), environment)).removeprefix("git version ").split(" ")[0]
    if not version:
        hint = "Install git; repositories as sources need it, local folders do not."
        return (Check(name="git", level="warn", text="is not on PATH", hint=hint),)
    if numbers(version) < _OLDEST_GIT:
        hint = "Update git to 2.27 or later, which can clone a part of a repository."
        return (Check(name="git", level="warn", text=version, hint=hint),)
    return (Check(name="git", level="ok", text=f"{version} at {_which('git', environment)}"),)


async def ssh(environment: Environment) -> tuple[Check, ...]:
    """What reaches repositories and engines behind ssh."""
    if not _which("ssh", environment):
        hint = "Install openssh-client; sources and engines behind ssh need it, others do not."
        return (Check(name="ssh", level="warn", text="is not on PATH", hint=hint),)
    agent = environment.get("SSH_AUTH_SOCK", "")
    text = (
        f"agent at {agent}" if agent and Path(agent).exists() else "no agent runs; keys without one work too"
    )
    return (Check(name="ssh", level="ok", text=text),)


async def cache(environment: Environment) -> tuple[Check, ...]:
    """Where repositories and hashes are kept."""
    folder = Path(cache_folder(environment))
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        hint = "Correct the permissions, or name a folder of yours in MOORAGE_CACHE."
        text = f"{folder} cannot be written: {there} is in the way"
        return (Check(name="cache", level="fail", text=text, hint=hint),)
    text, little = space(str(there))
    hint = "Free space, for example with `moorage gc --caches`." if little else ""
    return (Check(name="cache", level="warn" if little else "ok", text=f"{folder}, {text}", hint=hint),)


async def logins(environment: Environment) -> tuple[Check, ...]:
    """Every registry that Docker's file has a login for, read the way that a pull reads it."""
    from moorage.oci.credentials import Credentials

    heard = _Heard()
    known = Credentials(environment, reporter=heard, helper_seconds=PATIENCE / 2)
    hosts = _hosts(environment)
    found = await asyncio.gather(*(known.find(host) for host in hosts or ["docker.io"]))
    read = [host for host, login in zip(hosts, found, strict=False) if login is not None]
    if heard.notices:
        notice = heard.notices[0]
        return (Check(name="registry logins", level="warn", text=notice.text, hint=notice.hint),)
    if len(read) < len(hosts):
        text = f"no login can be read for {', '.join(host for host in hosts if host not in read)}"
        return (Check(name="registry logins", level="warn", text=text, hint="Run `docker login` again."),)
    text = ", ".join(read) or "none; registries are asked anonymously"
    return (Check(name="registry logins", level="ok", text=text),)


def _which(program: str, environment: Environment) -> str:
    return shutil.which(program, path=environment.get("PATH", os.defpath)) or ""


async def _asked(argv: tuple[str, ...], environment: Environment) -> str:
    """What a small program prints; "" where it is not there, fails, or hangs."""
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        child = await asyncio.create_subprocess_exec(
            *argv, env=dict(environment), stdin=nothing, stdout=pipe, stderr=nothing
        )
    except OSError:
        return ""
    try:
        async with asyncio.timeout(PATIENCE / 2):
            out, _ = await child.communicate()
    except TimeoutError:
        child.kill()
        await child.wait()
        return ""
    return out.decode(errors="replace").strip() if child.returncode == 0 else ""


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


def _hosts(environment: Environment) -> list[str]:
    folder = environment.get("DOCKER_CONFIG") or f"{environment.get('HOME', '/')}/.docker"
    try:
        found = msgspec.json.decode(Path(folder, "config.json").read_bytes(), type=_DockerFile)
    except (OSError, msgspec.MsgspecError):
        return []
    keys = [*(found.auths or {}), *(found.cred_helpers or {})]
    plain = (key.removeprefix("https://").removeprefix("http://").partition("/")[0] for key in keys)
    return list(dict.fromkeys(plain))
