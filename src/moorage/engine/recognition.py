"""Asks a command-line client which engine it leads to; wrappers and replacements answer like the original.

Docker's client names an endpoint (`context inspect`). Podman tells where its socket would be (`info`), and
has none in most places. What is neither is refused by what it answers, whatever it is called.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

import msgspec

from .errors import EngineUnsupported

_SECONDS = 20.0
_JSON = ("--format", "{{json .}}")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Where the client leads; `host` is "" when it could not be started. `said` is what it wrote instead.

    `podman`: it is Podman, and `host` is where its socket would be. `remote`: its engine runs elsewhere.
    """

    host: str = ""
    context: str = ""
    tls: bool = False
    podman: bool = False
    remote: bool = False
    said: tuple[str, ...] = ()


async def recognise(program: str, environ: Mapping[str, str]) -> Found:
    """What `program` says of its engine. Raises EngineUnsupported for clients of another kind."""
    try:
        code, out, err = await _ask(program, ("context", "inspect"), environ)
    except OSError as error:
        return Found(said=(f"{program}: {error.strerror or error}",))
    described = _described(out) if code == 0 else None
    if described is not None:
        return described
    _, told, complaint = await _ask(program, ("info", *_JSON), environ)
    podman = _podman(told)
    if podman is not None:
        return podman
    _, version, _ = await _ask(program, ("version", *_JSON), environ)
    raise _unsupported(program, version, err or complaint or out)


def _unsupported(program: str, version: str, said: str) -> EngineUnsupported:
    """Podman whose service or settings are broken, a client of containerd, or anything at all."""
    words = (said.strip() or "no output").splitlines()[-1][:300]
    parts = _parts(version)
    if parts is not None and parts.Client is not None and parts.Client.APIVersion:
        return EngineUnsupported(
            f"{program} is Podman {parts.Client.Version}, but it does not tell of itself.",
            evidence=(f"{program} info: {words}",),
            hint=f"Correct what `{program} info` complains about.",
        )
    if parts is not None and any(each.Name == "containerd" for each in _components(parts)):
        return EngineUnsupported(
            f"{program} is a client of containerd (nerdctl), which has no Docker-compatible API.",
            evidence=(f"{program} version: its server is containerd",),
            hint="Use Docker or Podman: moorage speaks to an engine's API, not through a command line.",
        )
    return EngineUnsupported(
        f"{program} does not answer like Docker's command-line client, nor like Podman.",
        evidence=(f"{program} context inspect: {words}",),
        hint="Give the path of Docker's or Podman's client in the option `path`, or leave it out.",
    )


async def _ask(program: str, arguments: tuple[str, ...], environ: Mapping[str, str]) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environ},
    )
    try:
        async with asyncio.timeout(_SECONDS):
            out, err = await process.communicate()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise EngineUnsupported(
            f"`{program} {' '.join(arguments)}` did not answer within {_SECONDS:.0f} s.",
            hint="Run it by hand to see what it waits for.",
        ) from error
    return process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace")


class _Docker(msgspec.Struct):
    Host: str = ""


class _Endpoints(msgspec.Struct):
    docker: _Docker


class _Context(msgspec.Struct):
    Endpoints: _Endpoints
    Name: str = ""
    TLSMaterial: dict[str, object] = {}


def _described(out: str) -> Found | None:
    try:
        contexts = msgspec.json.decode(out, type=list[_Context])
    except msgspec.MsgspecError:
        return None
    if not contexts or not contexts[0].Endpoints.docker.Host:
        return None
    first = contexts[0]
    name = "" if first.Name == "default" else first.Name
    return Found(host=first.Endpoints.docker.Host, context=name, tls=bool(first.TLSMaterial))


class _Socket(msgspec.Struct):
    path: str


class _Host(msgspec.Struct, rename="camel"):
    """`remote_socket` is missing in Podman before 3.0."""

    remote_socket: _Socket
    service_is_remote: bool = False


class _Told(msgspec.Struct):
    host: _Host


def _podman(out: str) -> Found | None:
    try:
        host = msgspec.json.decode(out, type=_Told).host
    except msgspec.MsgspecError:
        return None
    path = host.remote_socket.path.removeprefix("unix://")
    return Found(host=f"unix://{path}", podman=True, remote=host.service_is_remote)


class _Component(msgspec.Struct):
    Name: str = ""


class _Half(msgspec.Struct):
    """Podman's has an APIVersion, Docker's an ApiVersion."""

    APIVersion: str = ""
    Version: str = ""
    Components: list[_Component] | None = None


class _Version(msgspec.Struct):
    Client: _Half | None = None
    Server: _Half | None = None


def _parts(out: str) -> _Version | None:
    try:
        return msgspec.json.decode(out, type=_Version)
    except msgspec.MsgspecError:
        return None


def _components(version: _Version) -> list[_Component]:
    return (version.Server.Components if version.Server else None) or []
