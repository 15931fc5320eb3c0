"""Pulls images through the engine's API, each once however many ask for it at a time; pushes them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Awaitable, Callable

import msgspec

from moorage.builders.causes import disk_full, image_error
from moorage.engine.client import Engine, quoted
from moorage.engine.errors import DiskFull, EngineLost, EngineRefused, EngineTimeout, ImageMissing, NotFound
from moorage.errors import ImageError, MoorageError
from moorage.events import Reporter, StepProgress
from moorage.oci.credentials import Credential
from moorage.oci.manifest import parse_platform
from moorage.oci.reference import DOCKER_HUB, Reference, parse

Logins = Callable[[str], Awaitable[Credential | None]]
"""Finds the login for a registry's host, as `oci.credentials.Credentials.find` does."""
HUB = "https://index.docker.io/v1/"
"""What engines and logins call Docker Hub."""


class Puller:
    """Pulls for one engine within one event loop."""

    def __init__(self, engine: Engine, logins: Logins) -> None:
        self._engine = engine
        self._logins = logins
        self._flights: dict[tuple[str, str], _Flight] = {}

    async def pull(self, reference: str, reporter: Reporter, step: str, *, platform: str = "") -> None:
        """Have the engine fetch `reference`. One under way is joined; it ends when nobody waits for it.

        Raises BadReference, ImageNotFound, LoginRequired, RateLimited, PlatformMissing, RegistryUnreachable,
        DiskFull, and the engine's own errors.
        """
        key = (reference, platform)
        flight = self._flights.get(key)
        if flight is None:
            task = asyncio.ensure_future(self._pull(parse(reference), reporter, step, platform))
            flight = self._flights[key] = _Flight(task)
            task.add_done_callback(lambda _: self._flights.pop(key, None))
        await flight.join()

    async def _pull(self, image: Reference, reporter: Reporter, step: str, platform: str) -> None:
        query = {"fromImage": _name(image), "tag": image.target, "platform": platform or None}
        headers = {}
        if credential := await self._logins(image.registry):
            headers["X-Registry-Auth"] = _encoded(login(credential, image.registry))
        layers = _Layers(reporter, step)
        try:
            lines = self._engine.lines("POST", "/images/create", query, headers=headers)
            async with contextlib.aclosing(lines):
                async for line in lines:
                    layers.take(line)
        except (DiskFull, EngineLost, EngineTimeout):
            raise
        except MoorageError as error:
            raise (
                image_error(image.familiar, "\n".join(error.evidence), platform=platform) or error
            ) from error
        if layers.error:
            raise _failed(image.familiar, layers.error, platform)
        if platform:
            await self._check(image, platform)

    async def _check(self, image: Reference, platform: str) -> None:
        """An image without an index is stored whatever its platform; that it is another is said here."""
        wanted = parse_platform(platform)
        query = {"platform": msgspec.json.encode(wanted).decode()}
        path = f"/images/{quoted(image.familiar)}/json"
        try:
            found = await self._engine.get(path, _Image, query)
        except (ImageMissing, NotFound) as error:
            raise _other(image, platform, error.evidence) from error
        if (found.os, found.architecture) != (wanted.os, wanted.architecture):
            raise _other(image, platform, (f"It is for {found.os}/{found.architecture}.",))


async def push(engine: Engine, reference: str, logins: Logins) -> None:
    """Have the engine push `reference`. Raises what `Puller.pull` raises."""
    image = parse(reference)
    credential = await logins(image.registry)
    headers = {"X-Registry-Auth": _encoded(login(credential, image.registry) if credential else {})}
    path = f"/images/{quoted(_name(image))}/push"
    try:
        lines = engine.lines("POST", path, {"tag": image.target}, headers=headers)
        async with contextlib.aclosing(lines):
            async for line in lines:
                if said := engine.decoded(line, _Message, path).error:
                    raise _failed(image.familiar, said, "")
    except (EngineRefused, NotFound, ImageMissing) as error:
        raise _failed(image.familiar, "\n".join(error.evidence), "") from error


class _Flight:
    """One pull and how many wait for it."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self.task = task
        self.waiting = 0

    async def join(self) -> None:
        self.waiting += 1
        try:
            await asyncio.shield(self.task)
        finally:
            self.waiting -= 1
            if not self.waiting:
                self.task.cancel()


class _Image(msgspec.Struct, rename="pascal"):
    os: str = ""
    architecture: str = ""


class _Detail(msgspec.Struct):
    current: int = 0
    total: int = 0


class _Message(msgspec.Struct, rename="camel"):
    status: str = ""
    id: str = ""
    progress_detail: _Detail | None = None
    error: str = ""


_DECODER = msgspec.json.Decoder(_Message)


class _Layers:
    """Adds up the layers. Each counts twice: when it is downloaded, and when it is unpacked."""

    def __init__(self, reporter: Reporter, step: str) -> None:
        self._reporter = reporter
        self._step = step
        self._parts: dict[tuple[str, str], tuple[int, int]] = {}
        self._shown = ("", -1)
        self.error = ""

    def take(self, line: bytes) -> None:
        try:
            message = _DECODER.decode(line)
        except msgspec.MsgspecError:
            return
        self.error = message.error or self.error
        detail = message.progress_detail
        if detail is not None and detail.total > 0:
            self._parts[message.status, message.id] = (detail.current, detail.total)
            self._show(message.status)

    def _show(self, doing: str) -> None:
        parts = [part for (what, _), part in self._parts.items() if what == doing]
        done, total = (sum(column) for column in zip(*parts, strict=True))
        now = (doing, 100 * done // total)
        if now != self._shown:
            self._shown = now
            self._reporter.emit(StepProgress(step=self._step, text=doing, done=done, total=total))


def login(credential: Credential, host: str) -> dict[str, str]:
    """A login as the engine's API takes it (AuthConfig)."""
    fields = {
        "username": credential.username,
        "password": credential.password,
        "identitytoken": credential.identity_token,
        "registrytoken": credential.registry_token,
        "serveraddress": HUB if host == DOCKER_HUB else host,
    }
    return {name: value for name, value in fields.items() if value}


def _other(image: Reference, platform: str, evidence: tuple[str, ...]) -> MoorageError:
    said = "\n".join((*evidence, "no matching manifest"))
    return image_error(image.familiar, said, platform=platform) or ImageError(said)


def _failed(reference: str, said: str, platform: str) -> MoorageError:
    known = disk_full(said) or image_error(reference, said, platform=platform)
    return known or ImageError(f"The engine could not transfer {reference}.", evidence=(said,))


def _name(image: Reference) -> str:
    return f"{image.registry}/{image.repository}"


def _encoded(value: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode()
