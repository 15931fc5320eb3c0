"""The ConfigMap that comes first and owns all: deleting it deletes the workspace."""

from __future__ import annotations

import pkgutil

import msgspec

from .. import naming
from ..draft import Draft
from ..values import Json
from .metadata import metadata

LABELS = "labels.json"
SCRIPTS = ("start.sh", "inside.sh", "runner.sh", "populate.sh")


def root(draft: Draft) -> Json:
    """What the workspace remembers is in its annotations where it is short, and all in its data."""
    name = naming.root(draft.workspace)
    short = {key: value for key, value in draft.annotations.items() if _annotates(key, value)}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(draft, name, role="root", annotations=short, owned=False),
        "data": {LABELS: msgspec.json.encode(draft.annotations).decode(), **scripts()},
    }


def scripts() -> dict[str, str]:
    """The constant texts that run in a pod."""
    return {name: script(name) for name in SCRIPTS}


def script(name: str) -> str:
    """One of them."""
    package = "moorage.lifecycle" if name == "runner.sh" else "moorage.drivers.kubernetes"
    return (pkgutil.get_data(package, name) or b"").decode()


def _annotates(key: str, value: str) -> bool:
    return key.startswith("dev.moorage.") and len(value) <= 4096 and "\0" not in value
