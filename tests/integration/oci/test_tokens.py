"""The bearer flow over real sockets: who is asked, how often, and with what."""

from __future__ import annotations

import asyncio

import pytest

from moorage.oci.configuration import Registries
from moorage.oci.credentials import Credential
from moorage.oci.failures import BadAnswer, LoginRequired, RegistryRefused
from moorage.oci.manifest import Platform
from moorage.oci.reference import parse
from tests.integration.oci.bench import Bench, Known
from tests.integration.oci.standin import Reply, Seen, Standin, Tokens

AMD64 = Platform(os="linux", architecture="amd64")
USER = Credential(username="ann", password="secret-of-ann")


def token_calls(standin: Standin) -> list[Seen]:
    return [seen for seen in standin.seen if seen.path.startswith("/token")]


async def test_one_challenge_and_one_token_serve_a_whole_image(bench: Bench, standin: Standin) -> None:
    Tokens(standin)
    standin.put_image("acme/app", "1", {"os": "linux"})
    client = await bench.client()
    await client.image_config(parse(f"{standin.address}/acme/app:1"), AMD64)
    assert standin.paths() == [
        "GET /v2/acme/app/manifests/1",
        "GET /token",
        "GET /v2/acme/app/manifests/1",
        *[path for path in standin.paths() if "/blobs/" in path],
    ]
    assert len(standin.paths()) == 4
    (asked,) = token_calls(standin)
    assert asked.query == {"service": ["stand,in"], "scope": ["repository:acme/app:pull"]}
    assert asked.authorization == ""


async def test_a_second_repository_is_asked_with_its_token_at_once(bench: Bench, standin: Standin) -> None:
    Tokens(standin)
    standin.put_image("a/one", "1", {})
    standin.put_image("a/two", "1", {})
    client = await bench.client()
    await client.head(parse(f"{standin.address}/a/one:1"))
    before = len(standin.seen)
    await client.head(parse(f"{standin.address}/a/two:1"))
    assert standin.paths()[before:] == ["GET /token", "HEAD /v2/a/two/manifests/1"]


async def test_many_at_once_ask_for_one_token(bench: Bench, standin: Standin) -> None:
    Tokens(standin)
    standin.put_image("acme/app", "1", {})
    client = await bench.client()
    reference = parse(f"{standin.address}/acme/app:1")
    await asyncio.gather(*(client.head(reference) for _ in range(8)))
    assert len(token_calls(standin)) == 1


async def test_an_expired_token_is_replaced_before_it_is_used(bench: Bench, standin: Standin) -> None:
    Tokens(standin)
    standin.put_image("acme/app", "1", {})
    client = await bench.client()
    reference = parse(f"{standin.address}/acme/app:1")
    await client.head(reference)
    bench.time.now += 400
    before = len(standin.seen)
    assert await client.head(reference)
    assert standin.paths()[before:] == ["GET /token", "HEAD /v2/acme/app/manifests/1"]


async def test_a_token_that_the_registry_revoked_is_replaced_once(bench: Bench, standin: Standin) -> None:
    tokens = Tokens(standin)
    standin.put_image("acme/app", "1", {})
    client = await bench.client()
    reference = parse(f"{standin.address}/acme/app:1")
    await client.head(reference)
    tokens.issued = {"another": ""}
    assert await client.head(reference)


async def test_a_login_is_looked_up_only_when_asked_and_goes_to_the_token_server(
    bench: Bench, standin: Standin
) -> None:
    Tokens(standin, users={"ann": "secret-of-ann"}, open_to_all=False)
    standin.put_image("acme/app", "1", {})
    known = Known({standin.address: USER})
    client = await bench.client(credentials=known)
    assert await client.head(parse(f"{standin.address}/acme/app:1"))
    assert known.asked == [standin.address]
    with_password = [seen.path for seen in standin.seen if seen.authorization.startswith("Basic")]
    assert len(with_password) == 1
    assert with_password[0].startswith("/token")


async def test_an_open_registry_is_never_shown_a_login(bench: Bench, standin: Standin) -> None:
    standin.put_image("acme/app", "1", {})
    known = Known({standin.address: USER})
    client = await bench.client(credentials=known)
    assert await client.head(parse(f"{standin.address}/acme/app:1"))
    assert known.asked == []


