"""Logins that people already have: Docker's and Podman's files and credential helpers.

Order (the reference CLI's, with Podman's file added): DEVCONTAINERS_OCI_AUTH, DOCKER_AUTH_CONFIG, Docker's
config.json (credHelpers, credsStore, auths), Podman's auth.json, GITHUB_TOKEN for ghcr.io. No secret is ever
an argument of a process, part of a message, or shown by `repr`.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from moorage.events import Notice, Reporter, Silent
from moorage.oci.helper import ask_helper, find_helper
from moorage.oci.reference import DOCKER_HUB

_HUB_KEY = "https://index.docker.io/v1/"
_HUB_HOSTS = (DOCKER_HUB, "index.docker.io", "registry-1.docker.io")
_GITHUB_REGISTRY = "ghcr.io"
_TOKEN_USER = "<token>"  # noqa: S105  what helpers answer as user name for an identity token
_HELPER_SECONDS = 20.0


Further = Callable[[], Awaitable[Sequence[bytes]]]
"""Contents of more files in the form of Docker's config.json, which count after people's own."""


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """One login: user and password, or an identity token (exchanged), or a registry token (sent as it is)."""

    username: str = ""
    password: str = ""
    identity_token: str = ""
    registry_token: str = ""

    def __repr__(self) -> str:
        return f"Credential(username={self.username!r}, ...)"

    def basic(self) -> str:
        """The value of an `Authorization` header in the Basic scheme (RFC 7617)."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


class _Entry(msgspec.Struct, frozen=True, rename="lower"):
    auth: str | None = None
    username: str | None = None
    password: str | None = None
    identitytoken: str | None = None
    registrytoken: str | None = None

    def __repr__(self) -> str:
        return "_Entry(...)"


class _File(msgspec.Struct, frozen=True, rename="camel"):
    auths: dict[str, _Entry] | None = None
    creds_store: str | None = None
    cred_helpers: dict[str, str] | None = None


