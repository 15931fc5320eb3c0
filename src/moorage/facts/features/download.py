"""Features as archives at an address, and the deprecated ones of GitHub releases."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, Literal
from urllib.parse import urlsplit

from moorage.devcontainer.features.found import FoundFeature
from moorage.devcontainer.features.reference import GithubReference, TarballReference
from moorage.errors import ImageError
from moorage.facts.features import archive
from moorage.facts.features.cache import Cache
from moorage.facts.features.errors import DownloadFailed
from moorage.facts.features.metadata import read_file
from moorage.oci.configuration import is_loopback
from moorage.oci.digest import mismatch
from moorage.oci.failures import explain
from moorage.oci.transport import Answer, Interrupted, Request, Transport

Connect = Callable[[], Transport]
"""The run's transport, made when it is first needed."""

_MOVED = "Features moved from GitHub releases into registries: write registry/namespace/id:version."
_GITHUB = ("github.com", "api.github.com")


async def find(
    reference: TarballReference | GithubReference,
    pinned: str,
    cache: Cache,
    connect: Connect,
    environment: Mapping[str, str],
) -> FoundFeature:
    """What is at the address, or what the digest that pins it names. A pinned one that the cache has costs no
    request; any other is fetched, since an address has no digest to ask for.

    Raises DownloadFailed, DigestMismatch, FeatureUnusable, and the errors of the metadata.
    """
    url = address(reference)
    folder, digest = cache.files(pinned) if pinned else None, pinned
    if folder is None:
        try:
            folder, digest = await _fetched(url, pinned, cache, connect, environment)
        except DownloadFailed as error:
            if isinstance(reference, GithubReference):
                error.hint = _MOVED
            raise
    metadata = read_file(folder, f"{url} (devcontainer-feature.json)")
    kind: Literal["tarball", "github"] = "tarball" if isinstance(reference, TarballReference) else "github"
    return FoundFeature(
        reference=reference.written,
        kind=kind,
        base=reference.base,
        tag=reference.tag if isinstance(reference, GithubReference) else "",
        digest=digest,
        resolved=url,
        feature=metadata.feature,
        raw=metadata.raw,
        content=digest,
    )


async def content(
    found: FoundFeature, cache: Cache, connect: Connect, environment: Mapping[str, str]
) -> Path:
    """The Feature's files, which must be those that were found. Raises as `find`."""
    if kept := cache.files(found.content):
        return kept
    folder, _ = await _fetched(found.resolved, found.digest, cache, connect, environment)
    return folder


def address(reference: TarballReference | GithubReference) -> str:
    """Where the archive is; of a release the asset `<id>.tgz`, from the second form of Features."""
    if isinstance(reference, TarballReference):
        return reference.url
    release = f"download/{reference.tag}" if reference.tag else "latest/download"
    repository = f"{reference.owner}/{reference.repository}"
    return f"https://github.com/{repository}/releases/{release}/{reference.id}.tgz"


async def _fetched(
    url: str, pinned: str, cache: Cache, connect: Connect, environment: Mapping[str, str]
) -> tuple[Path, str]:
    scratch = cache.scratch()
    try:
        async with asyncio.timeout(archive.SECONDS):
            digest = await _save(url, scratch, connect(), _headers(url, environment))
        if pinned and digest != pinned:
            raise mismatch(f"the archive {url}", pinned, digest)
        return await archive.take_out(scratch, digest, cache), digest
    except TimeoutError:
        raise _failed(url, f"not whole within {archive.SECONDS:g} s") from None
    finally:
        scratch.unlink(missing_ok=True)


async def _save(url: str, into: Path, transport: Transport, headers: Mapping[str, str]) -> str:
    """The digest of what was saved. Broken off, it begins anew: nothing says that the rest is the same."""
    request = Request(method="GET", url=url, headers=headers)
    for attempt in range(1, transport.patience.attempts + 1):
        answer = await _opened(request, transport)
        try:
            with into.open("wb") as file:
                return await _copy(answer, file)
        except Interrupted as error:
            if attempt == transport.patience.attempts:
                raise _failed(url, str(error)) from error
        finally:
            await answer.close()
        await transport.pause(attempt)
    raise AssertionError("unreachable")


async def _opened(request: Request, transport: Transport) -> Answer:
    try:
        answer = await transport.open(request)
    except ImageError as error:
        raise DownloadFailed(
            f"Failed to fetch tarball {request.url}",
            evidence=(error.message, *error.evidence),
            hint="Check the address, the network and the proxy settings (HTTPS_PROXY, NO_PROXY).",
        ) from error
    if answer.status >= 300:
        raise _refused(request.url, answer)
    if answer.url.startswith("http://") and not is_loopback(urlsplit(answer.url).netloc):
        await answer.close()
        raise _failed(request.url, f"it leads to {answer.url}, which is not encrypted")
    return answer


async def _copy(answer: Answer, file: BinaryIO) -> str:
    hasher, size = hashlib.sha256(), 0
    async for chunk in answer.chunks():
        size += len(chunk)
        if size > archive.LARGEST:
            raise archive.too_large(size)
        hasher.update(chunk)
        file.write(chunk)
    expected = answer.headers.get("Content-Length", "")
    if expected.isdecimal() and int(expected) != size:
        raise Interrupted(f"{size} of {expected} bytes")
    return f"sha256:{hasher.hexdigest()}"


def _headers(url: str, environment: Mapping[str, str]) -> dict[str, str]:
    """A token of GitHub is for GitHub alone; a redirect to another host does not take it along."""
    token = environment.get("GITHUB_TOKEN", "")
    parts = urlsplit(url)
    if token and parts.scheme == "https" and parts.netloc.lower() in _GITHUB:
        return {"Authorization": f"Bearer {token}"}
    return {}


def _refused(url: str, answer: Answer) -> DownloadFailed:
    try:
        phrase = f" {HTTPStatus(answer.status).phrase}"
    except ValueError:
        phrase = ""
    hints = {
        401: "It wants a login: set GITHUB_TOKEN for an address at GitHub, or use a registry.",
        403: "It wants a login: set GITHUB_TOKEN for an address at GitHub, or use a registry.",
        404: "Check the address for typing errors; a private release needs GITHUB_TOKEN.",
    }
    return DownloadFailed(
        f"Failed to fetch tarball {url}: HTTP {answer.status}:{phrase}",
        evidence=explain(answer.status, answer.body)[1:],
        hint=hints.get(answer.status, "Check the address."),
    )


def _failed(url: str, cause: str) -> DownloadFailed:
    hint = "Check the network, and try again."
    return DownloadFailed(f"Failed to fetch tarball {url}", evidence=(cause,), hint=hint)