async def test_an_identity_token_is_exchanged_by_post(bench: Bench, standin: Standin) -> None:
    Tokens(standin, open_to_all=False)
    standin.put_image("acme/app", "1", {})
    known = Known({standin.address: Credential(identity_token="identity")})
    client = await bench.client(credentials=known)
    assert await client.head(parse(f"{standin.address}/acme/app:1"))
    (asked,) = token_calls(standin)
    assert asked.method == "POST"
    assert "identity" not in asked.path


async def test_a_registry_token_is_sent_as_it_is(bench: Bench, standin: Standin) -> None:
    tokens = Tokens(standin)
    tokens.issued["given"] = "repository:acme/app:pull"
    standin.put_image("acme/app", "1", {})
    known = Known({standin.address: Credential(registry_token="given")})
    client = await bench.client(credentials=known)
    assert await client.head(parse(f"{standin.address}/acme/app:1"))
    assert token_calls(standin) == []


async def test_a_stale_login_does_not_close_a_public_image(bench: Bench, standin: Standin) -> None:
    Tokens(standin)
    standin.put_image("acme/app", "1", {})
    known = Known({standin.address: Credential(username="ann", password="forgotten")})
    client = await bench.client(credentials=known)
    assert await client.head(parse(f"{standin.address}/acme/app:1"))
    assert bench.events.codes == ["stored-login-refused"]
    assert "forgotten" not in repr(bench.events.all)


async def test_what_is_private_says_how_to_log_in(bench: Bench, standin: Standin) -> None:
    Tokens(standin, open_to_all=False)
    client = await bench.client()
    with pytest.raises(LoginRequired) as caught:
        await client.head(parse(f"{standin.address}/acme/app:1"))
    assert f"docker login {standin.address}" in caught.value.hint
    assert "DENIED: requested access is denied" in caught.value.evidence


async def test_another_registry_cannot_have_the_token_of_the_first(
    bench: Bench, standin: Standin, mirror: Standin
) -> None:
    """A hostile registry names the realm, service and scope of a private image elsewhere."""
    tokens = Tokens(standin, users={"ann": "secret-of-ann"}, open_to_all=False)
    standin.put_image("acme/app", "1", {})
    client = await bench.client(credentials=Known({standin.address: USER}))
    await client.head(parse(f"{standin.address}/acme/app:1"))
    realm = f'realm="http://{standin.address}/token",service="stand,in",scope="repository:acme/app:pull"'
    mirror.rule("/v2/", lambda seen: Reply(401, {"WWW-Authenticate": f"Bearer {realm}"}))
    with pytest.raises(LoginRequired):
        await client.head(parse(f"{mirror.address}/acme/app:1"))
    assert list(tokens.issued) == ["token-0"]
    assert all(not seen.authorization for seen in mirror.seen)


@pytest.mark.parametrize("realm", ["file:///etc/passwd", "http://", "http://[", "http://u:p@h/token"])
async def test_a_realm_that_is_no_address_is_refused(bench: Bench, standin: Standin, realm: str) -> None:
    standin.rule("/v2/", lambda seen: Reply(401, {"WWW-Authenticate": f'Bearer realm="{realm}"'}))
    client = await bench.client()
    with pytest.raises(BadAnswer, match="token server"):
        await client.head(parse(f"{standin.address}/acme/app:1"))


async def test_a_token_server_without_a_token_is_named(bench: Bench, standin: Standin) -> None:
    Tokens(standin)
    standin.first("GET /token", Reply(body=b"<html>hotel network</html>"))
    client = await bench.client()
    with pytest.raises(BadAnswer, match="gave no token"):
        await client.head(parse(f"{standin.address}/acme/app:1"))


async def test_a_kind_of_login_that_nobody_knows_is_said(bench: Bench, standin: Standin) -> None:
    standin.rule("/v2/", lambda seen: Reply(401, {"WWW-Authenticate": "Negotiate"}))
    client = await bench.client(Registries(), Known({standin.address: USER}))
    with pytest.raises(RegistryRefused, match="not known"):
        await client.head(parse(f"{standin.address}/acme/app:1"))
