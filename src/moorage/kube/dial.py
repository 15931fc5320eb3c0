"""One connection to the API server: TCP or a Unix socket, a proxy where there is one, TLS."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Iterator, Mapping

from ..errors import MoorageError
from .access import Access, Pem
from .credentials import Identity
from .errors import ClusterCertificate, ClusterUnreachable
from .proxies import Proxy, pass_through, proxy_for

CONNECT_SECONDS = 15.0
_DEAD_SECONDS = 60
_BUFFER = 256 * 1024


class Wire:
    """Both directions of one connection (the `Wire` of engine/http)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    @property
    def ended(self) -> bool:
        gone = self.reader.at_eof() or self.reader.exception() is not None
        return gone or self._writer.is_closing()

    async def write(self, data: bytes) -> None:
        """Returns when more may be written. Raises ConnectionError once the connection is gone."""
        if self.ended:
            raise ConnectionResetError("the connection is gone")
        self._writer.write(data)
        await self._writer.drain()
        await asyncio.sleep(0)  # drain does not always: what is read, and that all is lost, must be heard of

    def post(self, data: bytes) -> None:
        """Write a few bytes without waiting until they can leave."""
        if not self._writer.is_closing():
            self._writer.write(data)

    async def write_eof(self) -> None:
        """Nothing: what goes over this wire says itself where it ends."""

    async def close(self, *, seconds: float = 2.0) -> None:
        """What was written leaves, within `seconds`; nobody waits for the peer."""
        with contextlib.suppress(OSError, TimeoutError, RuntimeError):
            async with asyncio.timeout(seconds):
                # At 0 asyncio's TLS would hold an empty buffer to be full, and wait for nothing.
                self._writer.transport.set_write_buffer_limits(high=1, low=0)
                await self._writer.drain()
        self._writer.transport.abort()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(seconds):
                await self._writer.wait_closed()

    async def last_words(self) -> tuple[str, ...]:
        return ()

    async def _flush(self, seconds: float) -> None:
        with contextlib.suppress(OSError, TimeoutError, RuntimeError):
            async with asyncio.timeout(seconds):
                self._writer.transport.set_write_buffer_limits(0)
                await self._writer.drain()


