"""The engine's HTTP API: requests on kept connections, deadlines by kind of call, errors in our words.

Paths carry no version, so every engine answers in its own newest one; what is read of the answers has one
name in all of them (1.41 to 1.56 are tried in the tests).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import msgspec

from .endpoint import Endpoint
from .errors import EngineLost, EngineRefused, EngineTimeout, translate
from .http import Answer, Body, Broken, Connection
from .wire import Wire, dial

if TYPE_CHECKING:
    from ..served import Served

QUICK = 30.0
"""Seconds for a look: inspect, list, info."""
CHANGE = 120.0
"""Seconds for a change: create, start, stop (besides its own grace), remove."""
SILENCE = 600.0
"""Seconds that a stream such as a pull may say nothing."""

Query = Mapping[str, str | int | bool | None]
T = TypeVar("T")


class Engine:
    """One engine, used within one event loop. `requests` keeps the last ones ("GET /info"), for reports.

    `podman`: Podman answers, as its last answer said.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.requests: deque[str] = deque(maxlen=1000)
        self.sent = 0
        self._idle: list[Connection] = []
        self.podman = False
        self._service: Served | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of all idle connections; the engine can be used again afterwards."""
        while self._idle:
            await self._idle.pop().close()
        if self._service is not None:
            await self._service.stop()

    async def get(self, path: str, into: type[T], query: Query | None = None, *, timeout: float = QUICK) -> T:
        """The decoded answer. Raises the errors of `errors.translate`, EngineLost, EngineTimeout."""
        return self.decoded(await self.call("GET", path, query, timeout=timeout), into, path)

    async def post(
        self, path: str, query: Query | None = None, json: object = None, *, timeout: float = CHANGE
    ) -> bytes:
        """Send JSON (nothing when None) and give the answer's body. Errors as in `get`."""
        body = b"" if json is None else msgspec.json.encode(json)
        return await self.call("POST", path, query, body=body, timeout=timeout)

    async def delete(self, path: str, query: Query | None = None, *, timeout: float = CHANGE) -> None:
        """Errors as in `get`."""
        await self.call("DELETE", path, query, timeout=timeout)

    async def call(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        *,
        body: Body = b"",
        headers: Mapping[str, str] | None = None,
        timeout: float = QUICK,
    ) -> bytes:
        """One whole exchange within `timeout` seconds. Errors as in `get`."""
        try:
            async with asyncio.timeout(timeout):
                async with self.open(method, path, query, body=body, headers=headers, within=None) as answer:
                    return await answer.read()
        except TimeoutError as error:
            raise self._too_late(method, path, timeout) from error

    @asynccontextmanager
    async def open(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        *,
        body: Body = b"",
        headers: Mapping[str, str] | None = None,
        within: float | None = CHANGE,
    ) -> AsyncIterator[Answer]:
        """An answer that begins `within` seconds; how long its body may take is for the caller to say."""
        try:
            async with asyncio.timeout(within):
                connection, answer = await self._exchange(method, path, query, body, headers or {})
        except TimeoutError as error:
            raise self._too_late(method, path, within or 0) from error
        self.podman = "libpod-api-version" in answer.headers
        try:
            if answer.status >= 400:
                raise await _refusal(answer, f"{method} {path}")
            yield answer
        except Broken as error:
            raise await self._lost(connection, f"{method} {path}", error) from error
        finally:
            await self._put_back(connection)

    async def lines(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        silence: float | None = SILENCE,
    ) -> AsyncGenerator[bytes, None]:
        """The lines of a streamed answer; `silence` bounds the seconds between two pieces.

        Errors as in `get`. Wrap it in `contextlib.aclosing` where the stream may be left early.
        """
        async with self.open(method, path, query, headers=headers, within=silence) as answer:
            pieces, rest = answer.pieces(), b""
            while True:
                try:
                    async with asyncio.timeout(silence):
                        piece = await anext(pieces, None)
                except TimeoutError as error:
                    raise self._too_late(method, path, silence or 0) from error
                if piece is None:
                    break
                *whole, rest = (rest + piece).split(b"\n")
                for line in whole:
                    if line.strip():
                        yield line
            if rest.strip():
                yield rest

    async def hijack(self, path: str, query: Query | None = None, json: object = None) -> Wire:
        """A request after which the connection belongs to the caller, who closes it (exec, attach).

        Errors as in `get`.
        """
        headers = {"Connection": "Upgrade", "Upgrade": "tcp"}
        body = b"" if json is None else msgspec.json.encode(json)
        try:
            async with asyncio.timeout(CHANGE):
                connection, answer = await self._exchange("POST", path, query, body, headers)
                if answer.status < 300:
                    return connection.wire
                try:
                    raise await _refusal(answer, f"POST {path}")
                except Broken as error:
                    raise await self._lost(connection, f"POST {path}", error) from error
                finally:
                    await self._put_back(connection)
        except TimeoutError as error:
            raise self._too_late("POST", path, CHANGE) from error

    def decoded(self, body: bytes, into: type[T], request: str) -> T:
        """The body as `into`. Raises EngineRefused when it is something else."""
        try:
            return msgspec.json.decode(body, type=into)
        except msgspec.MsgspecError as error:
            raise EngineRefused(
                "The engine answered with something that moorage does not understand.",
                evidence=(request, str(error), body[:300].decode(errors="replace")),
                hint="Check that a Docker engine of version 20.10 or later is at " + self.endpoint.host + ".",
            ) from error

    # ── connections ──

    async def _exchange(
        self, method: str, path: str, query: Query | None, body: Body, headers: Mapping[str, str]
    ) -> tuple[Connection, Answer]:
        self.requests.append(f"{method} {path}")
        self.sent += 1
        target, head = target_of(path, query), self._headers(headers, body)
        connection = await self._connection()
        for last in (False, True):
            try:
                return connection, await connection.request(method, target, head, body)
            except Broken as error:
                stale = connection.used and error.silent and method == "GET"
                if last or not stale:
                    raise await self._lost(connection, f"{method} {path}", error) from error
                await connection.close()
                connection = Connection(await self._dial())
            except BaseException:
                await connection.close()
                raise
        raise AssertionError("unreachable")

    def _headers(self, headers: Mapping[str, str], body: Body) -> dict[str, str]:
        kind = {"Content-Type": "application/json"} if body != b"" else {}
        return {"Host": "docker", "User-Agent": "moorage"} | kind | dict(headers)

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.wire.ended:
                return connection
            await connection.close()
        return Connection(await self._dial())

    async def _dial(self) -> Wire:
        if self.endpoint.service:
            from .service import service  # Podman without a socket only

            self._service = self._service or service(self.endpoint)
            await self._service.ready()
        return await dial(self.endpoint)

    async def _put_back(self, connection: Connection) -> None:
        if connection.free:
            self._idle.append(connection)
        else:
            await connection.close()

    async def _lost(self, connection: Connection, request: str, error: Broken) -> EngineLost:
        words = await connection.wire.last_words()
        await connection.close()
        return EngineLost(
            f"The connection to the engine at {self.endpoint.host} broke.",
            evidence=(f"{request}: {error}", *words),
            hint="Check that the engine runs (`docker info`), then run the command again: it continues.",
        )

    def _too_late(self, method: str, path: str, seconds: float) -> EngineTimeout:
        return EngineTimeout(
            f"The engine did not answer within {seconds:.0f} s.",
            evidence=(f"{method} {path}",),
            hint="Look at the engine's load and log, then run the command again: it continues.",
        )


def target_of(path: str, query: Query | None) -> str:
    """The request target; None and False are left out of the query."""
    there = {name: value for name, value in (query or {}).items() if value is not None and value is not False}
    words = [f"{name}={quoted('1' if value is True else str(value))}" for name, value in there.items()]
    return f"{path}?{'&'.join(words)}" if words else path


_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def quoted(text: str) -> str:
    """Percent-encoded for any place in a URL (RFC 3986, 2.1)."""
    data = text.encode(errors="surrogateescape")
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in data)


class _Message(msgspec.Struct):
    message: str = ""


async def _refusal(answer: Answer, request: str) -> Exception:
    body = await answer.read()
    try:
        text = msgspec.json.decode(body, type=_Message).message
    except msgspec.MsgspecError:
        text = body[:2000].decode(errors="replace")
    return translate(answer.status, text, request)
