"""Stands between a client and the engine: counts its requests, and answers some itself with an error."""

from __future__ import annotations

import json
import re
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

_REQUEST = re.compile(rb"(GET|HEAD|POST|PUT|DELETE|PATCH) (/\S*) HTTP/1\.1\r\n")
_LONGEST = 8192


class Request(NamedTuple):
    method: str
    path: str

    @property
    def writes(self) -> bool:
        return self.method not in ("GET", "HEAD")


class EngineProxy:
    """A socket in front of the engine's. `host` is a DOCKER_HOST; `requests` is what was asked so far."""

    def __init__(self, path: Path, engine: str) -> None:
        self.path = path
        self.host = f"unix://{path}"
        self.requests: list[Request] = []
        self._engine = engine.removeprefix("unix://")
        self._errors: list[tuple[re.Pattern[str], str]] = []

    def fail(self, requests: str, message: str) -> None:
        """Answer requests whose "METHOD path" matches this expression with status 500 and the message."""
        self._errors.append((re.compile(requests), message))

    @property
    def writes(self) -> list[Request]:
        return [request for request in self.requests if request.writes]

    def serve(self, client: socket.socket) -> None:
        with socket.socket(socket.AF_UNIX) as engine:
            engine.connect(self._engine)
            back = threading.Thread(target=_pump, args=(engine, client), daemon=True)
            back.start()
            self._forward(client, engine)
            back.join()

    def _forward(self, client: socket.socket, engine: socket.socket) -> None:
        rest = b""
        while data := _receive(client):
            rest += data
            for found in _REQUEST.finditer(rest):
                request = Request(found[1].decode(), found[2].decode())
                self.requests.append(request)
                message = self._error(request)
                if message:
                    client.sendall(_refusal(message))
                    _end(engine, socket.SHUT_RDWR)
                    return
                rest = rest[found.end() :]
            rest = rest[-_LONGEST:]
            engine.sendall(data)
        _end(engine, socket.SHUT_WR)

    def _error(self, request: Request) -> str:
        text = f"{request.method} {request.path}"
        return next((message for pattern, message in self._errors if pattern.search(text)), "")


@contextmanager
def proxied(path: Path, engine: str) -> Iterator[EngineProxy]:
    """A proxy that listens on `path` for as long as the block lasts; anybody may use it."""
    proxy = EngineProxy(path, engine)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            proxy.serve(self.request)

    class Server(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True
        block_on_close = False

    with Server(str(path), Handler) as server:
        path.chmod(0o666)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := _receive(source):
            target.sendall(data)
    _end(target, socket.SHUT_WR)


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(65536)
    except OSError:
        return b""


def _end(target: socket.socket, how: int) -> None:
    with suppress(OSError):
        target.shutdown(how)


def _refusal(message: str) -> bytes:
    body = json.dumps({"message": message}).encode()
    head = (
        "HTTP/1.1 500 Internal Server Error\r\nApi-Version: 1.47\r\nContent-Type: application/json\r\n"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
