"""Logins for registries that the cluster's Secrets hold."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

import msgspec

from ...errors import MoorageError
from ...kube import objects
from ...kube.client import Cluster
from ...kube.kinds import SECRET

_KEY = ".dockerconfigjson"


class _Secret(msgspec.Struct, frozen=True):
    data: dict[str, str] | None = None

    def __repr__(self) -> str:
        return "_Secret(...)"


async def logins(
    cluster: Cluster, namespace: str, secrets: tuple[str, ...], say: Callable[[str], None]
) -> tuple[bytes, ...]:
    """The content of each; those that we may not read, or that are not there, are only told."""
    found = []
    for name in secrets:
        try:
            secret = await objects.get(cluster, SECRET, name, _Secret, namespace=namespace)
        except MoorageError as error:
            say(f"The Secret {name} cannot be read, so its logins are not used from here: {error.message}")
            continue
        text = (secret.data or {}).get(_KEY, "") if secret else ""
        if not text:
            say(f"There is no Secret {name} with a login for registries in the namespace {namespace}.")
            continue
        try:
            found.append(base64.b64decode(text, validate=True))
        except binascii.Error:
            say(f"The Secret {name} holds no base64.")
    return tuple(found)
