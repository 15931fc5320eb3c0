"""The user's own login for a repository, from git's credential helpers and never from a prompt."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ..spec.giturl import Address, read
from . import failure
from .process import run


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """A user name and a password or token for one `scheme://host[:port]`. Prints without the password."""

    origin: str
    username: str
    password: str

    def __repr__(self) -> str:
        return f"Credential(origin={self.origin!r}, username={self.username!r}, password=***)"

    __str__ = __repr__


def origin(address: Address) -> str:
    """The part of an address that a credential is valid for."""
    return msgspec.structs.replace(address, user="", path="", query="").url


async def fill(
    url: str, *, timeout: float = 20, environ: Mapping[str, str] | None = None
) -> Credential | None:
    """What `git credential fill` knows for an http(s) URL; None where it knows nothing or takes too long.

    `timeout` is in seconds. Raises GitMissing.
    """
    address = read(url)
    if address is None or address.scheme not in ("http", "https"):
        return None
    fields = {"protocol": address.scheme, "host": _host(address), "path": address.path.lstrip("/")}
    if address.user:
        fields["username"] = address.user
    stdin = "".join(f"{name}={value}\n" for name, value in fields.items()) + "\n"
    arguments = ("-c", "credential.interactive=false", "credential", "fill")
    try:
        done = await run(*arguments, url=url, timeout=timeout, environ=environ, stdin=stdin.encode())
    except failure.GitTimeout:
        return None
    return _credential(address, done.stdout.decode("utf-8", "replace")) if done.code == 0 else None


def _credential(address: Address, text: str) -> Credential | None:
    found = dict(line.split("=", 1) for line in text.split("\n") if "=" in line)
    username, password = found.get("username", ""), found.get("password", "")
    if not password or "\r" in text or "\0" in text:
        return None
    return Credential(origin=origin(address), username=username, password=password)


def _host(address: Address) -> str:
    return f"{address.host}:{address.port}" if address.port else address.host
