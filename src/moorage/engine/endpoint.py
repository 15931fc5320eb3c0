"""Where the engine is: the order in which Docker's own client looks, and what each kind of address needs.

Podman's address (CONTAINER_HOST) and sockets come after Docker's. Nothing is contacted here. A process is
started only for an engine named by `path`, and for Podman where nothing else is there; a program is
recognised by what it answers, not by its name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from . import contexts
from .errors import EngineMissing, EngineUnsupported

if TYPE_CHECKING:
    from .recognition import Found

DEFAULT_SOCKET = "/var/run/docker.sock"
PODMAN_SOCKET = "/run/podman/podman.sock"
USUAL = "the usual place"


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """PEM files for an engine behind TLS; an empty path: there is none. `verify`: check the engine's."""

    ca: str = ""
    certificate: str = ""
    key: str = ""
    verify: bool = True


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One engine's address. Exactly one of `socket`, `address` and `command` says how to reach it.

    `host` is the address as DOCKER_HOST has it, `origin` what named it, `command` the argument list of a
    process whose standard streams lead to the engine. `local`: folders of this machine can be mounted. `cli`
    is the command-line client that was asked for ("" for whatever PATH has), Podman's where `podman` says so.
    `service`, completed by `host`, is a program to start before `socket` can be spoken to (see `service`).
    """

    host: str
    origin: str
    socket: str = ""
    address: tuple[str, int] = ("", 0)
    command: tuple[str, ...] = ()
    tls: Tls | None = None
    context: str = ""
    local: bool = True
    cli: str = ""
    service: tuple[str, ...] = ()
    podman: bool = False

    def environment(self) -> dict[str, str]:
        """Variables that lead a child (docker, buildx, compose) to the same engine."""
        if self.context:
            return {"DOCKER_CONTEXT": self.context, "DOCKER_HOST": ""}
        variables = {"DOCKER_HOST": self.host, "DOCKER_CONTEXT": ""}
        if self.tls is not None:
            folder = (self.tls.ca or self.tls.certificate).rpartition("/")[0]
            variables |= {"DOCKER_CERT_PATH": folder, "DOCKER_TLS_VERIFY": "1" if self.tls.verify else ""}
        return variables

    def client(self) -> str:
        """Path of the command-line client, "" when there is none."""
        import shutil  # asked for only when a client is needed

        return shutil.which(self.cli or "docker") or ""

    def installed(self) -> bool:
        """Whether an engine is meant to run here: one was named, or its program is on this machine."""
        import shutil  # as above
        import sys

        if self.origin != USUAL or sys.platform != "linux":
            return True
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin:/usr/bin"
        return shutil.which("dockerd", path=path) is not None


async def find(path: str, environ: Mapping[str, str], home: str) -> Endpoint:
    """The engine to use: `path`, DOCKER_HOST, DOCKER_CONTEXT, CONTAINER_HOST, the current context, then the
    usual sockets, Docker's before Podman's, then Podman without one.

    Raises EngineUnsupported for addresses and programs that moorage cannot use, EngineMissing for a `path`
    that is not there, and contexts.BadContext.
    """
    if path:
        return await _named(path, environ, home)
    if host := environ.get("DOCKER_HOST", ""):
        return _from_variables(host, environ, home)
    store = contexts.Store(environ.get("DOCKER_CONFIG") or f"{home}/.docker")
    name, origin = environ.get("DOCKER_CONTEXT", ""), "DOCKER_CONTEXT"
    if not name and (host := environ.get("CONTAINER_HOST", "")):
        return at(host, "CONTAINER_HOST", key=environ.get("CONTAINER_SSHKEY", ""))
    if not name:
        name, origin = store.current(), f"currentContext of {store.folder}/config.json"
    if name and name != "default":
        return _from_context(store.read(name), f"context {name} ({origin})")
    return await _usual(environ, home)


def at(
    host: str, origin: str, *, tls: Tls | None = None, context: str = "", cli: str = "", key: str = ""
) -> Endpoint:
    """The endpoint for an address in DOCKER_HOST's form; `key`: a file for ssh. Raises EngineUnsupported."""
    scheme, separator, rest = host.partition("://")
    if not separator:
        scheme, rest = "tcp", host
    match scheme:
        case "unix" if rest:
            return Endpoint(host=host, origin=origin, socket=rest, context=context, cli=cli)
        case "tcp" | "http" | "https" if rest:
            address = _address(rest.split("/")[0], 2376 if tls else 2375, host)
            local = address[0] in ("localhost", "::1") or address[0].startswith("127.")
            if scheme == "https" and tls is None:
                tls = Tls()
            where = f"tcp://{rest}"
            return Endpoint(
                host=where, origin=origin, address=address, tls=tls, context=context, local=local, cli=cli
            )
        case "ssh" if rest:
            command = _ssh(rest, host, key, podman=origin == "CONTAINER_HOST")
            return Endpoint(host=host, origin=origin, command=command, context=context, local=False, cli=cli)
    raise EngineUnsupported(
        f"moorage cannot reach an engine at {host!r} (from {origin}).",
        hint="Use an address that starts with unix://, tcp:// or ssh://.",
    )


