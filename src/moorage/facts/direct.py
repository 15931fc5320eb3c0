"""Small documents of registries over sockets of our own, where nothing stands in between.

Loading a whole HTTP library takes longer than asking a registry for a manifest. Proxies, redirects and
certificates of one's own are not for here: `ask` answers None, and the usual way is taken.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from moorage import __version__
from moorage.engine.http import Answer, Broken, Connection
from moorage.engine.wire import StreamWire
from moorage.oci.configuration import is_loopback
from moorage.oci.transport import Document, Interrupted, Request

if TYPE_CHECKING:
    import ssl

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_UNSAFE = re.compile(r"[^\x21-\x7e]")
_LINE = 256 * 1024
_AGENT = f"moorage/{__version__}"

Peer = tuple[str, str, int]


class DirectWay:
    """Keeps its connections until `close`. `environment` says whether there is a proxy."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environment is None else environment
        self._proxied = any(environ.get(name) or environ.get(name.upper()) for name in _PROXIES)
        self._idle: defaultdict[Peer, list[Connection]] = defaultdict(list)
        self._addresses: dict[tuple[str, int], asyncio.Future[list[str]]] = {}
        self._context: ssl.SSLContext | None = None

    async def ask(self, request: Request, *, limit: int, connect: float, stall: float) -> Document | None:
        """See `moorage.oci.transport.Direct`."""
        peer = self._peer(request)
        if peer is None:
            return None
        for _ in range(2):
            connection = await self._connection(peer, request, connect)
            if connection is None:
                return None
            known = connection.used
            try:
                return await self._exchange(connection, peer, request, limit, stall)
            except Broken as error:
                if not (known and error.silent):  # a kept connection may have been closed meanwhile
                    raise Interrupted(str(error)) from error
            finally:
                await self._settle(connection, peer)
        raise Interrupted("the connection was closed")

    async def close(self) -> None:
        """Close every connection."""
        idle, self._idle = self._idle, defaultdict(list)
        for connection in (each for kept in idle.values() for each in kept):
            await connection.close()

    def _peer(self, request: Request) -> Peer | None:
        """Whom to ask, or None where more than a socket is needed."""
        try:
            parts = urlsplit(request.url)
            host, port = parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme]
        except (ValueError, KeyError):
            return None
        between = self._proxied or sys.platform != "linux"  # elsewhere the system has settings of its own
        if (
            not host
            or _UNSAFE.search(request.url)
            or "@" in parts.netloc
            or (between and not is_loopback(parts.netloc))
        ):
            return None
        if parts.scheme == "https" and not _ordinary(request):
            return None
        return parts.scheme, host, port

    async def _connection(self, peer: Peer, request: Request, seconds: float) -> Connection | None:
        """A kept one or a new one; None where there is none to be had: the usual way says why."""
        kept = self._idle[peer]
        while kept:
            connection = kept.pop()
            if not connection.wire.ended:
                return connection
            await connection.close()
        scheme, host, port = peer
        try:
            async with asyncio.timeout(seconds):
                tls = self._tls() if scheme == "https" else None
                return Connection(await self._wire(host, port, tls))
        except (OSError, TimeoutError, ValueError):
            return None

    async def _exchange(
        self, connection: Connection, peer: Peer, request: Request, limit: int, stall: float
    ) -> Document | None:
        parts = urlsplit(request.url)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        headers = {
            "Host": parts.netloc,
            "User-Agent": _AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            **request.headers,
        }
        try:
            async with asyncio.timeout(stall):
                answer = await connection.request(request.method, target, headers)
            if 300 <= answer.status < 400 or answer.status == 101:
                return None
            return Document(answer.status, answer.headers, await _body(answer, limit, stall))
        except TimeoutError:
            raise Interrupted("no answer in time") from None

    async def _settle(self, connection: Connection, peer: Peer) -> None:
        if connection.free:
            self._idle[peer].append(connection)
        else:
            await connection.close()

    async def _wire(self, host: str, port: int, tls: ssl.SSLContext | None) -> StreamWire:
        """To the first address that answers."""
        failed: OSError = ConnectionError(f"no address of {host}")
        name = host if tls else None
        for address in await self._lookup(host, port):
            try:
                opened = asyncio.open_connection(address, port, ssl=tls, server_hostname=name, limit=_LINE)
                return StreamWire(*await opened)
            except OSError as error:
                failed = error
        raise failed

    async def _lookup(self, host: str, port: int) -> list[str]:
        """Asked once, however many connections there are."""
        if (host, port) not in self._addresses:
            loop = asyncio.get_running_loop()
            self._addresses[host, port] = loop.run_in_executor(None, _addresses, host, port)
        return await asyncio.shield(self._addresses[host, port])

    def _tls(self) -> ssl.SSLContext:
        """The system's own authorities; SSL_CERT_FILE and SSL_CERT_DIR count, as OpenSSL reads them."""
        if self._context is None:
            import ssl

            self._context = ssl.create_default_context()
        return self._context


def _addresses(host: str, port: int) -> list[str]:
    """A plain name goes as bytes: as text it is read as an international one, whose tables load slowly."""
    name = host.encode() if host.isascii() else host
    return [str(each[4][0]) for each in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)]


async def _body(answer: Answer, limit: int, stall: float) -> bytes:
    """At most one byte more than the limit, so that the caller sees it."""
    parts, clock = bytearray(), asyncio.get_running_loop().time
    async with asyncio.timeout(stall) as patience:
        async for piece in answer.pieces():
            parts += piece
            if len(parts) > limit:
                break
            patience.reschedule(clock() + stall)
    return bytes(parts[: limit + 1])


def _ordinary(request: Request) -> bool:
    """Whether the certificate is judged by the system's authorities alone."""
    trust = request.trust
    return trust.verify and not trust.ca_files and not (trust.folder and os.path.isdir(trust.folder))  # noqa: PTH112
