"""Ways to an engine beside its socket: a client's standard streams, TCP, TLS; all with a half-close."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from moorage.drivers.docker.opening import opened
from moorage.drivers.docker.options import Options
from moorage.engine import containers
from moorage.engine.client import Engine
from moorage.engine.endpoint import Endpoint, Tls, at, find
from moorage.engine.execution import Execution
from moorage.engine.tls import BadCertificate

Proxy = Callable[[ssl.SSLContext | None], int]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself, which serves as authority, server and client."""
    folder = tmp_path_factory.mktemp("keys")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2",
         "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "ca.pem").write_bytes((folder / "cert.pem").read_bytes())
    return folder


@pytest.fixture
def proxy(engine: object) -> Iterator[Proxy]:
    """``proxy(context)`` → a port of 127.0.0.1 that leads to the engine's socket."""
    listeners: list[socket.socket] = []
    path = str(getattr(engine, "host", "")).removeprefix("unix://")

    def start(context: ssl.SSLContext | None) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=_serve, args=(listener, path, context), daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.close()


def _serve(listener: socket.socket, path: str, context: ssl.SSLContext | None) -> None:
    while True:
        try:
            outside, _ = listener.accept()
        except OSError:
            return
        try:
            front = context.wrap_socket(outside, server_side=True) if context else outside
        except OSError:
            outside.close()
            continue
        back = socket.socket(socket.AF_UNIX)
        back.connect(path)
        there = threading.Thread(target=_copy, args=(front, back), daemon=True)
        there.start()
        threading.Thread(target=_back, args=(back, front, there), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def _back(back: socket.socket, front: socket.socket, there: threading.Thread) -> None:
    with contextlib.suppress(OSError):
        while data := back.recv(65536):
            front.sendall(data)
        if isinstance(front, ssl.SSLSocket):
            front.unwrap()
    front.close()
    there.join(5)
    back.close()


async def _works(endpoint: Endpoint) -> None:
    async with Engine(endpoint) as client:
        body = {"Image": "busybox:latest", "Cmd": ["sleep", "600"], "HostConfig": {"Init": True}}
        name, _ = await containers.create(client, "", body)
        try:
            await containers.start(client, name)
            execution = await Execution.start(client, name, ("sh", "-c", "wc -c; exit 6"), stdin=True)
            await asyncio.gather(*(client.call("GET", "/_ping") for _ in range(3)))
            await execution.write(b"x" * 500_000)
            await execution.close_input()
            text = b"".join([data async for _, data in execution.output()])
            assert (text, await execution.wait()) == (b"500000\n", 6)
            await execution.close()
        finally:
            await containers.remove(client, name)


async def test_tcp(proxy: Proxy) -> None:
    await _works(at(f"tcp://127.0.0.1:{proxy(None)}", "test"))


async def test_tls_with_a_half_close(proxy: Proxy, keys: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=keys / "ca.pem")
    context.load_cert_chain(keys / "cert.pem", keys / "key.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    environ = {
        "DOCKER_HOST": f"tcp://127.0.0.1:{proxy(context)}",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": str(keys),
    }
    await _works(await find("", environ, "/nowhere"))


async def test_a_certificate_of_a_stranger(proxy: Proxy, keys: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keys / "cert.pem", keys / "key.pem")
    endpoint = at(f"tcp://127.0.0.1:{proxy(context)}", "test", tls=Tls())
    with pytest.raises(BadCertificate):
        await Engine(endpoint).call("GET", "/_ping")


async def test_the_standard_streams_of_a_client(engine: object) -> None:
    host = str(getattr(engine, "host", ""))
    command = ("docker", "--host", host, "system", "dial-stdio")
    await _works(Endpoint(host=host, origin="test", command=command))


async def test_a_driver_by_the_path_of_a_wrapper(engine: object, tmp_path: Path) -> None:
    wrapper = tmp_path / "my-docker"
    wrapper.write_text(f'#!/bin/sh\nexport DOCKER_HOST={getattr(engine, "host", "")}\nexec docker "$@"\n')
    wrapper.chmod(0o755)
    async with await opened(Options(path=str(wrapper), install=True), {}, str(tmp_path), print) as driver:
        assert (await driver.facts()).product == "docker"
        assert driver.engine.endpoint.cli == str(wrapper)
