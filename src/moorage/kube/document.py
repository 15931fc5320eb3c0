"""One kubeconfig file as it is written (client.config.k8s.io "Config v1"), and several merged into one.

Scalars are read as the texts that stand there: a context named 1234, a token 0x1f or a user `yes` stay what
they are, which YAML's own types would change.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from .errors import BadKubeconfig

if TYPE_CHECKING:
    import yaml

_LARGEST = 32 * 1024 * 1024


class Extension(msgspec.Struct, frozen=True):
    name: str = ""
    extension: object = None


class Cluster(msgspec.Struct, frozen=True, rename="kebab"):
    server: str = ""
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    proxy_url: str = ""
    extensions: tuple[Extension, ...] = ()


class Variable(msgspec.Struct, frozen=True):
    name: str
    value: str = ""


class Exec(msgspec.Struct, frozen=True, rename="camel"):
    command: str = ""
    api_version: str = ""
    args: tuple[str, ...] = ()
    env: tuple[Variable, ...] = ()
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = ""


class AuthProvider(msgspec.Struct, frozen=True):
    name: str = ""
    config: dict[str, str] = {}


class AuthInfo(msgspec.Struct, frozen=True, rename="kebab"):
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    token: str = ""
    token_file: str = msgspec.field(default="", name="tokenFile")
    username: str = ""
    password: str = ""
    impersonate: str = msgspec.field(default="", name="as")
    impersonate_uid: str = msgspec.field(default="", name="as-uid")
    impersonate_groups: tuple[str, ...] = msgspec.field(default=(), name="as-groups")
    impersonate_extra: dict[str, tuple[str, ...]] = msgspec.field(default={}, name="as-user-extra")
    auth_provider: AuthProvider | None = None
    exec: Exec | None = None


class Context(msgspec.Struct, frozen=True):
    cluster: str = ""
    user: str = ""
    namespace: str = ""


class NamedCluster(msgspec.Struct, frozen=True):
    name: str
    cluster: Cluster = Cluster()


class NamedUser(msgspec.Struct, frozen=True):
    name: str
    user: AuthInfo = AuthInfo()


class NamedContext(msgspec.Struct, frozen=True):
    name: str
    context: Context = Context()


class Document(msgspec.Struct, frozen=True, rename="kebab"):
    """What one file says."""

    clusters: tuple[NamedCluster, ...] = ()
    users: tuple[NamedUser, ...] = ()
    contexts: tuple[NamedContext, ...] = ()
    current_context: str = ""


class Entry(msgspec.Struct, frozen=True):
    """Where an entry stands: relative paths in it start at the folder of `file`."""

    file: str
    cluster: Cluster = Cluster()
    user: AuthInfo = AuthInfo()
    context: Context = Context()

    def path(self, text: str) -> str:
        return os.path.join(os.path.dirname(self.file), text) if text else ""  # noqa: PTH118, PTH120 - warm path


class Merged(msgspec.Struct, frozen=True):
    """Several files as one: of an entry or value that two have, the first file's counts."""

    files: tuple[str, ...] = ()
    current: str = ""
    clusters: dict[str, Entry] = {}
    users: dict[str, Entry] = {}
    contexts: dict[str, Entry] = {}

    def __bool__(self) -> bool:
        return bool(self.clusters or self.contexts or self.users)


def read(files: tuple[str, ...]) -> Merged:
    """The files that are there, merged; others are passed over. Raises BadKubeconfig."""
    merged = Merged()
    for file in files:
        if (text := _text(file)) is not None:
            merged = _join(merged, file, parse(text, file))
    return merged


def parse(text: bytes, file: str) -> Document:
    """Raises BadKubeconfig with the place in the file."""
    import yaml  # here, so that nothing else of this room waits for it

    try:
        found = yaml.load(text, Loader=_loader())  # noqa: S506 - it makes nothing but texts, lists and maps
        return msgspec.convert(_said(found) or {}, Document, strict=False)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        raise _bad(file, f"{place}: {getattr(error, 'problem', None) or error}") from error
    except msgspec.ValidationError as error:
        raise _bad(file, f"{file}: {error}") from error
    except (RecursionError, UnicodeError, ValueError) as error:
        raise _bad(file, f"{file}: {error}") from error


def typed_extension(file: str, cluster: str, name: str) -> bytes:
    """An extension of a cluster's entry as JSON with YAML's types, which a plugin expects; b"" for none."""
    import yaml

    for entry in (yaml.safe_load(_text(file) or b"") or {}).get("clusters") or ():
        if str(entry.get("name")) != cluster:
            continue
        for each in (entry.get("cluster") or {}).get("extensions") or ():
            if each.get("name") == name:
                return msgspec.json.encode(each.get("extension"))
    return b""


def _text(file: str) -> bytes | None:
    try:
        with open(file, "rb") as opened:  # noqa: PTH123 - pathlib is not loaded on the warm path
            return opened.read(_LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _bad(file, f"{file}: {error.strerror}") from error


def _said(found: object) -> object:
    """Without what is null: it says nothing, wherever it stands."""
    if isinstance(found, dict):
        return {name: _said(value) for name, value in found.items() if value is not None}
    if isinstance(found, list):
        return [_said(value) for value in found if value is not None]
    return found


def _loader() -> type[yaml.CBaseLoader]:
    """Texts, lists, maps, and null."""
    import re

    import yaml

    # Without libyaml PyYAML has only the slower one.
    base = yaml.CBaseLoader if hasattr(yaml, "CBaseLoader") else yaml.BaseLoader
    loader: type[yaml.CBaseLoader] = type("Loader", (base,), {})
    tag = "tag:yaml.org,2002:null"
    loader.add_implicit_resolver(tag, re.compile(r"^(?:~|null|Null|NULL|)$"), [*"~nN", ""])
    loader.add_constructor(tag, lambda *_: None)
    return loader


def _join(merged: Merged, file: str, document: Document) -> Merged:
    clusters = {each.name: Entry(file, cluster=each.cluster) for each in document.clusters}
    users = {each.name: Entry(file, user=each.user) for each in document.users}
    contexts = {each.name: Entry(file, context=each.context) for each in document.contexts}
    return Merged(
        files=(*merged.files, file),
        current=merged.current or document.current_context,
        clusters=clusters | merged.clusters,
        users=users | merged.users,
        contexts=contexts | merged.contexts,
    )


def _bad(file: str, evidence: str) -> BadKubeconfig:
    return BadKubeconfig(
        f"The kubeconfig {file} cannot be read.",
        evidence=(evidence,),
        hint="Correct it; `kubectl config view` shows what kubectl makes of it.",
    )
