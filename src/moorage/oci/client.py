"""The registry client: what an image is, known before anything is pulled; and its pieces, in both directions.

OCI distribution specification 1.1. Every document and every blob is checked against its digest. One client
serves one run; it keeps connections and tokens until it is closed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from types import TracebackType
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from moorage.events import Reporter, Silent
from moorage.oci import upload
from moorage.oci.auth import Logins
from moorage.oci.configuration import Registries
from moorage.oci.digest import Check, compute, verify
from moorage.oci.failures import BadAnswer, ImageNotFound, PlatformMissing, RegistryUnreachable
from moorage.oci.manifest import ACCEPT, Descriptor, Index, Manifest, Platform, choose, decode, platforms
from moorage.oci.reference import Reference, is_digest
from moorage.oci.session import DOCUMENT, Call, Session
from moorage.oci.transport import Answer, Content, Direct, Interrupted, Patience, Transport, chance

_DEPTH = 3
_PAGES = 1000
_NO_IMAGE = "Check that the name is an image."

_T = TypeVar("_T")


class RemoteImage(msgspec.Struct, frozen=True, kw_only=True):
    """An image as its registry has it. `root` is what the reference names (an index, or the manifest itself):
    the digest to pin; `descriptor` the manifest of the platform; `config` the OCI image configuration.
    """

    root: Descriptor
    descriptor: Descriptor
    manifest: Manifest
    config: dict[str, object]


class _Document(msgspec.Struct, frozen=True):
    descriptor: Descriptor
    body: bytes


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


class Client:
    """Reads and writes images. Errors are those of `moorage.oci.failures`; each names registry and image.

    `credentials` None is anonymous; they are looked up only once a registry asks. `direct` is a lighter
    way for small documents. Clock, sleep and chance are for tests.
    """

    def __init__(
        self,
        registries: Registries | None = None,
        credentials: Logins | None = None,
        *,
        reporter: Reporter | None = None,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = chance,
        direct: Direct | None = None,
    ) -> None:
        transport = Transport(patience or Patience(), clock=clock, sleep=sleep, chance=chance, direct=direct)
        self._transport = transport
        self._session = Session(transport, registries or Registries(), credentials, reporter or Silent())

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.close()

    async def head(self, reference: Reference) -> Descriptor | None:
        """What the reference names now, without its content, or None if the registry has no such thing.

        One HEAD request, which Docker Hub does not count as a pull.
        """
        call = _manifest_call(reference, reference.target, method="HEAD")
        try:
            _, answer = await self._session.ask(reference, call)
        except ImageNotFound:
            return None
        digest = reference.digest or answer.headers.get("Docker-Content-Digest", "")
        length = answer.headers.get("Content-Length", "")
        if is_digest(digest) and length.isdecimal():
            return Descriptor(media_type=_content_type(answer), digest=digest, size=int(length))
        return (await self._fetch(reference, reference.target)).descriptor

    async def manifest(self, reference: Reference, platform: Platform) -> tuple[Descriptor, Manifest]:
        """The manifest for the platform, and its descriptor. Raises PlatformMissing with what there is."""
        _, document, manifest = await self._resolve(reference, platform)
        return document, manifest

    async def raw_manifest(self, reference: Reference) -> tuple[Descriptor, bytes]:
        """What the reference names, byte for byte and checked: for whoever keeps it, or reads annotations."""
        document = await self._fetch(reference, reference.target)
        return document.descriptor, document.body

    async def inspect(self, reference: Reference, platform: Platform) -> RemoteImage:
        """All that is known without the layers: two requests, three for an image of several platforms."""
        root, descriptor, manifest = await self._resolve(reference, platform)
        config = await self._config(reference, manifest.config)
        return RemoteImage(root=root, descriptor=descriptor, manifest=manifest, config=config)

    async def image_config(self, reference: Reference, platform: Platform) -> dict[str, object]:
        """The image configuration (user, environment, labels, diff ids), checked against its digest."""
        return (await self.inspect(reference, platform)).config

    async def document(self, reference: Reference, descriptor: Descriptor) -> bytes:
        """A small blob as a whole, checked. Raises BadAnswer above 4 MiB."""
        what = f"{reference} {descriptor.digest}"
        if descriptor.size > DOCUMENT:
            raise BadAnswer(f"{what} is larger than {DOCUMENT} bytes", hint=_NO_IMAGE)
        parts = bytearray()
        async with aclosing(self._chunks(reference, descriptor)) as chunks:
            async for chunk in chunks:
                parts += chunk
        return bytes(parts)

    def blob(self, reference: Reference, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
        """The bytes of a blob as they come. A connection that breaks is taken up again where it broke.

        The digest is known to be right only when the iteration ends without DigestMismatch.
        """
        return self._chunks(reference, descriptor)

    async def tags(self, reference: Reference) -> list[str]:
        """Every tag of the repository, in the registry's order."""
        found: list[str] = []
        path = "tags/list"
        for _ in range(_PAGES):
            call = Call(what=f"{reference.registry}/{reference.repository}", path=path)
            _, answer = await self._session.ask(reference, call)
            found += _decode(answer.body, _Tags, "the list of tags").tags or []
            following = _next_page(answer.headers.get("Link", ""))
            if not following or following == path:
                break
            path = following
        return found

    async def has_blob(self, reference: Reference, descriptor: Descriptor) -> bool:
        """Whether the repository has the blob already."""
        return await upload.has_blob(self._session, reference, descriptor)

    async def upload_blob(
        self, reference: Reference, descriptor: Descriptor, content: bytes | Content, mount_from: str = ""
    ) -> upload.Outcome:
        """Make the repository have the blob: it is there, or mounted from `mount_from` (a repository of the
        same registry), or sent. `content` as a function is called for each attempt.
        """
        return await upload.upload_blob(
            self._session, self._transport, reference, descriptor, content, mount_from
        )

    async def put_manifest(self, reference: Reference, body: bytes, media_type: str) -> Descriptor:
        """Publish a manifest or index under the reference's tag or digest; its blobs must be there."""
        return await upload.put_manifest(self._session, reference, body, media_type)

    async def _resolve(
        self, reference: Reference, platform: Platform
    ) -> tuple[Descriptor, Descriptor, Manifest]:
        root = document = await self._fetch(reference, reference.target)
        for _ in range(_DEPTH):
            decoded = decode(document.body, document.descriptor.media_type, str(reference))
            if isinstance(decoded, Manifest):
                return root.descriptor, document.descriptor, decoded
            chosen = choose(decoded, platform)
            if chosen is None:
                raise _platform_missing(reference, platform, decoded)
            document = await self._fetch(reference, chosen.digest)
        raise BadAnswer(f"{reference} is an index of indexes of indexes", hint=_NO_IMAGE)

    async def _fetch(self, reference: Reference, target: str) -> _Document:
        _, answer = await self._session.ask(reference, _manifest_call(reference, target))
        promised = target if is_digest(target) else answer.headers.get("Docker-Content-Digest", "")
        if is_digest(promised):
            verify(answer.body, promised, f"the manifest {reference}")
        digest = promised if is_digest(promised) else compute(answer.body)
        size = len(answer.body)
        return _Document(Descriptor(media_type=_content_type(answer), digest=digest, size=size), answer.body)

    async def _config(self, reference: Reference, descriptor: Descriptor) -> dict[str, object]:
        body = await self.document(reference, descriptor)
        return _decode(body, dict[str, object], f"the configuration of {reference}")

    async def _chunks(self, reference: Reference, descriptor: Descriptor) -> AsyncGenerator[bytes, None]:
        """Every break costs an attempt; every byte gained gives them back."""
        check = Check(descriptor.digest, descriptor.size, f"{reference} {descriptor.digest}")
        failed = 0
        while True:
            before = check.done
            try:
                async with aclosing(self._from(reference, descriptor, before)) as chunks:
                    async for chunk in chunks:
                        check.feed(chunk)
                        yield chunk
                break
            except Interrupted as error:
                if check.done == descriptor.size:
                    break
                failed = 1 if check.done > before else failed + 1
                if failed >= self._transport.patience.attempts:
                    raise _broken(reference, check.done, descriptor.size, error) from error
            await self._transport.pause(failed)
        check.finish()

    async def _from(
        self, reference: Reference, descriptor: Descriptor, start: int
    ) -> AsyncGenerator[bytes, None]:
        call = Call(
            what=f"blob {descriptor.digest} of {reference}",
            path=f"blobs/{descriptor.digest}",
            headers={"Range": f"bytes={start}-"} if start else {},
            limit=None,
        )
        _, answer = await self._session.ask(reference, call)
        skip = 0 if answer.status == 206 else start  # a server may ignore the range and begin again
        try:
            async for chunk in answer.chunks():
                rest = chunk[skip:]
                skip = max(0, skip - len(chunk))
                if rest:
                    yield rest
        finally:
            await answer.close()


