"""The ConfigMap that comes first and owns all: deleting it deletes the workspace."""

from __future__ import annotations

import msgspec

from .. import naming
from ..draft import Draft
from ..values import Json
from .metadata import metadata

LABELS = "labels.json"


def root(draft: Draft) -> Json:
    """What the workspace remembers is in its annotations where it is short, and all in its data."""
    name = naming.root(draft.workspace)
    short = {key: value for key, value in draft.annotations.items() if _annotates(key, value)}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(draft, name, role="root", annotations=short, owned=False),
        "data": {LABELS: msgspec.json.encode(draft.annotations).decode()},
    }


def _annotates(key: str, value: str) -> bool:
    return key.startswith("dev.moorage.") and len(value) <= 4096 and "\0" not in value