async def _usual(environ: Mapping[str, str], home: str) -> Endpoint:
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    candidates = [DEFAULT_SOCKET, *([f"{runtime}/docker.sock"] if runtime else [])]
    candidates += [f"{home}/.docker/run/docker.sock", f"{home}/.docker/desktop/docker.sock"]
    for socket in candidates:
        if os.path.exists(socket):  # noqa: PTH110 - a pathlib object for each costs more than the look
            return at(f"unix://{socket}", USUAL)
    default = at(f"unix://{DEFAULT_SOCKET}", USUAL)
    if default.installed():  # Docker, which does not run: nobody is led to another engine by that
        return default
    return await _podman_here(environ, home) or default


async def _podman_here(environ: Mapping[str, str], home: str) -> Endpoint | None:
    import shutil  # only where nothing of Docker's is there

    from ..served import answers

    runtime = environ.get("XDG_RUNTIME_DIR", "")
    for socket in (*([f"{runtime}/podman/podman.sock"] if runtime else []), PODMAN_SOCKET):
        if await answers(socket):
            return at(f"unix://{socket}", USUAL)
    program = shutil.which("podman", path=environ.get("PATH", ""))
    return await _named(program, environ, home, origin="podman on PATH") if program else None


def _from_variables(host: str, environ: Mapping[str, str], home: str) -> Endpoint:
    verify = bool(environ.get("DOCKER_TLS_VERIFY"))
    tls = None
    if verify or (environ.get("DOCKER_TLS") and not host.startswith(("unix:", "ssh:"))):
        folder = environ.get("DOCKER_CERT_PATH") or environ.get("DOCKER_CONFIG") or f"{home}/.docker"
        tls = _files(folder, verify=verify)
    return at(host, "DOCKER_HOST", tls=None if host.startswith(("unix:", "ssh:")) else tls)


def _from_context(context: contexts.Context, origin: str) -> Endpoint:
    tls = None
    if context.tls_folder:
        tls = _files(context.tls_folder, verify=not context.skip_verify)
    return at(context.host, origin, tls=tls, context=context.name)


def _files(folder: str, *, verify: bool) -> Tls:
    paths = {"ca": "ca.pem", "certificate": "cert.pem", "key": "key.pem"}
    found = {field: f"{folder}/{name}" for field, name in paths.items()}
    there = {field: path for field, path in found.items() if os.path.exists(path)}  # noqa: PTH110 - as below
    return Tls(verify=verify, **there)


def _address(text: str, default: int, host: str) -> tuple[str, int]:
    name, colon, port = text.rpartition(":")
    if not colon or "]" in port:
        name, port = text, str(default)
    if not (port.isdecimal() and 0 < int(port) < 65536):
        raise EngineUnsupported(f"{host!r} has no valid port.", hint="Write it like tcp://host:2376.")
    return name.strip("[]") or "127.0.0.1", int(port)


def _ssh(rest: str, host: str, key: str, *, podman: bool) -> tuple[str, ...]:
    """As Docker's client does: the other side's client joins its standard streams with its engine."""
    authority, _, socket = rest.partition("/")
    user, _, place = authority.rpartition("@")
    name, colon, port = place.rpartition(":")
    if not colon or "]" in port:
        name, port = place, ""
    name = name.strip("[]")
    unsafe = any(word.startswith("-") for word in (name, user)) or ":" in user
    if not name or unsafe or (port and not port.isdecimal()):
        raise EngineUnsupported(
            f"{host!r} is no address of an ssh server.", hint="Write it like ssh://user@host:22."
        )
    options = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-T"]
    options += (["-l", user] if user else []) + (["-p", port] if port else [])
    options += ["-i", key] if key else []
    program, flag = ("podman", "--url") if podman else ("docker", "--host")
    engine = [flag, f"unix:///{socket}"] if socket else []
    return ("ssh", *options, "--", name, program, *engine, "system", "dial-stdio")


# ── an engine named by its client ──


async def _named(path: str, environ: Mapping[str, str], home: str, *, origin: str = "") -> Endpoint:
    from .recognition import recognise  # starts processes, so only for a client that was named

    program = f"{home}/{path[2:]}" if path.startswith("~/") else path
    found = await recognise(program, environ)
    origin = origin or f"option path={path}"
    if not found.host:
        raise EngineMissing(
            f"{path} is not a program that moorage can start.",
            evidence=found.said,
            hint="Give the path of Docker's or Podman's client in the option `path`, or leave it out.",
        )
    if found.podman:
        return await _podman(program, found, environ, origin)
    direct = found.host.startswith("unix://") and os.access(found.host[7:], os.W_OK)
    if direct or (found.host.startswith("tcp://") and not found.tls):
        return at(found.host, origin, cli=program)
    local = found.host.startswith("unix://")
    command = (program, "system", "dial-stdio")
    return Endpoint(
        host=found.host, origin=origin, command=command, context=found.context, local=local, cli=program
    )


async def _podman(program: str, found: Found, environ: Mapping[str, str], origin: str) -> Endpoint:
    """Its socket where one listens; else a service that lives as long as the command (see `service`)."""
    from ..served import answers
    from .service import private_socket

    if found.remote:
        command = (program, "system", "dial-stdio")
        return Endpoint(
            host=found.host, origin=origin, command=command, local=_machine(), cli=program, podman=True
        )
    if await answers(found.host[7:]):
        return msgspec.structs.replace(at(found.host, origin, cli=program), podman=True)
    socket = private_socket(environ)
    words = (program, "system", "service", "--time", "0")
    return Endpoint(
        host=f"unix://{socket}", origin=origin, socket=socket, cli=program, service=words, podman=True
    )


def _machine() -> bool:
    """Whether a remote Podman is the usual virtual machine, which sees the folders of its host."""
    import sys

    return sys.platform == "darwin"
