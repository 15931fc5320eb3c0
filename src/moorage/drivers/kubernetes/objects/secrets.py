"""Secrets: variables of the container, the login of a clone, logins of registries, the runner's plan."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping

import msgspec

from .. import naming
from ..draft import Draft
from ..known import Login
from ..values import Json
from .metadata import metadata

CLONE_INPUT = "input"


def secrets(draft: Draft) -> Iterator[Json]:
    known = draft.known
    if draft.environment:
        found = {name: _bytes(value) for name, value in draft.environment.items()}
        yield _secret(draft, naming.environment(draft.workspace), found)
    if known.clone is not None:
        yield _secret(draft, naming.clone(draft.workspace), {CLONE_INPUT: known.clone.stdin})
    if known.logins:
        found = {".dockerconfigjson": _docker_config(known.logins)}
        yield _secret(draft, naming.logins(draft.workspace), found, "kubernetes.io/dockerconfigjson")
    if known.plan is not None:
        found = {"script": known.plan.script, "probe": _bytes(known.plan.probe + "\n")}
        yield _secret(draft, naming.plan(draft.workspace), found)


def hidden(secret: Json) -> Json:
    """The same with its values taken out, for people to see."""
    data = secret.get("data")
    names = data if isinstance(data, Mapping) else {}
    return {**secret, "data": dict.fromkeys(names, "***")}


def _secret(draft: Draft, name: str, data: Mapping[str, bytes], kind: str = "Opaque") -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(draft, name),
        "type": kind,
        "data": {key: b64encode(value).decode() for key, value in data.items()},
    }


def _docker_config(logins: tuple[Login, ...]) -> bytes:
    return msgspec.json.encode({"auths": {each.registry: _auth(each) for each in logins}})


def _auth(login: Login) -> dict[str, str]:
    pair = b64encode(_bytes(f"{login.username}:{login.password}")).decode()
    return {"username": login.username, "password": login.password, "auth": pair}


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
