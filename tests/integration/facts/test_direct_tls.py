"""The light way over TLS: the system's authorities decide, and what they do not know is not answered."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from moorage.facts.direct import DirectWay
from moorage.oci.client import Client
from moorage.oci.failures import RegistryRefused
from moorage.oci.reference import parse
from moorage.oci.transport import Request
from tests.certificate import self_signed
from tests.integration.facts.conftest import HASTY
from tests.integration.oci.standin import Reply, serving


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1")


def context(authority: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(authority / "tls.crt", authority / "tls.key")
    return made


async def test_an_authority_of_the_system(authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "tls.crt"))
    async with serving(context(authority)) as standin:
        standin.content["/v2/a"] = Reply(body=b"text")
        way = DirectWay({})
        for _ in range(2):
            request = Request(method="GET", url=f"https://{standin.address}/v2/a")
            found = await way.ask(request, limit=100, connect=2, stall=2)
            assert found
            assert found.body == b"text"
        await way.close()


async def test_an_unknown_authority_is_left_to_the_usual_way(authority: Path) -> None:
    async with serving(context(authority)) as standin:
        standin.content["/v2/a"] = Reply(body=b"text")
        request = Request(method="GET", url=f"https://{standin.address}/v2/a")
        assert await DirectWay({}).ask(request, limit=100, connect=2, stall=2) is None
        assert standin.seen == []


@pytest.mark.parametrize("direct", [True, False])
async def test_a_registry_of_this_machine_may_speak_tls_only(authority: Path, direct: bool) -> None:
    async with serving(context(authority)) as standin:
        standin.put_image("acme/app", "1", {})
        way = DirectWay({}) if direct else None
        async with Client(patience=HASTY, direct=way) as client:
            for _ in range(2):
                assert await client.head(parse(f"{standin.address}/acme/app:1"))


@pytest.mark.parametrize("method", ["head", "raw_manifest"])
async def test_what_a_tls_server_says_to_plain_http_is_understood(method: str) -> None:
    """It is asked by TLS then; this one does not speak that either, and so has the last word."""
    async with serving() as standin:
        said = b"Client sent an HTTP request to an HTTPS server.\n"
        standin.rule("/v2/", lambda seen: Reply(400, body=said))
        async with Client(patience=HASTY, direct=DirectWay({})) as client:
            with pytest.raises(RegistryRefused):
                await getattr(client, method)(parse(f"{standin.address}/acme/app:1"))
        assert len(standin.seen) == 2
