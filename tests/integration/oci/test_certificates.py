"""Over TLS, at a name that is not loopback's, so that certificates count."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from moorage.oci.configuration import Registries
from moorage.oci.credentials import Credential
from moorage.oci.failures import RegistryRefused, RegistryUnreachable
from moorage.oci.reference import parse
from tests.certificate import self_signed
from tests.integration.oci.bench import Bench, Known
from tests.integration.oci.standin import Reply, Standin, serving


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"), "DNS:localtest")


@pytest.fixture(autouse=True)
def local_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """`localtest` is this machine, without touching /etc/hosts, and goes through no proxy."""
    real = socket.getaddrinfo

    def resolve(host: object, *rest: object, **named: object) -> object:
        return real("127.0.0.1" if host in ("localtest", b"localtest") else host, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setenv("NO_PROXY", "localtest")


async def test_an_unknown_authority_is_explained(bench: Bench, authority: Path) -> None:
    async with serving(_context(authority)) as standin:
        client = await bench.client()
        with pytest.raises(
            RegistryUnreachable, match=r"certificate of localtest:[0-9]+ is not trusted"
        ) as caught:
            await client.head(parse(f"{_named(standin)}/acme/app:1"))
    assert "insecure" in caught.value.hint
    assert bench.time.slept == []


async def test_an_authority_file_opens_it(bench: Bench, authority: Path) -> None:
    async with serving(_context(authority)) as standin:
        standin.put_image("acme/app", "1", {})
        client = await bench.client(Registries(ca_files=(str(authority / "tls.crt"),)))
        assert await client.head(parse(f"{_named(standin)}/acme/app:1"))


async def test_the_engine_s_folder_opens_it(bench: Bench, authority: Path, tmp_path: Path) -> None:
    async with serving(_context(authority)) as standin:
        standin.put_image("acme/app", "1", {})
        folder = tmp_path / _named(standin)
        folder.mkdir()
        (folder / "ca.crt").write_bytes((authority / "tls.crt").read_bytes())
        client = await bench.client(Registries(certificate_folder=str(tmp_path)))
        assert await client.head(parse(f"{_named(standin)}/acme/app:1"))


async def test_an_insecure_registry_needs_none(bench: Bench, authority: Path) -> None:
    async with serving(_context(authority)) as standin:
        standin.put_image("acme/app", "1", {})
        client = await bench.client(Registries(insecure=frozenset({_named(standin)})))
        assert await client.head(parse(f"{_named(standin)}/acme/app:1"))


def _context(authority: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "tls.crt", authority / "tls.key")
    return context


def _named(standin: Standin) -> str:
    return standin.address.replace("127.0.0.1", "localtest")


async def test_a_login_is_not_sent_in_the_clear(bench: Bench, authority: Path) -> None:
    """The registry speaks TLS, but names a token server that does not."""
    challenge = {"WWW-Authenticate": 'Bearer realm="http://127.0.0.1:9/token"'}
    async with serving(_context(authority)) as standin:
        standin.rule("/v2/", lambda seen: Reply(401, challenge))
        known = Known({_named(standin): Credential(username="ann", password="secret-of-ann")})
        client = await bench.client(Registries(ca_files=(str(authority / "tls.crt"),)), known)
        with pytest.raises(RegistryRefused, match="unencrypted"):
            await client.head(parse(f"{_named(standin)}/acme/app:1"))


async def test_the_proxy_of_the_environment_is_used(
    bench: Bench, standin: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://{standin.address}")
    standin.first("CONNECT registry.example:443", Reply(403), Reply(403))
    client = await bench.client()
    with pytest.raises(RegistryUnreachable, match=r"registry\.example"):
        await client.head(parse("registry.example/acme/app:1"))
    assert {(seen.method, seen.path) for seen in standin.seen} == {("CONNECT", "registry.example:443")}
