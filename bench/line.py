"""A line that delays what goes over it: it puts a registry of this machine as far away as a public one."""

import asyncio
import contextlib
import threading

DELAY = 0.1


class Line:
    """A port of this machine that hands on to `target` after DELAY seconds, in a thread of its own."""

    def __init__(self) -> None:
        self.target = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None

    def open(self, target: str) -> str:
        """Begin to serve `target` (host:port) and give the address, under the one name that both tools take
        for a registry without TLS."""
        self.target = target
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result()
        return f"localhost:{self._server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        if self._server:
            self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _serve(self) -> asyncio.Server:
        return await asyncio.start_server(self._connected, "localhost", 0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self.target.rpartition(":")
        there, away = await asyncio.open_connection(host, int(port))
        await asyncio.gather(_pass(reader, away, DELAY), _pass(there, writer, 0), return_exceptions=True)


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter, delay: float) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65536):
            await asyncio.sleep(delay)
            sink.write(data)
            await sink.drain()
    sink.close()
