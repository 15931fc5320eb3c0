"""A registry and token server that fail as told, on a real socket: faults that a good registry never has."""

from __future__ import annotations

import asyncio
import hashlib
import json
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from moorage.oci.manifest import OCI_INDEX, OCI_MANIFEST


@dataclass
class Seen:
    """One request as the server got it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query)

    @property
    def authorization(self) -> str:
        return self.headers.get("authorization", "")


@dataclass
class Reply:
    """What the server does: answer, break off after `cut` bytes of the body, or say nothing at all."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None
    silent: bool = False


Rule = Callable[[Seen], Reply]


def digest(body: bytes) -> str:
    return "sha256:" + hashlib.sha256(body).hexdigest()


def descriptor(body: bytes, media_type: str, **more: object) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest(body), "size": len(body), **more}


class Standin:
    """Serves what is put into it; `script` holds replies that come first, in order, for `METHOD path`."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.content: dict[str, Reply] = {}
        self.script: dict[str, list[Reply]] = defaultdict(list)
        self.rules: list[tuple[str, Rule]] = []
        self.address = ""
        self.released = asyncio.Event()

    def paths(self) -> list[str]:
        return [f"{seen.method} {urlsplit(seen.path).path}" for seen in self.seen]

    def first(self, call: str, *replies: Reply) -> None:
        """Before anything else, answer `METHOD path` with these, one each."""
        self.script[call] += replies

    def rule(self, prefix: str, rule: Rule) -> None:
        """Every path that starts so is answered by the function."""
        self.rules.append((prefix, rule))

    def put_image(self, repository: str, tag: str, config: Mapping[str, object]) -> dict[str, object]:
        """A whole image without layers; answers the descriptor of its manifest."""
        body = json.dumps(config).encode()
        self.put_blob(repository, body)
        own = descriptor(body, "application/vnd.oci.image.config.v1+json")
        manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": own, "layers": []}
        return self.put_manifest(repository, tag, manifest)

    def put_index(self, repository: str, tag: str, entries: list[dict[str, object]]) -> dict[str, object]:
        return self.put_manifest(
            repository, tag, {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
        )

    def put_manifest(self, repository: str, tag: str, document: Mapping[str, object]) -> dict[str, object]:
        body = json.dumps(document).encode()
        kind = str(document["mediaType"])
        headers = {"Content-Type": kind, "Docker-Content-Digest": digest(body)}
        for name in (tag, digest(body)):
            self.content[f"/v2/{repository}/manifests/{name}"] = Reply(headers=headers, body=body)
        return descriptor(body, kind)

    def put_blob(self, repository: str, body: bytes) -> None:
        self.content[f"/v2/{repository}/blobs/{digest(body)}"] = Reply(body=body)

    def answer(self, seen: Seen) -> Reply:
        path = urlsplit(seen.path).path
        if script := self.script[f"{seen.method} {path}"]:
            return script.pop(0)
        for prefix, rule in self.rules:
            if path.startswith(prefix):
                return rule(seen)
        return self.stored(seen)

    def stored(self, seen: Seen) -> Reply:
        return self.content.get(urlsplit(seen.path).path, NOT_FOUND)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while seen := await _request(reader):
                self.seen.append(seen)
                if not await self._send(writer, seen, self.answer(seen)):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _send(self, writer: asyncio.StreamWriter, seen: Seen, reply: Reply) -> bool:
        if reply.silent:
            await self.released.wait()
            return False
        headers = {"Content-Length": str(len(reply.body)), **reply.headers}
        lines = [f"HTTP/1.1 {reply.status} x", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        if seen.method != "HEAD":
            writer.write(reply.body[: reply.cut])
        await writer.drain()
        return reply.cut is None


NOT_FOUND = Reply(404, body=b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')


@asynccontextmanager
async def serving(context: ssl.SSLContext | None = None) -> AsyncIterator[Standin]:
    """A stand-in on a free port of loopback."""
    standin = Standin()
    server = await asyncio.start_server(standin.handle, "127.0.0.1", 0, ssl=context)
    standin.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield standin
    finally:
        standin.released.set()
        server.close()


async def _request(reader: asyncio.StreamReader) -> Seen | None:
    begin = await reader.read(1)
    if begin in (b"", b"\x16"):  # the end, or a TLS handshake with a server that speaks none
        return None
    head = begin + await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    if headers.get("transfer-encoding") == "chunked":
        return Seen(method, path, headers, await _chunked(reader))
    return Seen(method, path, headers, await reader.readexactly(int(headers.get("content-length", 0))))


async def _chunked(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


class Tokens:
    """The rules of a registry that wants bearer tokens, with a token server at /token of the same address.

    `users` may log in; everybody else gets what `open_to_all` allows (repository names).
    """

    def __init__(
        self, standin: Standin, *, users: Mapping[str, str] | None = None, open_to_all: bool = True
    ) -> None:
        self.standin = standin
        self.users = dict(users or {})
        self.open_to_all = open_to_all
        self.issued: dict[str, str] = {}
        self.expires_in = 300
        standin.rule("/token", self.issue)
        standin.rule("/v2/", self.guard)

    def issue(self, seen: Seen) -> Reply:
        known = seen.authorization in {_basic(user, password) for user, password in self.users.items()}
        form = parse_qs(seen.body.decode()) if seen.method == "POST" else {}
        known = known or form.get("refresh_token") == ["identity"]
        if seen.authorization and not known:
            return Reply(401, body=b'{"errors":[{"code":"UNAUTHORIZED","message":"bad login"}]}')
        if not known and not self.open_to_all:
            return Reply(403, body=b'{"errors":[{"code":"DENIED","message":"requested access is denied"}]}')
        scopes = form.get("scope") or seen.query.get("scope", [])
        token = f"token-{len(self.issued)}"
        self.issued[token] = " ".join(scopes)
        return Reply(body=json.dumps({"token": token, "expires_in": self.expires_in}).encode())

    def guard(self, seen: Seen) -> Reply:
        repository = urlsplit(seen.path).path.removeprefix("/v2/").split("/manifests/")[0].split("/blobs/")[0]
        token = seen.authorization.removeprefix("Bearer ")
        if f"repository:{repository}:" in self.issued.get(token, ""):
            return self.standin.stored(seen)
        realm = f"http://{self.standin.address}/token"
        scope = f"repository:{repository}:pull"
        wanted = f'Bearer realm="{realm}",service="stand,in",scope="{scope}"'
        return Reply(
            401, {"WWW-Authenticate": wanted}, b'{"errors":[{"code":"UNAUTHORIZED","message":"login"}]}'
        )


def _basic(user: str, password: str) -> str:
    import base64

    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
