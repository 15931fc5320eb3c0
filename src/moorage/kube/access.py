"""How one API server is reached and as whom: the outcome of kubeconfig, options and service account."""

from __future__ import annotations

import msgspec


class Pem(msgspec.Struct, frozen=True):
    """PEM text, given inline or as a file that is read when it is needed. Inline text counts."""

    data: bytes = b""
    file: str = ""

    def __bool__(self) -> bool:
        return bool(self.data or self.file)

    def __repr__(self) -> str:
        return f"Pem({self.file or '...'})" if self else "Pem()"


class Plugin(msgspec.Struct, frozen=True, kw_only=True):
    """A program that gives credentials (client-go credential plugins).

    `command` is looked for on PATH unless it has a slash; `interactive`: Never, IfAvailable or Always.
    `cluster` is JSON of what the cluster's entry has for the plugin; b"" where it has nothing.
    """

    version: str
    command: str
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    interactive: str = "IfAvailable"
    cluster_info: bool = False
    cluster: bytes = b""

    def __repr__(self) -> str:
        return f"Plugin({self.command!r})"


class Impersonation(msgspec.Struct, frozen=True, kw_only=True):
    """As whom requests are made, where that is not who we are."""

    user: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Who we are. Of several ways the first counts: token file, token, name and password, plugin."""

    token: str = ""
    token_file: str = ""
    username: str = ""
    password: str = ""
    certificate: Pem = Pem()
    key: Pem = Pem()
    plugin: Plugin | None = None
    impersonation: Impersonation = Impersonation()

    def __repr__(self) -> str:
        return "User(...)"


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster, one user, one namespace.

    `server` is a URL; `socket` a Unix socket to use instead of its host (see `through`). `authority` empty:
    the certificates that this machine trusts. `proxy` is a URL; empty: what the environment says. `namespace`
    is never empty. `origin` says where all that is from, in words for evidence.
    """

    server: str
    namespace: str = "default"
    user: User = User()
    authority: Pem = Pem()
    server_name: str = ""
    insecure: bool = False
    proxy: str = ""
    socket: str = ""
    context: str = ""
    origin: str = ""
