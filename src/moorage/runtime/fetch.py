"""Downloads what is pinned, into a folder where it is kept by its checksum."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import httpx2

from moorage.events import Reporter, StepProgress
from moorage.runtime.errors import RuntimeDownloadFailed, RuntimeUntrusted
from moorage.runtime.lock import Pin

_SIDE_BY_SIDE = 4
_SECONDS = 60.0

Mirrors = Mapping[str, Sequence[str]]
"""Archive → addresses, tried in this order."""

DEBIAN = "http://deb.debian.org"
SNAPSHOT = "https://snapshot.debian.org/archive"
FILES = "https://files.pythonhosted.org"
INDEX = "https://pypi.org/simple"


def mirrors(date: str, debian: str = "", wheels: str = "") -> Mirrors:
    """The public addresses, or those given: `debian` has the folders debian and debian-security.

    What a newer package has taken the place of is in Debian's archive of all that ever was.
    """
    past = f"{date.replace('-', '').replace(':', '').removesuffix('Z')}Z"
    found = {
        archive: (f"{debian or DEBIAN}/{archive}", *(() if debian else (f"{SNAPSHOT}/{archive}/{past}",)))
        for archive in ("debian", "debian-security")
    }
    return {**found, "pypi": (wheels or FILES,)}


class Store:
    """A cache of downloads. A file is in it only if its checksum was right."""

    def __init__(self, folder: Path, addresses: Mirrors, reporter: Reporter) -> None:
        self._folder = folder
        self._addresses = addresses
        self._reporter = reporter

    async def fetch(self, pins: Sequence[Pin]) -> dict[str, bytes]:
        """Name → content, verified. Raises RuntimeDownloadFailed and RuntimeUntrusted."""
        self._folder.mkdir(parents=True, exist_ok=True)
        missing = [pin for pin in pins if not self._path(pin).exists()]
        if missing:
            await self._download(missing)
        return {pin.name: self._read(pin) for pin in pins}

    async def _download(self, pins: Sequence[Pin]) -> None:
        gate = asyncio.Semaphore(_SIDE_BY_SIDE)
        async with httpx2.AsyncClient(timeout=_SECONDS, follow_redirects=True) as client:
            tasks = [asyncio.ensure_future(self._one(client, gate, pin)) for pin in pins]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, client: httpx2.AsyncClient, gate: asyncio.Semaphore, pin: Pin) -> None:
        async with gate:
            self._reporter.emit(
                StepProgress(step="runtime", text=f"{pin.name} {pin.version}", total=pin.size)
            )
            content = await _get(client, pin, self._addresses[pin.archive])
        draft = self._folder / f".{pin.sha256}.{os.getpid()}"
        draft.write_bytes(_verified(content, pin))
        draft.rename(self._path(pin))

    def _read(self, pin: Pin) -> bytes:
        return _verified(self._path(pin).read_bytes(), pin)

    def _path(self, pin: Pin) -> Path:
        return self._folder / pin.sha256


async def get(client: httpx2.AsyncClient, address: str, headers: Mapping[str, str] | None = None) -> bytes:
    """One document. Raises RuntimeDownloadFailed."""
    try:
        answer = await client.get(address, headers=headers)
    except httpx2.HTTPError as error:
        raise _failed(address, str(error) or type(error).__name__) from error
    if answer.status_code != 200:
        raise _failed(address, f"HTTP {answer.status_code}")
    return answer.content


async def _get(client: httpx2.AsyncClient, pin: Pin, bases: Sequence[str]) -> bytes:
    evidence: tuple[str, ...] = ()
    for base in bases:
        try:
            return await get(client, f"{base}/{pin.path}")
        except RuntimeDownloadFailed as error:
            evidence += error.evidence
    raise RuntimeDownloadFailed(
        f"{pin.name} {pin.version} cannot be fetched.",
        evidence=evidence,
        hint="Check the network, name a mirror that has it, or pin anew with `moorage runtime lock`.",
    )


def _failed(address: str, why: str) -> RuntimeDownloadFailed:
    return RuntimeDownloadFailed(
        f"{address} cannot be fetched.",
        evidence=(f"{address}: {why}",),
        hint="Check the network and the mirror.",
    )


def _verified(content: bytes, pin: Pin) -> bytes:
    found = sha256(content).hexdigest()
    if found != pin.sha256:
        raise RuntimeUntrusted(
            f"{pin.name} {pin.version} is not what was pinned.",
            evidence=(f"{pin.path}", f"SHA-256 {found} instead of {pin.sha256}"),
            hint="Use another mirror; what was fetched is not used.",
        )
    return content
