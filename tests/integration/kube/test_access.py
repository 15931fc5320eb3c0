"""Ways to a real API server: TLS, proxies, every kind of credentials, and how each of them fails."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pytest
import yaml

from moorage.kube import errors
from moorage.kube.access import Access, Pem, Plugin, User
from moorage.kube.client import Cluster
from moorage.kube.execution import Execution
from moorage.kube.kinds import CONFIG_MAP, NAMESPACE
from moorage.kube.kubeconfig import Wanted, find
from moorage.kube.objects import Head, get
from moorage.kube.objects import find as listing
from tests.cluster.cluster import Cluster as RealCluster
from tests.integration.kube.place import CONTAINER, ENVIRON

V1 = "client.authentication.k8s.io/v1"


async def reaches(access: Access, environ: dict[str, str] | None = None) -> bool:
    async with Cluster(access, ENVIRON if environ is None else environ) as kube:
        return await get(kube, NAMESPACE, "default", Head) is not None


def pem(data: Pem) -> bytes:
    return data.data or Path(data.file).read_bytes()


@pytest.fixture
def token(cluster: RealCluster, namespace: str) -> str:
    """Of an account that may read config maps, and that lasts ten minutes."""
    cluster.kubectl("-n", namespace, "create", "serviceaccount", "robot")
    cluster.kubectl("-n", namespace, "create", "role", "robot", "--verb=get,list", "--resource=configmaps")
    cluster.kubectl(
        "-n", namespace, "create", "rolebinding", "r", "--role=robot", f"--serviceaccount={namespace}:robot"
    )
    return cluster.kubectl("-n", namespace, "create", "token", "robot", "--duration=10m")


async def test_the_kubeconfig_of_the_tests_leads_there(access: Access) -> None:
    assert await reaches(access)


async def test_a_token_and_a_token_file_lead_there(
    access: Access, token: str, namespace: str, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(f"{token}\n")
    for user in (User(token=token), User(token_file=str(tmp_path / "token"))):
        async with Cluster(msgspec.structs.replace(access, user=user, namespace=namespace), ENVIRON) as kube:
            assert await listing(kube, CONFIG_MAP, Head)
            with pytest.raises(errors.Forbidden) as caught:
                await get(kube, NAMESPACE, "default", Head)
        assert f"system:serviceaccount:{namespace}:robot" in caught.value.message


async def test_explicit_options_lead_there(
    access: Access, token: str, namespace: str, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(token)
    (tmp_path / "ca.crt").write_bytes(pem(access.authority))
    (tmp_path / "c.crt").write_bytes(pem(access.user.certificate))
    (tmp_path / "c.key").write_bytes(pem(access.user.key))
    authority = str(tmp_path / "ca.crt")
    by_token = Wanted(
        host=access.server,
        certificate_authority=authority,
        token_file=str(tmp_path / "token"),
        namespace=namespace,
    )
    async with Cluster(find(by_token, {}, "/"), ENVIRON) as kube:
        assert await listing(kube, CONFIG_MAP, Head)
    by_certificate = Wanted(
        host=access.server,
        certificate_authority=authority,
        client_certificate=str(tmp_path / "c.crt"),
        client_key=str(tmp_path / "c.key"),
    )
    assert await reaches(find(by_certificate, {}, "/"))


async def test_in_a_pod_its_account_leads_there(
    access: Access, token: str, namespace: str, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(token)
    (tmp_path / "ca.crt").write_bytes(pem(access.authority))
    (tmp_path / "namespace").write_text(namespace)
    host, _, port = access.server.removeprefix("https://").rpartition(":")
    environ = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    inside = find(Wanted(), environ, str(tmp_path), account=str(tmp_path))
    async with Cluster(inside, ENVIRON) as kube:
        assert await listing(kube, CONFIG_MAP, Head)


@pytest.mark.parametrize("inline", [True, False])
async def test_a_client_certificate_inline_or_in_files(access: Access, tmp_path: Path, inline: bool) -> None:
    certificate, key = pem(access.user.certificate), pem(access.user.key)
    (tmp_path / "c").write_bytes(certificate)
    (tmp_path / "k").write_bytes(key)
    if inline:
        user = User(certificate=Pem(data=certificate), key=Pem(data=key))
    else:
        user = User(certificate=Pem(file=str(tmp_path / "c")), key=Pem(file=str(tmp_path / "k")))
    assert await reaches(msgspec.structs.replace(access, user=user))


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
async def test_a_plugin_gives_a_certificate_that_leads_there(
    access: Access, tmp_path: Path, version: str
) -> None:
    said = {
        "apiVersion": f"client.authentication.k8s.io/{version}",
        "kind": "ExecCredential",
        "status": {
            "clientCertificateData": pem(access.user.certificate).decode(),
            "clientKeyData": pem(access.user.key).decode(),
        },
    }
    (tmp_path / "answer").write_text(json.dumps(said))
    plugin = Plugin(version=said["apiVersion"], command="cat", arguments=(str(tmp_path / "answer"),))
    assert await reaches(msgspec.structs.replace(access, user=User(plugin=plugin)))


async def test_a_token_of_a_plugin_that_was_revoked_is_asked_for_again(
    access: Access, token: str, namespace: str, tmp_path: Path
) -> None:
    path = tmp_path / "login"
    answer = {"apiVersion": V1, "kind": "ExecCredential", "status": {"token": "TOKEN"}}
    path.write_text(
        f"#!/bin/sh\n[ -e {tmp_path}/again ] && t='{token}' || t=revoked; : > {tmp_path}/again\n"
        f"echo '{json.dumps(answer)}' | sed \"s/TOKEN/$t/\"\n"
    )
    path.chmod(0o755)
    user = User(plugin=Plugin(version=V1, command=str(path)))
    async with Cluster(msgspec.structs.replace(access, user=user, namespace=namespace), ENVIRON) as kube:
        assert await listing(kube, CONFIG_MAP, Head)


async def test_credentials_that_are_not_accepted_are_told(access: Access) -> None:
    user = User(token="not-a-token")
    with pytest.raises(errors.Unauthorized) as caught:
        await reaches(msgspec.structs.replace(access, user=user))
    assert caught.value.evidence[-1].startswith("token from")


async def test_a_token_that_has_expired_is_told_as_such(access: Access, token: str) -> None:
    head, claims, signature = token.split(".")
    read = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    old = (
        base64.urlsafe_b64encode(json.dumps(read | {"exp": read["iat"] - 9000}).encode()).decode().rstrip("=")
    )
    with pytest.raises(errors.Unauthorized) as caught:
        await reaches(msgspec.structs.replace(access, user=User(token=f"{head}.{old}.{signature}")))
    assert "which expired" in caught.value.evidence[-1]


# ── TLS ──


async def test_an_authority_that_did_not_sign_is_told(access: Access) -> None:
    with pytest.raises(errors.ClusterCertificate) as caught:
        await reaches(msgspec.structs.replace(access, authority=Pem()))
    assert "issuer" in caught.value.evidence[0] or "self-signed" in caught.value.evidence[0]
    assert await reaches(msgspec.structs.replace(access, authority=Pem(), insecure=True))


async def test_the_name_in_the_certificate_can_be_given(access: Access) -> None:
    assert await reaches(msgspec.structs.replace(access, server_name="kubernetes.default.svc"))
    with pytest.raises(errors.ClusterCertificate) as caught:
        await reaches(msgspec.structs.replace(access, server_name="other.example"))
    assert "other.example" in caught.value.evidence[0]


async def test_no_tls_where_tls_is_spoken_is_told(access: Access) -> None:
    plain = access.server.replace("https:", "http:")
    with pytest.raises(errors.NotKubernetes) as caught:
        await reaches(msgspec.structs.replace(access, server=plain))
    assert "HTTPS" in " ".join(caught.value.evidence)


async def test_a_key_with_a_passphrase_is_refused_without_a_question(access: Access, tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(pem(access.user.key))
    process = await asyncio.create_subprocess_exec(
        *("openssl", "pkcs8", "-topk8", "-in", str(tmp_path / "k"), "-out", str(tmp_path / "e")),
        *("-passout", "pass:secret"),
    )
    assert await process.wait() == 0
    user = msgspec.structs.replace(access.user, key=Pem(file=str(tmp_path / "e")))
    with pytest.raises(errors.ClusterCertificate, match="client certificate"):
        await reaches(msgspec.structs.replace(access, user=user))


# ── proxies ──


class Relay:
    """An HTTP and SOCKS proxy that counts what goes through."""

    def __init__(self, password: str = "") -> None:
        self.seen: list[str] = []
        self._password = password

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(1)
        place = await (self._socks(reader, writer) if first == b"\x05" else self._http(reader, writer))
        if place:
            self.seen.append(place)
            host, _, port = place.rpartition(":")
            theirs, ours = await asyncio.open_connection(host, int(port))
            await asyncio.gather(self._pump(reader, ours), self._pump(theirs, writer))
        writer.close()

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        wanted = base64.b64encode(f"me:{self._password}".encode()).decode()
        if self._password and f"Proxy-Authorization: Basic {wanted}" not in head:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return ""
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        return head.split(" ")[1]

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        await reader.readexactly((await reader.readexactly(1))[0])
        writer.write(b"\x05\x00")
        await reader.readexactly(4)
        name = await reader.readexactly((await reader.readexactly(1))[0])
        port = int.from_bytes(await reader.readexactly(2), "big")
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        return f"{name.decode()}:{port}"

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def relaying(relay: Relay) -> AsyncIterator[int]:
    running: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.add(asyncio.create_task(relay.serve(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.wait_for(asyncio.gather(*running, return_exceptions=True), 5)


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_of_the_kubeconfig_is_used_also_for_exec(
    access: Access, home: str, pod: str, scheme: str
) -> None:
    relay = Relay()
    async with relaying(relay) as port:
        behind = msgspec.structs.replace(access, proxy=f"{scheme}://127.0.0.1:{port}", namespace=home)
        async with Cluster(behind, ENVIRON) as kube:
            process = await Execution.start(kube, pod, CONTAINER, ("echo", "through"))
            assert await anext(process.output()) == (1, b"through\n")
            await process.close()
    assert relay.seen == [access.server.removeprefix("https://")]


async def test_a_proxy_with_a_password_from_the_environment(access: Access) -> None:
    relay = Relay("p@ss")
    async with relaying(relay) as port:
        environ = {"HTTPS_PROXY": f"http://me:p%40ss@127.0.0.1:{port}"}
        assert await reaches(access, environ)
        assert await reaches(access, environ | {"NO_PROXY": "0.0.0.0/0"})
        wrong = {"HTTPS_PROXY": f"http://me:no@127.0.0.1:{port}"}
        with pytest.raises(errors.ClusterUnreachable) as caught:
            await reaches(access, wrong)
    assert len(relay.seen) == 1
    assert "407" in caught.value.evidence[0]


async def test_a_proxy_that_is_not_there_is_told(access: Access) -> None:
    with pytest.raises(errors.ClusterUnreachable, match=r"through http://127\.0\.0\.1:9"):
        await reaches(msgspec.structs.replace(access, proxy="http://127.0.0.1:9"))


async def test_a_server_that_is_not_there_is_told(access: Access) -> None:
    with pytest.raises(errors.ClusterUnreachable) as caught:
        await reaches(msgspec.structs.replace(access, server="https://127.0.0.1:9"))
    assert "refused" in caught.value.evidence[0]
    with pytest.raises(errors.ClusterUnreachable):
        await reaches(msgspec.structs.replace(access, server="https://no-such-host.invalid"))


async def test_a_kubeconfig_with_inline_data_is_like_one_with_files(access: Access, tmp_path: Path) -> None:
    def inline(part: Pem) -> str:
        return base64.b64encode(pem(part)).decode()

    user = {
        "client-certificate-data": inline(access.user.certificate),
        "client-key-data": inline(access.user.key),
    }
    cluster = {"server": access.server, "certificate-authority-data": inline(access.authority)}
    written = {
        "current-context": "x",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
    }
    (tmp_path / "config").write_text(yaml.safe_dump(written))
    assert await reaches(find(Wanted(), {"KUBECONFIG": str(tmp_path / "config")}, "/"))
