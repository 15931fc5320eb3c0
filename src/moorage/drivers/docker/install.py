"""Installs a Docker engine on this machine when asked to (`-o install=true`): a plan, then argument lists."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from .errors import NotInstalled

_DOCKER_REPOSITORY = "https://download.docker.com/linux/centos/docker-ce.repo"
_DEBIAN, _FEDORA, _ENTERPRISE = {"debian", "ubuntu"}, {"fedora"}, {"rhel", "centos", "rocky", "almalinux"}
_SECONDS = 1800.0


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One command of the installation; an `optional` one may fail."""

    title: str
    argv: tuple[str, ...]
    optional: bool = False


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What decides the plan: /etc/os-release, whether we are or may become root, what starts services."""

    release: Mapping[str, str]
    root: bool
    sudo: bool
    systemd: bool


def plan(machine: Machine) -> tuple[Action, ...]:
    """The commands that install and start an engine. Raises NotInstalled where moorage does not know how."""
    if not (machine.root or machine.sudo):
        raise NotInstalled(
            "Installing an engine needs root, and sudo asks for a password.",
            hint="Run `sudo -v` first, or install Docker yourself: https://docs.docker.com/engine/install/",
        )
    prefix = () if machine.root else ("sudo", "-n")
    actions = (*_packages(machine), _service(machine))
    return tuple(msgspec.structs.replace(each, argv=(*prefix, *each.argv)) for each in actions)


async def install(report: Callable[[str], None]) -> tuple[str, ...]:
    """Carry the plan out and give what was done. Raises NotInstalled with a failed command's last lines."""
    done = []
    for action in plan(await this_machine()):
        report(action.title)
        code, said = await _run(action.argv)
        if code == 0:
            done.append(f"{action.title}: {' '.join(action.argv)}")
        elif not action.optional:
            raise NotInstalled(
                f"Installing the engine failed: {action.title}.",
                evidence=(f"{' '.join(action.argv)} ended with {code}", *said),
                hint="Correct what it says above, or install Docker yourself.",
            )
    return tuple(done)


async def this_machine() -> Machine:
    """Looks at this machine; asks sudo whether it would need a password."""
    root = os.geteuid() == 0
    return Machine(
        release=_release(),
        root=root,
        sudo=not root and (await _run(("sudo", "-n", "true")))[0] == 0,
        systemd=Path("/run/systemd/system").is_dir(),
    )


def release(text: str) -> dict[str, str]:
    """The fields of os-release(5)."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


def _release() -> dict[str, str]:
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            return release(Path(path).read_text(encoding="utf-8"))
        except OSError:
            continue
    return {}


def _packages(machine: Machine) -> tuple[Action, ...]:
    family = {machine.release.get("ID", ""), *machine.release.get("ID_LIKE", "").split()}
    if family & _DEBIAN:
        apt = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "--no-install-recommends")
        return (
            Action(title="Update the package lists", argv=("apt-get", "update")),
            Action(title="Install Docker", argv=(*apt, "docker.io", "ca-certificates", "iptables")),
            Action(title="Install Docker's client", argv=(*apt, "docker-cli"), optional=True),
            Action(title="Install buildx", argv=(*apt, "docker-buildx"), optional=True),
        )
    if family & _ENTERPRISE:
        add = ("dnf", "config-manager", "--add-repo", _DOCKER_REPOSITORY)
        packages = ("docker-ce", "docker-ce-cli", "containerd.io", "docker-buildx-plugin")
        return (
            Action(title="Install dnf's plugins", argv=("dnf", "install", "-y", "dnf-plugins-core")),
            Action(title="Add Docker's package repository", argv=add),
            Action(title="Install Docker", argv=("dnf", "install", "-y", *packages)),
        )
    if family & _FEDORA:
        return (
            Action(title="Install Docker", argv=("dnf", "install", "-y", "moby-engine", "docker-cli")),
            Action(title="Install buildx", argv=("dnf", "install", "-y", "docker-buildx"), optional=True),
        )
    name = machine.release.get("PRETTY_NAME") or machine.release.get("ID") or "this system"
    raise NotInstalled(
        f"moorage does not know how to install Docker on {name}.",
        hint="Install it yourself: https://docs.docker.com/engine/install/",
    )


def _service(machine: Machine) -> Action:
    if machine.systemd:
        return Action(title="Start Docker", argv=("systemctl", "enable", "--now", "docker"))
    return Action(title="Start Docker", argv=("service", "docker", "start"))


async def _run(argv: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """The exit code and the last lines of the output."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        return 127, (f"{argv[0]}: {error.strerror or error}",)
    try:
        async with asyncio.timeout(_SECONDS):
            out, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return 124, (f"{argv[0]} did not end within {_SECONDS:.0f} s",)
    return process.returncode or 0, tuple(out.decode(errors="replace").strip().splitlines()[-15:])
