"""What the start leaves out is there for whoever asks: each case is an interpreter of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.certificate import self_signed

LEAN = "import sys; from moorage.starting import load_libraries; load_libraries()\n"
TALK = """
import asyncio, ssl
async def answer(reader, writer):
    writer.write(await reader.readline())
    writer.close()
async def main():
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain("tls.crt", "tls.key")
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=ours)
    port = server.sockets[0].getsockname()[1]
    theirs = ssl.create_default_context(cafile="tls.crt")
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=theirs)
    writer.write(b"over TLS\\n")
    print((await reader.read()).decode(), end="")
    try:
        await asyncio.open_connection("127.0.0.1", port, ssl=ssl.create_default_context())
    except ssl.SSLCertVerificationError as error:
        print(error.reason)
    server.close()
asyncio.run(main())
"""


def python(script: str, folder: Path) -> str:
    command = [sys.executable, "-W", "error", "-c", script]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1")


def test_neither_is_loaded(tmp_path: Path) -> None:
    asked = "import asyncio, msgspec; print({'ssl', '_ssl', 'typing_extensions'} & set(sys.modules))"
    assert python(LEAN + asked, tmp_path) == "set()\n"


@pytest.mark.parametrize(
    "before", ["", LEAN, "import ssl\n" + LEAN, LEAN + "import _ssl, typing_extensions\n"]
)
def test_asyncio_speaks_tls_as_ever(before: str, place: Path) -> None:
    assert python(before + TALK, place) == "over TLS\nCERTIFICATE_VERIFY_FAILED\n"


def test_whoever_imports_it_later_finds_it_whole(tmp_path: Path) -> None:
    asked = (
        "import asyncio, importlib, ssl\n"
        "print(asyncio.base_events.ssl is asyncio.selector_events.ssl is asyncio.sslproto.ssl is ssl)\n"
        "print(ssl.__spec__.name, importlib.reload(ssl) is ssl, sys.meta_path == before)\n"
    )
    assert (
        python("import sys; before = list(sys.meta_path)\n" + LEAN + asked, tmp_path)
        == "True\nssl True True\n"
    )
