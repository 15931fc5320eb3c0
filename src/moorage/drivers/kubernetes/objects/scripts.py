"""The constant texts that run in a pod, in a ConfigMap of their own: lists of workspaces stay short."""

from __future__ import annotations

import pkgutil

from .. import naming
from ..draft import Draft
from ..values import Json
from .metadata import metadata

SCRIPTS = ("start.sh", "inside.sh", "runner.sh")


def scripts(draft: Draft) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(draft, naming.scripts(draft.workspace)),
        "data": {name: script(name) for name in SCRIPTS},
    }


def script(name: str) -> str:
    """One of them."""
    package = "moorage.lifecycle" if name == "runner.sh" else "moorage.drivers.kubernetes"
    return (pkgutil.get_data(package, name) or b"").decode()
