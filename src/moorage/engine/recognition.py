"""Asks a command-line client which engine it leads to; wrappers and replacements answer like the original."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

import msgspec

from .errors import EngineUnsupported

_SECONDS = 20.0


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Where the client leads; `host` is "" when it could not be started. `said` is what it wrote instead."""

    host: str = ""
    context: str = ""
    tls: bool = False
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
    raise await _unsupported(program, environ, err or out)


async def _unsupported(program: str, environ: Mapping[str, str], said: str) -> EngineUnsupported:
    _, out, _ = await _ask(program, ("version",), environ)
    evidence = (f"{program} context inspect: {(said.strip() or 'no output').splitlines()[-1][:300]}",)
    if "podman" in out.lower() or "libpod" in out.lower() or "API Version" in out:
        return EngineUnsupported(
            f"{program} is Podman, which moorage cannot drive yet.",
            evidence=evidence,
            hint="Use Docker, or name the socket of Podman's Docker-compatible service in DOCKER_HOST.",
        )
    return EngineUnsupported(
        f"{program} does not answer like Docker's command-line client.",
        evidence=evidence,
        hint="Give the path of Docker's client in the option `path`, or leave it out.",
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
