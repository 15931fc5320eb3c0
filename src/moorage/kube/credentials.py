"""Who we are towards one API server, now: headers and a client certificate, renewed when they expire."""

from __future__ import annotations

import asyncio
import time
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from .access import Access, Impersonation, Pem
from .errors import CredentialsFailed

if TYPE_CHECKING:
    from .plugin import Issued

EARLY = 10.0
"""Seconds before their end at which credentials of a plugin are asked for anew."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What a request and its connection carry. A connection is good only for identities of its `number`."""

    headers: dict[str, str]
    certificate: Pem = Pem()
    key: Pem = Pem()
    number: int = 0

    def __repr__(self) -> str:
        return f"Identity({self.number})"


class Credentials:
    """The user of one access. A token file is read for each request: its owner replaces it at any time."""

    def __init__(
        self, access: Access, environ: Mapping[str, str], *, say: Callable[[str], None] | None = None
    ) -> None:
        self._access = access
        self._environ = environ
        self._say = say
        self._issued: Issued | None = None
        self._number = 0
        self._refused = ""
        self._lock = asyncio.Lock()

    async def identity(self) -> Identity:
        """Raises CredentialsFailed."""
        user = self._access.user
        headers = _impersonating(user.impersonation)
        certificate, key = user.certificate, user.key
        if user.token_file:
            headers["Authorization"] = f"Bearer {_token_of(user.token_file)}"
        elif user.token:
            headers["Authorization"] = f"Bearer {_clean(user.token, 'token')}"
        elif user.username:
            pair = b2a_base64(f"{user.username}:{user.password}".encode(), newline=False)
            headers["Authorization"] = f"Basic {pair.decode()}"
        elif user.plugin is not None and not certificate:
            issued = await self._plugin_credentials()
            certificate, key = Pem(data=issued.certificate), Pem(data=issued.key)
            if issued.token:
                headers["Authorization"] = f"Bearer {_clean(issued.token, 'token of the plugin')}"
        return Identity(headers=headers, certificate=certificate, key=key, number=self._number)

    async def renew(self, refused: Identity) -> bool:
        """After an answer of 401: whether there may be other credentials now than `refused`."""
        if self._access.user.plugin is not None:
            async with self._lock:
                if refused.number == self._number:
                    self._issued = None
        fresh = await self.identity()
        return fresh.headers != refused.headers or fresh.number != refused.number

    def description(self) -> tuple[str, ...]:
        """Lines of evidence for a refusal: what kind of credentials these are, and when a token ended."""
        user = self._access.user
        if user.token_file:
            return (f"token file {user.token_file}{_ended(_token_of(user.token_file))}",)
        if user.token:
            return (f"token from {self._access.origin}{_ended(user.token)}",)
        if user.username:
            return (f"user {user.username} from {self._access.origin}",)
        if user.plugin is not None:
            return (f"credential plugin {user.plugin.command}",)
        if user.certificate:
            return (f"client certificate from {user.certificate.file or self._access.origin}",)
        return (f"no credentials in {self._access.origin}",)

    async def _plugin_credentials(self) -> Issued:
        from .plugin import ask  # only where one is configured

        plugin = self._access.user.plugin
        assert plugin is not None
        async with self._lock:
            issued = self._issued
            if issued is None or (issued.expires and time.time() > issued.expires - EARLY):
                issued = await ask(plugin, self._access, self._environ, say=self._say)
                self._number += 1
                self._issued = issued
            return issued


def _token_of(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is not loaded on the warm path
            token = file.read(1024 * 1024).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialsFailed(
            f"The token file {path} cannot be read.",
            evidence=(str(error),),
            hint="Correct tokenFile, or get a new token from who runs the cluster.",
        ) from error
    return _clean(token, path)


def _clean(token: str, place: str) -> str:
    """The token, which must fit into a header. Raises CredentialsFailed, without it."""
    if token and token.isascii() and token.isprintable():
        return token
    raise CredentialsFailed(
        f"The {place} holds no token." if not token else f"The {place} has characters that no token has.",
        hint="Get a new token from who runs the cluster.",
    )


def _ended(token: str) -> str:
    """In words, when a JSON web token ended; nothing for a token of another kind or one that still counts."""
    parts = token.split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = parts[1].replace("-", "+").replace("_", "/")
        expires = msgspec.json.decode(a2b_base64(claims + "=" * (-len(claims) % 4)), type=_Claims).exp
    except (ValueError, msgspec.MsgspecError):
        return ""
    gone = time.time() - expires
    return f", which expired {_span(gone)} ago" if expires and gone > 0 else ""


class _Claims(msgspec.Struct):
    exp: float = 0.0


def _span(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _impersonating(who: Impersonation) -> dict[str, str]:
    """Headers for acting as somebody else.

    Groups take a header each. Names of headers ignore case, so the same one in several spellings stands for
    several of them in a map.
    """
    pairs = [("Impersonate-User", who.user)] if who.user else []
    pairs += [("Impersonate-Uid", who.uid)] if who.uid else []
    pairs += [("impersonate-group", group) for group in who.groups]
    pairs += [
        (f"impersonate-extra-{_escaped(name)}", value) for name, values in who.extra for value in values
    ]
    headers: dict[str, str] = {}
    for number, (name, value) in enumerate(pairs):
        headers[_spelled(name, number)] = _clean(value, f"value of {name} in the kubeconfig")
    return headers


def _spelled(name: str, number: int) -> str:
    return "".join(c.upper() if number >> place & 1 else c.lower() for place, c in enumerate(name))


def _escaped(name: str) -> str:
    """Percent-encoded as the API server decodes it, in lower case (authentication/request/headerrequest)."""
    plain = "abcdefghijklmnopqrstuvwxyz0123456789!#$&'*+-.^_`|~"
    return "".join(c if c in plain else "".join(f"%{b:02x}" for b in c.encode()) for c in name.lower())