class Credentials:
    """Finds the login for a registry in what the environment offers; each file is read once, when needed."""

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        home: Path | None = None,
        reporter: Reporter | None = None,
        helper_seconds: float = _HELPER_SECONDS,
        further: Further | None = None,
    ) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        self._home = home or Path(self._environment.get("HOME") or Path.home())
        self._reporter = reporter or Silent()
        self._helper_seconds = helper_seconds
        self._further = further
        self._files: tuple[_File, ...] | None = None
        self._told: set[str] = set()

    async def find(self, registry: str, repository: str = "") -> Credential | None:
        """The login for `registry` (host with port), the nearest one where keys name parts of it.

        A helper that is missing, fails or takes too long is reported and passed over. None: anonymous.
        """
        if own := _from_reference_variable(self._environment, registry):
            return own
        if self._files is None:
            contents = await self._further() if self._further else ()
            others = (self._decode_file(content, "a pull secret") for content in contents)
            self._files = (*self._read_files(), *others)
        for file in self._files:
            if found := await self._in_file(file, registry, repository):
                return found
        return _from_github(self._environment, registry)

    async def _in_file(self, file: _File, registry: str, repository: str) -> Credential | None:
        if name := _helper_name(file, registry):
            found = await self._from_helper(name, registry)
            if found:
                return found
        entry = match(file.auths or {}, registry, repository)
        return self._from_entry(entry, registry) if entry else None

    async def _from_helper(self, name: str, registry: str) -> Credential | None:
        server = _HUB_KEY if registry in _HUB_HOSTS else registry
        answer = await ask_helper(name, server, self._environment, self._helper_seconds)
        if isinstance(answer, str):
            self._tell("credential-helper-failed", answer, f"Run `docker login {registry}` again.")
            return None
        if answer is None or not answer.secret:
            return None
        if answer.username == _TOKEN_USER:
            return Credential(identity_token=answer.secret)
        return Credential(username=answer.username, password=answer.secret)

    def _from_entry(self, entry: _Entry, registry: str) -> Credential | None:
        if entry.registrytoken:
            return Credential(registry_token=entry.registrytoken)
        username, password = entry.username or "", entry.password or ""
        if entry.auth:
            try:
                username, _, password = _decode(entry.auth).partition(":")
            except ValueError:
                text = f"the stored login for {registry} is not base64 of USER:PASSWORD"
                self._tell("login-unreadable", text, f"Run `docker login {registry}` again.")
                return None
        password = password.rstrip("\0")
        if entry.identitytoken:
            return Credential(username=username, identity_token=entry.identitytoken)
        return Credential(username=username, password=password) if username and password else None

    def _read_files(self) -> list[_File]:
        """In order of authority. Where Docker's own knows no login, the platform's store is meant."""
        files = []
        if inline := self._environment.get("DOCKER_AUTH_CONFIG"):
            files.append(self._decode_file(inline.encode(), "DOCKER_AUTH_CONFIG"))
        docker = self._read_file(_docker_path(self._environment, self._home))
        if not (docker.auths or docker.creds_store or docker.cred_helpers):
            docker = _File(creds_store=_platform_store(self._environment))
        podman = [self._read_file(path) for path in _podman_paths(self._environment, self._home)]
        return [*files, docker, *podman]

    def _read_file(self, path: Path) -> _File:
        try:
            return self._decode_file(path.read_bytes(), str(path))
        except (FileNotFoundError, NotADirectoryError):
            return _File()
        except OSError as error:
            self._tell("login-file-unreadable", f"{path} cannot be read: {error.strerror}", "Check its mode.")
            return _File()

    def _decode_file(self, content: bytes, name: str) -> _File:
        try:
            return msgspec.json.decode(content or b"{}", type=_File)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            text = f"{name} is left out: {error}"
            self._tell("login-file-unreadable", text, "Correct it, or log in again.")
            return _File()

    def _tell(self, code: str, text: str, hint: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._reporter.emit(Notice(level="warning", code=code, text=text, hint=hint))


def match(auths: Mapping[str, _Entry], registry: str, repository: str = "") -> _Entry | None:
    """The entry whose key names this registry: `host/name/space` (Podman) before `host`; `https://host/v1/`
    (old Docker) counts as the host; Docker Hub has three names.
    """
    hosts = _HUB_HOSTS if registry in _HUB_HOSTS else (registry,)
    named: dict[str, _Entry] = {}
    for key, value in auths.items():
        named.setdefault(_canonical(key), value)
    parts = repository.split("/") if repository else []
    for length in range(len(parts), -1, -1):
        for host in hosts:
            if entry := named.get("/".join((host, *parts[:length]))):
                return entry
    return None


def _canonical(key: str) -> str:
    scheme, separator, rest = key.rpartition("://")
    if separator and scheme in ("http", "https"):
        return rest.partition("/")[0]
    return rest.rstrip("/").removesuffix("/v1").removesuffix("/v2")


def _helper_name(file: _File, registry: str) -> str | None:
    helpers = file.cred_helpers or {}
    hosts = _HUB_HOSTS if registry in _HUB_HOSTS else (registry,)
    named = {_canonical(key): name for key, name in helpers.items()}
    return next((named[host] for host in hosts if host in named), file.creds_store)


def _decode(auth: str) -> str:
    try:
        text = base64.b64decode(auth, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("not base64") from error
    if ":" not in text:
        raise ValueError("no user and password")
    return text


def _docker_path(environment: Mapping[str, str], home: Path) -> Path:
    folder = environment.get("DOCKER_CONFIG")
    return (Path(folder) if folder else home / ".docker") / "config.json"


def _podman_paths(environment: Mapping[str, str], home: Path) -> list[Path]:
    if chosen := environment.get("REGISTRY_AUTH_FILE"):
        return [Path(chosen)]
    runtime = environment.get("XDG_RUNTIME_DIR")
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    folders = [*([Path(runtime)] if runtime else []), config]
    return [folder / "containers" / "auth.json" for folder in folders]


def _platform_store(environment: Mapping[str, str]) -> str | None:
    """The store that `docker login` would have chosen, if it is installed."""
    if sys.platform == "darwin":
        store = "osxkeychain"
    else:
        store = "pass" if find_helper("pass", environment, prefix="") else "secretservice"
    return store if find_helper(store, environment) else None


def _from_reference_variable(environment: Mapping[str, str], registry: str) -> Credential | None:
    """DEVCONTAINERS_OCI_AUTH of the reference CLI: `host|user|token,…`."""
    for item in environment.get("DEVCONTAINERS_OCI_AUTH", "").split(","):
        with contextlib.suppress(ValueError):
            host, username, token = item.strip().split("|", 2)
            if host == registry:
                return Credential(username=username, password=token)
    return None


def _from_github(environment: Mapping[str, str], registry: str) -> Credential | None:
    token = environment.get("GITHUB_TOKEN")
    if not token or registry != _GITHUB_REGISTRY:
        return None
    if environment.get("GITHUB_HOST", "github.com") != "github.com":
        return None
    return Credential(username="x-access-token", password=token)