def place_of(server: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and path of a server's URL."""
    scheme, _, rest = server.partition("://")
    authority, slash, path = rest.partition("/")
    host, colon, port = authority.rpartition(":")
    if not colon or "]" in port:
        host, port = authority, ""
    number = int(port) if port.isdecimal() else (443 if scheme == "https" else 80)
    return scheme, host.strip("[]"), number, f"{slash}{path}"


async def dial(
    access: Access, identity: Identity, context: ssl.SSLContext | None, environ: Mapping[str, str]
) -> Wire:
    """A new wire; `context` is `tls_context`'s. Raises ClusterUnreachable, ClusterCertificate."""
    scheme, host, port, _ = place_of(access.server)
    proxy = None if access.socket else proxy_for(scheme, host, port, access.proxy, environ)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            if access.socket:
                return Wire(*await asyncio.open_unix_connection(access.socket, limit=_BUFFER))
            return await _connected(access, host, port, proxy, context)
    except TimeoutError as error:
        raise _unreachable(access, proxy, f"no connection within {CONNECT_SECONDS:.0f} s") from error
    except ssl.SSLError as error:
        raise bad_certificate(access, error) from error
    except OSError as error:
        raise _unreachable(access, proxy, _words(error)) from error


async def _connected(
    access: Access, host: str, port: int, proxy: Proxy | None, context: ssl.SSLContext | None
) -> Wire:
    name = (access.server_name or host) if context else None
    if proxy is None:
        reader, writer = await asyncio.open_connection(
            host, port, limit=_BUFFER, ssl=context, server_hostname=name
        )
        _watch_for_death(writer)
        return Wire(reader, writer)
    outer = ssl.create_default_context() if proxy.scheme == "https" else None
    reader, writer = await asyncio.open_connection(proxy.host, proxy.port, limit=_BUFFER, ssl=outer)
    try:
        _watch_for_death(writer)
        await pass_through(proxy, reader, writer, host, port)
        if context is not None:
            await writer.start_tls(context, server_hostname=name)
    except BaseException:
        writer.transport.abort()
        raise
    return Wire(reader, writer)


def _watch_for_death(writer: asyncio.StreamWriter) -> None:
    """A peer that vanished without a word (a closed laptop, a lost VPN) ends a silent connection in a minute.

    Not TCP_USER_TIMEOUT: a process that for long does not read its input keeps the window at zero.
    """
    raw = writer.get_extra_info("socket")
    if raw is None:
        return
    with contextlib.suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _DEAD_SECONDS // 2)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _DEAD_SECONDS // 6)


def tls_context(access: Access, identity: Identity) -> ssl.SSLContext | None:
    """What the connections of one identity share; None without TLS. Raises ClusterCertificate."""
    if access.socket or not access.server.startswith("https:"):
        return None
    authority = access.authority
    try:
        context = ssl.create_default_context(
            cafile=authority.file or None if not authority.data else None,
            cadata=authority.data.decode("ascii") or None,
        )
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable("certificate authority", authority.file or access.origin, error) from error
    # As Go: a certificate in the authority's file is trusted whoever signed it, and old authorities lack
    # extensions that Python 3.13 begins to insist on.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if identity.certificate:
        _present(context, identity)
    return context


def bad_certificate(access: Access, error: ssl.SSLError) -> ClusterCertificate:
    """What a failed handshake, or an alert of the server's after it, means."""
    said = getattr(error, "verify_message", "") or str(error)
    hint = "Check certificate-authority and tls-server-name of the cluster's entry in the kubeconfig."
    if "alert" in str(error).lower() or "ALERT" in str(error):
        hint = "The API server refuses our certificate: log in again, or get a new kubeconfig."
    if "wrong version number" in str(error).lower().replace("_", " "):
        hint = "What answers there speaks no TLS: check whether the address begins with http://."
    return ClusterCertificate(
        f"No TLS connection to the API server {access.server}.",
        evidence=(said, f"from {access.origin}"),
        hint=hint,
    )


def _present(context: ssl.SSLContext, identity: Identity) -> None:
    """OpenSSL reads our certificate from files only: inline data gets one in memory, never on a disk."""
    files = contextlib.ExitStack()
    with files:
        certificate = files.enter_context(_as_file(identity.certificate))
        key = files.enter_context(_as_file(identity.key)) if identity.key else None
        try:
            context.load_cert_chain(certificate, key, password=lambda: "")  # never ask on the terminal
        except (OSError, ssl.SSLError) as error:
            raise _unusable(
                "client certificate", identity.certificate.file or "the kubeconfig", error
            ) from error


@contextlib.contextmanager
def _as_file(pem: Pem) -> Iterator[str]:
    if not pem.data:
        yield pem.file
    elif hasattr(os, "memfd_create"):
        number = os.memfd_create("moorage")
        try:
            os.write(number, pem.data)
            yield f"/proc/self/fd/{number}"
        finally:
            os.close(number)
    else:
        from tempfile import NamedTemporaryFile  # where the system has no files in memory

        with NamedTemporaryFile(prefix="moorage-") as file:
            file.write(pem.data)
            file.flush()
            yield file.name


def _unusable(what: str, place: str, error: Exception) -> ClusterCertificate:
    return ClusterCertificate(
        f"The {what} in {place} cannot be used.",
        evidence=(str(error),),
        hint="Get a new kubeconfig from who runs the cluster, or correct the files that it names.",
    )


def _words(error: OSError) -> str:
    """The system's own words: asyncio puts others in their place."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)


def _unreachable(access: Access, proxy: Proxy | None, why: str) -> MoorageError:
    way = f" through {proxy.name}" if proxy else ""
    return ClusterUnreachable(
        f"The API server {access.server} cannot be reached{way}.",
        evidence=(f"{why} (from {access.origin})",),
        hint="Check the address (`kubectl cluster-info`), the VPN or proxy, and that the cluster runs.",
    )
