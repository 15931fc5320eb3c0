"""A line that delays what goes over it: it puts a registry of this machine as far away as a public one.

Like ghcr.io and Docker Hub it lets nobody read without a token, which it gives to everybody who asks.
"""

import asyncio
import contextlib
import threading

DELAY = 0.05
TOKEN = "anonymous"
_DENIED = (
    "HTTP/1.1 401 Unauthorized\r\n"
    'Www-Authenticate: Bearer realm="http://{host}/token",service="bench",scope="{scope}"\r\n'
    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
)
_GIVEN = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"


class Line:
    """A port of this machine that hands on to `target` after DELAY seconds, in a thread of its own."""

    def __init__(self) -> None:
        self.target = ""
        self.address = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None

    def open(self, target: str) -> str:
        """Begin to serve `target` (host:port) and give the address, under the one name that both tools take
        for a registry without TLS."""
        self.target = target
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result()
        self.address = f"localhost:{self._server.sockets[0].getsockname()[1]}"
        return self.address

    def close(self) -> None:
        if self._server:
            self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _serve(self) -> asyncio.Server:
        return await asyncio.start_server(self._connected, "localhost", 0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self.target.rpartition(":")
        there, away = await asyncio.open_connection(host, int(port))
        await asyncio.gather(self._asked(reader, writer, away), _pass(there, writer), return_exceptions=True)

    async def _asked(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, away: asyncio.StreamWriter
    ) -> None:
        """Requests without a body, one after another: what both tools send to read."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(DELAY)
                own = self._answer(head.decode("latin-1"))
                if own:
                    writer.write(own.encode())
                else:
                    away.write(head)
        away.close()

    def _answer(self, head: str) -> str:
        """What is not for the registry itself; "" where the request has its token."""
        path = head.split(" ", 2)[1]
        if path.startswith("/token"):
            body = f'{{"token": "{TOKEN}"}}'
            return _GIVEN.format(length=len(body), body=body)
        if f"bearer {TOKEN}" in head.lower():
            return ""
        name = path.removeprefix("/v2/").split("/manifests/")[0].split("/blobs/")[0]
        return _DENIED.format(host=self.address, scope=f"repository:{name}:pull")


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()