def _manifest_call(reference: Reference, target: str, method: str = "GET") -> Call:
    named = reference if target == reference.target else reference.pinned(target)
    return Call(what=str(named), path=f"manifests/{target}", method=method, headers={"Accept": ACCEPT})


def _content_type(answer: Answer) -> str:
    return answer.headers.get("Content-Type", "").partition(";")[0].strip()


def _next_page(link: str) -> str:
    """The rest of a list (RFC 8288). Only the query is taken, so that the address stays the one asked."""
    target, _, parameters = link.partition(">")
    if not target.startswith("<") or 'rel="next"' not in parameters.replace("rel=next", 'rel="next"'):
        return ""
    query = urlsplit(target[1:]).query
    return f"tags/list?{query}" if query else ""


def _decode(body: bytes, kind: type[_T], what: str) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadAnswer(f"{what} cannot be read", evidence=(str(error),)) from error


def _platform_missing(reference: Reference, platform: Platform, index: Index) -> PlatformMissing:
    offered = ", ".join(sorted({str(one) for one in platforms(index)})) or "none"
    return PlatformMissing(
        f"{reference} has no image for {platform}",
        evidence=(f"it has: {offered}",),
        hint="Choose a platform that it has, or another image.",
    )


def _broken(reference: Reference, done: int, size: int, error: Interrupted) -> RegistryUnreachable:
    return RegistryUnreachable(
        f"the registry {reference.registry} broke off again and again",
        evidence=(f"{done} of {size} bytes of a blob of {reference}", str(error)),
        hint="Check the network, and try again.",
    )
