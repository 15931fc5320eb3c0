"""The API server over HTTP/1.1: requests on kept connections, deadlines, errors in our words.

A server that has answered and then goes away (a restart, an upgrade, a failover) is waited for, within
`patience`; one that has never answered is told at once.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self

from ..engine.http import Answer, Broken, Connection
from ..errors import MoorageError
from .access import Access
from .credentials import Credentials, Identity
from .dial import Wire, bad_certificate, dial, place_of, tls_context
from .errors import ClusterLost, ClusterTimeout, ClusterUnreachable, Unauthorized, read_status, translate
from .patience import Patience

if TYPE_CHECKING:
    from types import TracebackType

    from ..served import Served

QUICK = 30.0
"""Seconds for a look: get, list, a review."""
CHANGE = 60.0
"""Seconds for a change: create, apply, delete."""

Query = Mapping[str, str | int | bool | None] | tuple[tuple[str, str], ...]


class Cluster:
    """One API server as one user, used within one event loop; `access` says the namespace to work in.

    `environ` serves proxies and plugins. `say` gets lines for people: what a credential plugin writes, and
    that an API server that went away is waited for, at most `patience` seconds. `requests` keeps the last
    ones ("GET /api/v1/pods"), for reports.
    """

    def __init__(
        self,
        access: Access,
        environ: Mapping[str, str],
        *,
        say: Callable[[str], None] | None = None,
        patience: float = 60.0,
        through: Served | None = None,
    ) -> None:
        self.access = access
        self.requests: deque[str] = deque(maxlen=1000)
        self.sent = 0
        self._environ = environ
        self._say = say or (lambda _: None)
        self._through = through
        self._credentials = Credentials(access, environ, say=say)
        self._idle: list[tuple[int, Connection]] = []
        self._contexts: dict[int, ssl.SSLContext | None] = {}
        self._patience = Patience(patience)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of all idle connections; the cluster can be used again afterwards."""
        while self._idle:
            await self._idle.pop()[1].close()
        if self._through is not None:
            await self._through.stop()

    async def call(
        self,
        method: str,
        path: str,
        query: Query = (),
        *,
        body: bytes = b"",
        content: str = "application/json",
        timeout: float = QUICK,
    ) -> bytes:
        """One whole exchange within `timeout` seconds: the answer's body.

        Raises what `errors.translate` gives, ClusterUnreachable, ClusterLost, ClusterTimeout,
        ClusterCertificate, CredentialsFailed. A request may be sent again where the server went away in the
        middle: a create that had come through then ends with ObjectExists.
        """
        waiting = self._patience.begin(timeout)
        try:
            async with asyncio.timeout(timeout):
                while True:
                    try:
                        async with self.open(
                            method, path, query, body=body, content=content, within=None
                        ) as answer:
                            return await answer.read()
                    except ClusterLost as error:
                        if not await waiting.again(error, self._say):
                            raise
        except TimeoutError as error:
            raise self._too_late(method, path, timeout) from error

    @asynccontextmanager
    async def open(
        self,
        method: str,
        path: str,
        query: Query = (),
        *,
        body: bytes = b"",
        content: str = "application/json",
        within: float | None = CHANGE,
    ) -> AsyncIterator[Answer]:
        """An answer that begins `within` seconds; how long its body may take is for the caller to say.

        Raises as `call`.
        """
        headers = {"Content-Type": content} if body else {}
        try:
            async with asyncio.timeout(within):
                number, connection, answer = await self._exchange(method, path, query, body, headers)
        except TimeoutError as error:
            raise self._too_late(method, path, within or 0) from error
        try:
            if answer.status >= 400:
                raise await self._refusal(answer, f"{method} {path}")
            yield answer
        except (Broken, OSError) as error:
            raise self._lost(f"{method} {path}", error) from error
        finally:
            await self._put_back(number, connection)

    async def upgrade(self, path: str, query: Query, headers: Mapping[str, str]) -> tuple[Wire, Answer]:
        """A GET after which the connection belongs to the caller, who closes it. Raises as `call`."""
        try:
            async with asyncio.timeout(CHANGE):
                number, connection, answer = await self._exchange("GET", path, query, b"", headers)
                if answer.status == 101:
                    wire = connection.wire
                    assert isinstance(wire, Wire)
                    return wire, answer
                try:
                    raise await self._refusal(answer, f"GET {path}")
                except (Broken, OSError) as error:
                    raise self._lost(f"GET {path}", error) from error
                finally:
                    await self._put_back(number, connection)
        except TimeoutError as error:
            raise self._too_late("GET", path, CHANGE) from error

    # ── one exchange, as often as it takes ──

    async def _exchange(
        self, method: str, path: str, query: Query, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, Connection, Answer]:
        waiting, renewed = self._patience.begin(CHANGE), False
        while True:
            try:
                identity = await self._credentials.identity()
                connection, answer = await self._once(identity, method, path, query, body, headers)
            except (ClusterUnreachable, ClusterLost) as error:
                if await waiting.again(error, self._say):
                    continue
                raise
            if answer.status == 401 and not renewed:
                renewed = True
                if await self._credentials.renew(identity):
                    await connection.close()
                    continue
            if answer.status != 503:
                self._patience.answered()
            if await waiting.later(answer.status, answer.headers, self._say):
                await connection.close()
                continue
            return identity.number, connection, answer

    async def _once(
        self,
        identity: Identity,
        method: str,
        path: str,
        query: Query,
        body: bytes,
        headers: Mapping[str, str],
    ) -> tuple[Connection, Answer]:
        self.requests.append(f"{method} {path}")
        self.sent += 1
        connection = await self._connection(identity)
        _, host, port, prefix = place_of(self.access.server)
        target = target_of(prefix + path, query)
        fixed = {"Host": _authority(host, port), "User-Agent": "moorage", "Accept": "application/json, */*"}
        head = {**fixed, **identity.headers, **headers}
        try:
            while True:
                try:
                    answer = await connection.request(method, target, head, body)
                except (Broken, OSError) as error:
                    if not connection.used:
                        raise
                    # An idle connection that the server had ended meanwhile says nothing of the server.
                    if not (isinstance(error, Broken) and error.silent):
                        raise
                    await connection.close()
                    connection = Connection(await self._dial(identity))
                    continue
                return connection, answer
        except ssl.SSLError as error:
            await connection.close()
            raise bad_certificate(self.access, error) from error
        except (Broken, OSError) as error:
            await connection.close()
            raise self._lost(f"{method} {path}", error) from error
        except BaseException:
            await connection.close()
            raise

    # ── connections ──

    async def _connection(self, identity: Identity) -> Connection:
        while self._idle:
            number, connection = self._idle.pop()
            if number == identity.number and not connection.wire.ended:
                return connection
            await connection.close()
        return Connection(await self._dial(identity))

    async def _dial(self, identity: Identity) -> Wire:
        if self._through is not None:
            await self._through.ready()
        if identity.number not in self._contexts:
            self._contexts = {identity.number: tls_context(self.access, identity)}
        return await dial(self.access, identity, self._contexts[identity.number], self._environ)

    async def _put_back(self, number: int, connection: Connection) -> None:
        if connection.free:
            self._idle.append((number, connection))
        else:
            await connection.close()

    # ── errors ──

    async def _refusal(self, answer: Answer, request: str) -> MoorageError:
        body = await answer.read()
        error = translate(answer.status, body, request, server=self.access.server)
        if self._through is not None and read_status(body) is None:
            error.evidence += self._through.words()[-6:]
        if isinstance(error, Unauthorized):
            error.evidence += self._credentials.description()
        return error

    def _lost(self, request: str, error: Exception) -> ClusterLost:
        return ClusterLost(
            f"The connection to the API server {self.access.server} broke.",
            evidence=(f"{request}: {error}",),
            hint="Check that the API server runs (`kubectl get --raw /readyz`), then run the command again.",
        )

    def _too_late(self, method: str, path: str, seconds: float) -> ClusterTimeout:
        return ClusterTimeout(
            f"The API server did not answer within {seconds:.0f} s.",
            evidence=(f"{method} {path}",),
            hint="Look at the API server's load and log, then run the command again: it continues.",
        )


def target_of(path: str, query: Query) -> str:
    """The request target; None and False are left out of the query."""
    pairs = query if isinstance(query, tuple) else tuple(_texts(query))
    words = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in pairs)
    return f"{path}?{words}" if words else path


_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def quoted(text: str) -> str:
    """Percent-encoded for any place in a URL (RFC 3986, 2.1)."""
    data = text.encode(errors="surrogateescape")
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in data)


def _texts(query: Mapping[str, str | int | bool | None]) -> list[tuple[str, str]]:
    there = {name: value for name, value in query.items() if value is not None and value is not False}
    return [(name, "true" if value is True else str(value)) for name, value in there.items()]


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
