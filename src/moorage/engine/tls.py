"""TLS over a plain wire, with a half-close, which an exec's input needs and asyncio's own TLS cannot do."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

from ..errors import EngineError
from .endpoint import Tls
from .wire import StreamWire


class BadCertificate(EngineError):
    """The engine's certificate, or ours, does not pass."""

    code = "engine-certificate"


async def secured(host: str, port: int, tls: Tls, limit: int) -> TlsWire:
    """A wire through TLS. Raises BadCertificate, OSError."""
    context = _context(tls)
    reader, writer = await asyncio.open_connection(host, port, limit=limit)
    wire = TlsWire(StreamWire(reader, writer), context, host)
    try:
        await wire.handshake()
    except ssl.SSLError as error:
        await wire.close()
        raise BadCertificate(
            f"No TLS connection to the engine at {host}:{port}.",
            evidence=(str(error),),
            hint="Check DOCKER_CERT_PATH (ca.pem, cert.pem, key.pem) and DOCKER_TLS_VERIFY.",
        ) from error
    except BaseException:
        await wire.close()
        raise
    return wire


class TlsWire:
    """Records are taken apart here; the reader that callers see is fed with what was inside them."""

    def __init__(self, plain: StreamWire, context: ssl.SSLContext, host: str) -> None:
        self.reader = asyncio.StreamReader()
        self._plain = plain
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._pump: asyncio.Task[None] | None = None
        self._half_closed = False

    @property
    def ended(self) -> bool:
        return self.reader.at_eof() or self._plain.ended

    async def handshake(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._plain.reader.read(65536)
                if not data:
                    raise ConnectionResetError("closed during the TLS handshake") from None
                self._incoming.write(data)
        await self._flush()
        self._pump = asyncio.create_task(self._receive())

    async def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._tls.write(view[:65536]) :]
            await self._flush()

    async def write_eof(self) -> None:
        if self._half_closed:
            return
        self._half_closed = True
        with contextlib.suppress(ssl.SSLError):  # the peer's own end comes later, after its answer
            self._tls.unwrap()
        await self._flush()

    async def close(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        await self._plain.close()

    async def last_words(self) -> tuple[str, ...]:
        return ()

    async def _receive(self) -> None:
        try:
            while data := await self._plain.reader.read(65536):
                self._incoming.write(data)
                if not self._decrypt():
                    break
                await self._flush()
        except OSError as error:
            self.reader.set_exception(ConnectionResetError(str(error)))
            return
        self.reader.feed_eof()

    def _decrypt(self) -> bool:
        while True:
            try:
                plain = self._tls.read(65536)
            except ssl.SSLWantReadError:
                return True
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return False
            if not plain:
                return False
            self.reader.feed_data(plain)

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._plain.write(self._outgoing.read())


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca or None)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.certificate:
        try:
            context.load_cert_chain(tls.certificate, tls.key or None)
        except (OSError, ssl.SSLError) as error:
            raise BadCertificate(
                f"The client certificate {tls.certificate} cannot be used.",
                evidence=(str(error),),
                hint="Check cert.pem and key.pem in DOCKER_CERT_PATH.",
            ) from error
    return context
