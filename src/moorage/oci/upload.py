"""Writing to a registry: a blob by mount or in one piece, then the manifest that names it."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlencode, urljoin, urlsplit

from moorage.oci.configuration import Endpoint
from moorage.oci.digest import compute, mismatch
from moorage.oci.failures import BadAnswer, ImageNotFound, RegistryUnreachable
from moorage.oci.manifest import Descriptor
from moorage.oci.reference import Reference, is_digest
from moorage.oci.session import PUSH, Call, Session
from moorage.oci.transport import Answer, Content, Transport

Outcome = Literal["present", "mounted", "sent"]

_COMMIT_SECONDS = 300.0  # registries on object stores copy a large blob before they answer


async def has_blob(session: Session, reference: Reference, descriptor: Descriptor) -> bool:
    """One HEAD request."""
    what = f"blob {descriptor.digest} of {reference}"
    call = Call(what=what, path=f"blobs/{descriptor.digest}", method="HEAD", actions=PUSH)
    try:
        await session.ask(reference, call)
    except ImageNotFound:
        return False
    return True


async def upload_blob(
    session: Session,
    transport: Transport,
    reference: Reference,
    descriptor: Descriptor,
    content: bytes | Content,
    mount_from: str = "",
) -> Outcome:
    """Ask, mount, send: the first that works. A broken transfer begins again with a new upload."""
    if await has_blob(session, reference, descriptor):
        return "present"
    for attempt in range(1, transport.patience.attempts):
        try:
            return await _send_blob(session, reference, descriptor, content, mount_from)
        except RegistryUnreachable:
            await transport.pause(attempt)
    return await _send_blob(session, reference, descriptor, content, mount_from)


async def put_manifest(session: Session, reference: Reference, body: bytes, media_type: str) -> Descriptor:
    """PUT under the tag or digest; the digest that the registry answers is compared."""
    call = Call(
        what=str(reference),
        path=f"manifests/{reference.target}",
        method="PUT",
        headers={"Content-Type": media_type},
        content=body,
        actions=PUSH,
    )
    _, answer = await session.ask(reference, call)
    told = answer.headers.get("Docker-Content-Digest", "")
    own = compute(body, told.partition(":")[0]) if is_digest(told) else compute(body)
    if is_digest(told) and told != own:
        raise mismatch(f"the manifest {reference}", own, told)
    return Descriptor(media_type=media_type, digest=own, size=len(body))


async def _send_blob(
    session: Session,
    reference: Reference,
    descriptor: Descriptor,
    content: bytes | Content,
    mount_from: str,
) -> Outcome:
    endpoint, begun = await _begin(session, reference, descriptor, mount_from)
    if begun.status == 201:
        return "mounted"
    call = Call(
        what=f"blob {descriptor.digest} of {reference}",
        path="",
        method="PUT",
        headers={"Content-Type": "application/octet-stream", "Content-Length": str(descriptor.size)},
        content=content,
        actions=PUSH,
        stall=_COMMIT_SECONDS,
        attempts=1,
    )
    await session.ask_at(endpoint, reference, call, _location(endpoint, begun, descriptor))
    return "sent"


async def _begin(
    session: Session, reference: Reference, descriptor: Descriptor, mount_from: str
) -> tuple[Endpoint, Answer]:
    query = f"?{urlencode({'mount': descriptor.digest, 'from': mount_from})}" if mount_from else ""
    call = Call(
        what=f"an upload to {reference.registry}/{reference.repository}",
        path=f"blobs/uploads/{query}",
        method="POST",
        content=b"",
        actions=PUSH,
        also_from=mount_from,
    )
    return await session.ask(reference, call)


def _location(endpoint: Endpoint, begun: Answer, descriptor: Descriptor) -> str:
    """Where to send the bytes. A registry behind a TLS proxy may name itself by http: its host decides."""
    location = urljoin(f"{endpoint.url}/v2/", begun.headers.get("Location", ""))
    parts, own = urlsplit(location), urlsplit(endpoint.url)
    if parts.netloc == own.netloc:
        parts = parts._replace(scheme=own.scheme)
    if begun.status != 202 or parts.scheme not in ("http", "https"):
        raise BadAnswer(f"{endpoint.host} names no place to upload to", evidence=(f"HTTP {begun.status}",))
    digest = urlencode({"digest": descriptor.digest})
    return parts._replace(query=f"{parts.query}&{digest}" if parts.query else digest).geturl()
