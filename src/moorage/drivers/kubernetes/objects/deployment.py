"""The Deployment: one pod or none, and never two at once, as they would share a claim."""

from __future__ import annotations

from .. import naming
from ..draft import Draft
from ..values import Json
from .metadata import metadata


def deployment(draft: Draft, template: Json) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(draft, naming.root(draft.workspace), role="workspace"),
        "spec": {
            "replicas": draft.known.replicas,
            "revisionHistoryLimit": 0,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": naming.selector(draft.workspace)},
            "template": template,
        },
    }
