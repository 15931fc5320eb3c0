"""The namespace, where `createNamespace` asks for it. It is shared, so it outlives every workspace."""

from __future__ import annotations

from .. import naming
from ..values import Json


def namespace(name: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {naming.MANAGED_BY: naming.FIELD_MANAGER}},
    }
