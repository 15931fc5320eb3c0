"""What this machine knows that a clone elsewhere needs: the real address, the login, ssh's hosts and names.

The user's `insteadOf` rules, credential helpers, ssh configuration and known hosts are read here with the
user's own tools; a helper container has none of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ..spec.giturl import Address, read
from ..spec.source import GitSource
from . import credentials, worktree
from .credentials import Credential
from .process import environment, execute, run, ssh_command

_SECONDS = 20
_WORD = r"[\w.:%@+/\[\]-]+"


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach a repository from elsewhere.

    `ssh_config` and `known_hosts` are lines of these files and `ssh_agent` is the agent's socket here.
    `host_paths` are the folders of a repository on this machine. `loopback` tells that the server is this
    machine, so that a container needs its network.
    """

    url: str
    credential: Credential | None = None
    ssh_config: tuple[str, ...] = ()
    known_hosts: tuple[str, ...] = ()
    ssh_agent: str | None = None
    host_paths: tuple[str, ...] = ()
    loopback: bool = False


async def find(source: GitSource, *, environ: Mapping[str, str] | None = None) -> Access:
    """Ask git and ssh; nothing is sent over the network. Raises GitMissing, GitTimeout, BadSource."""
    user = os.environ if environ is None else environ
    url, login = split_login(await _real_url(source.url, user))
    address = read(url) or Address(scheme="file", path=url)
    found = Access(url=url, credential=login, loopback=_is_loopback(address.host))
    if address.scheme in ("http", "https") and login is None:
        return msgspec.structs.replace(found, credential=await credentials.fill(url, environ=user))
    if address.scheme == "ssh":
        return await _with_ssh(found, address, user)
    if address.scheme == "file":
        return msgspec.structs.replace(found, host_paths=_folders(address.plain_path))
    return found


def split_login(url: str) -> tuple[str, Credential | None]:
    """Take a login out of a URL: rules of `insteadOf` may put one in."""
    match = re.fullmatch(r"(https?://)([^/@:]*):([^/@]+)@(.*)", url)
    if match is None:
        return url, None
    from urllib.parse import unquote  # for such a URL only

    plain = match[1] + match[4]
    address = read(plain)
    if address is None:
        return plain, None
    login = Credential(
        origin=credentials.origin(address), username=unquote(match[2]), password=unquote(match[3])
    )
    return plain, login


async def _real_url(url: str, user: Mapping[str, str]) -> str:
    done = await run("ls-remote", "--get-url", "--", url, url="", timeout=_SECONDS, environ=user)
    return done.stdout.decode("utf-8", "surrogateescape").strip("\n") if done.code == 0 else url


async def _with_ssh(found: Access, address: Address, user: Mapping[str, str]) -> Access:
    settings = await _ssh_settings(address, user)
    name = settings.get("hostkeyalias") or settings.get("hostname") or address.host
    port = settings.get("port", "22")
    known = name if port == "22" or "hostkeyalias" in settings else f"[{name}]:{port}"
    files = f"{settings.get('userknownhostsfile', '')} {settings.get('globalknownhostsfile', '')}".split()
    hosts: list[str] = []
    for file in files:
        hosts += await _known_hosts(known, _at_home(file, user), user)
    return msgspec.structs.replace(
        found,
        ssh_config=_ssh_config(address.host, settings),
        known_hosts=tuple(hosts),
        ssh_agent=user.get("SSH_AUTH_SOCK") or None,
        loopback=_is_loopback(settings.get("hostname", address.host)),
    )


async def _ssh_settings(address: Address, user: Mapping[str, str]) -> dict[str, str]:
    """What ssh would use for this host, after the user's configuration."""
    arguments = [
        *(("-p", str(address.port)) if address.port else ()),
        *(("-l", address.user) if address.user else ()),
    ]
    host = address.host.strip("[]")
    program, *own = await _ssh_command(user)
    done = await execute(
        program, *own, "-G", *arguments, "--", host, env=environment(user), url="", timeout=_SECONDS
    )
    pairs = (line.partition(" ") for line in done.stdout.decode(errors="replace").splitlines())
    return {name: value for name, _, value in pairs}


async def _ssh_command(user: Mapping[str, str]) -> list[str]:
    """The user's own way to call ssh, with its key and configuration, as far as it is ssh."""
    import shlex  # for ssh only

    words = shlex.split(await ssh_command(user))
    return words if words and words[0].rpartition("/")[2] == "ssh" else ["ssh"]


def _ssh_config(host: str, settings: Mapping[str, str]) -> tuple[str, ...]:
    names = {
        "hostname": "HostName",
        "port": "Port",
        "user": "User",
        "hostkeyalias": "HostKeyAlias",
        "proxyjump": "ProxyJump",
    }
    lines = [
        f"{option} {settings[name]}"
        for name, option in names.items()
        if re.fullmatch(_WORD, settings.get(name, "")) and settings[name] != "none"
    ]
    return (f"Host {host.strip('[]')}", *lines)


async def _known_hosts(name: str, file: str, user: Mapping[str, str]) -> list[str]:
    if not Path(file).is_file():
        return []
    arguments = ("-F", name, "-f", file)
    done = await execute("ssh-keygen", *arguments, env=environment(user), url="", timeout=_SECONDS)
    lines = done.stdout.decode(errors="replace").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _at_home(file: str, user: Mapping[str, str]) -> str:
    return user.get("HOME", "") + file[1:] if file.startswith("~/") else file


def _folders(path: str) -> tuple[str, ...]:
    """The repository, which git also finds with `.git` added, and the main one of a linked worktree."""
    path = next((name for name in (path, f"{path}.git") if Path(name).is_dir()), path)
    main = worktree.common_dir(path)
    return (path, main) if main else (path,)


def _is_loopback(host: str) -> bool:
    return host.lower() == "localhost" or host.startswith("127.") or host in ("::1", "[::1]")
