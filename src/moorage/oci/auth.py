"""Authorisation at registries: Basic, and tokens as the distribution specification describes them.

Nothing is sent before the registry asks. What it asked is remembered, so that only the first request to a
registry costs a second one; tokens are kept by registry, realm, service and scope. The registry belongs in
the key: otherwise a hostile one could name another's realm and be handed that one's token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlencode, urlsplit

import msgspec

from moorage.events import Notice, Reporter
from moorage.oci.challenge import Challenge, parse_challenges, preferred
from moorage.oci.configuration import Endpoint
from moorage.oci.credentials import Credential
from moorage.oci.failures import BadAnswer, LoginRequired, RegistryRefused, explain, printable
from moorage.oci.transport import Answer, Request, Transport

_CLIENT = "moorage"
_TOKEN_BODY = 1024 * 1024
_SHORTEST_LIFE = 60.0
_MARGIN = 10.0

_Key = tuple[str, str, str, str]


class Logins(Protocol):
    """Where credentials come from; `Credentials` reads those of Docker and Podman."""

    async def find(self, registry: str, repository: str = "") -> Credential | None: ...


class Authorizer:
    """Knows what to put into `Authorization` for an endpoint; asks each token server once at a time."""

    def __init__(self, transport: Transport, logins: Logins | None, reporter: Reporter) -> None:
        self._transport = transport
        self._logins = logins
        self._reporter = reporter
        self._asked: dict[str, Challenge] = {}
        self._tokens: dict[_Key, _Issued] = {}
        self._locks: dict[_Key, asyncio.Lock] = {}
        self._named: dict[tuple[str, tuple[str, ...]], str] = {}

    async def header(self, endpoint: Endpoint, repository: str, scopes: tuple[str, ...]) -> str:
        """What this endpoint is known to want, or "" while it has not asked."""
        challenge = self._asked.get(endpoint.url)
        if challenge is None:
            return ""
        scope = self._named.get((endpoint.url, scopes), " ".join(scopes))
        return await self._satisfy(endpoint, challenge, repository, scope)

    async def answer(
        self, endpoint: Endpoint, repository: str, scopes: tuple[str, ...], refused: Answer, sent: str
    ) -> str:
        """The header for another try after a 401 that followed `sent`. Raises LoginRequired if there is none.

        The scope that the registry names stands in for our first one: behind a mirror it may be another.
        """
        challenge = preferred(parse_challenges(refused.headers.get("WWW-Authenticate", "")))
        if challenge is None:
            raise RegistryRefused(
                f"the registry {endpoint.host} asks for a login of a kind that is not known here",
                evidence=(printable(refused.headers.get("WWW-Authenticate", "no WWW-Authenticate header")),),
                hint="Check that the address is a registry's.",
            )
        self._asked[endpoint.url] = Challenge(challenge.scheme, challenge.realm, challenge.service)
        self._forget(sent)
        scope = " ".join((challenge.scope, *scopes[1:]) if challenge.scope else scopes)
        self._named[endpoint.url, scopes] = scope
        return await self._satisfy(endpoint, challenge, repository, scope)

    async def _satisfy(self, endpoint: Endpoint, challenge: Challenge, repository: str, scope: str) -> str:
        if challenge.scheme == "bearer":
            return f"Bearer {await self._token(endpoint, challenge, repository, scope)}"
        found = await self._login(endpoint, repository)
        if found is None or not found.password:
            raise login_required(endpoint.host, f"the registry {endpoint.host} wants a login")
        _check_channel(endpoint, endpoint.url)
        return found.basic()

    async def _token(self, endpoint: Endpoint, challenge: Challenge, repository: str, scope: str) -> str:
        key = (endpoint.url, challenge.realm, challenge.service, scope)
        async with self._locks.setdefault(key, asyncio.Lock()):
            known = self._tokens.get(key)
            if known is None or known.until <= self._transport.clock():
                known = await self._issue(endpoint, challenge, repository, scope)
                self._tokens[key] = known
        return known.token

    async def _issue(self, endpoint: Endpoint, challenge: Challenge, repository: str, scope: str) -> _Issued:
        found = await self._login(endpoint, repository)
        if found and found.registry_token:
            _check_channel(endpoint, endpoint.url)
            return _Issued(found.registry_token, float("inf"))
        answer = await self._ask(endpoint, challenge, scope, found)
        if found and answer.status in (400, 401, 403):
            self._reporter.emit(_login_refused(endpoint.host))
            answer = await self._ask(endpoint, challenge, scope, None)
        if answer.status in (401, 403):
            text = f"the registry {endpoint.host} shows this only after a login, or it does not exist"
            raise login_required(endpoint.host, text, explain(answer.status, answer.body))
        return _issued(endpoint.host, answer, self._transport.clock)

    async def _ask(
        self, endpoint: Endpoint, challenge: Challenge, scope: str, found: Credential | None
    ) -> Answer:
        request = _token_request(endpoint, challenge, scope, found)
        return await self._transport.fetch(request, limit=_TOKEN_BODY)

    async def _login(self, endpoint: Endpoint, repository: str) -> Credential | None:
        return await self._logins.find(endpoint.host, repository) if self._logins else None

    def _forget(self, sent: str) -> None:
        self._tokens = {key: known for key, known in self._tokens.items() if f"Bearer {known.token}" != sent}


def login_required(host: str, message: str, evidence: tuple[str, ...] = ()) -> LoginRequired:
    """The error, with the one command that helps."""
    command = "docker login" if host == "docker.io" else f"docker login {host}"
    return LoginRequired(message, evidence=evidence, hint=f"Check the name, and run `{command}`.")


class _Issued(msgspec.Struct, frozen=True):
    token: str
    until: float

    def __repr__(self) -> str:
        return "_Issued(...)"


class _TokenBody(msgspec.Struct):
    token: str | None = None
    access_token: str | None = None
    expires_in: float | None = None


def _token_request(endpoint: Endpoint, challenge: Challenge, scope: str, found: Credential | None) -> Request:
    """GET with Basic, or the OAuth2 POST for an identity token (distribution: token and oauth2 pages)."""
    _check_realm(endpoint, challenge.realm)
    if found:
        _check_channel(endpoint, challenge.realm)
    fields = [("service", challenge.service)] if challenge.service else []
    if found and found.identity_token:
        grant = [("grant_type", "refresh_token"), ("refresh_token", found.identity_token)]
        body = urlencode([*grant, *fields, ("scope", scope), ("client_id", _CLIENT)])
        return Request(
            method="POST",
            url=challenge.realm,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            content=body.encode(),
            trust=endpoint.trust,
        )
    fields += [("scope", one) for one in _split_scopes(scope)]
    joint = "&" if "?" in challenge.realm else "?"
    headers = {"Authorization": found.basic()} if found else {}
    url = f"{challenge.realm}{joint}{urlencode(fields)}"
    return Request(method="GET", url=url, headers=headers, trust=endpoint.trust)


def _split_scopes(scope: str) -> list[str]:
    return [one for one in scope.split(" ") if one]


def _check_realm(endpoint: Endpoint, realm: str) -> None:
    try:
        parts = urlsplit(realm)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        usable = False
    if not usable:
        raise BadAnswer(f"the registry {endpoint.host} names no usable token server", evidence=(repr(realm),))


def _check_channel(endpoint: Endpoint, url: str) -> None:
    """A login goes in the clear only where the user (or loopback) allowed that for this registry."""
    if url.startswith("http://") and endpoint.trust.verify:
        raise RegistryRefused(
            f"the registry {endpoint.host} wants the login sent unencrypted",
            evidence=(f"address {url.partition('?')[0]}",),
            hint="Have the registry corrected, or name it as insecure if that is what you want.",
        )


def _issued(host: str, answer: Answer, clock: Callable[[], float]) -> _Issued:
    try:
        body = msgspec.json.decode(answer.body, type=_TokenBody, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        body = _TokenBody()
    token = body.token or body.access_token or ""
    if answer.status != 200 or not token or not (token.isascii() and token.isprintable()):
        evidence = explain(answer.status, answer.body if answer.status != 200 else b"")
        message = f"the token server of {host} gave no token"
        raise BadAnswer(message, evidence=evidence, hint="Try again later.")
    life = max(body.expires_in or _SHORTEST_LIFE, _SHORTEST_LIFE)
    return _Issued(token, clock() + life - _MARGIN)


def _login_refused(host: str) -> Notice:
    return Notice(
        level="fallback",
        code="stored-login-refused",
        text=f"the login stored for {host} was refused; going on without it",
        hint=f"Run `docker login {host}` again.",
    )
