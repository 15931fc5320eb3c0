"""What the metadata of every object of a workspace says: whose it is, and what goes when it goes."""

from __future__ import annotations

from collections.abc import Mapping

from ....spec import names
from .. import naming, values
from ..draft import Draft
from ..values import Json

UNKNOWN_ROOT = "00000000-0000-0000-0000-000000000000"
"""Stands in a plan for the uid that the root will have."""


def metadata(
    draft: Draft,
    name: str,
    *,
    role: str = "",
    annotations: Mapping[str, str] | None = None,
    owned: bool = True,
) -> Json:
    """Labels by which the object is found; all but the root belong to the root."""
    found: Json = {
        "name": name,
        "namespace": draft.known.namespace,
        "labels": labels(draft, role),
    }
    notes = {**dict(draft.options.annotations), **(annotations or {})}
    if notes:
        found["annotations"] = notes
    if owned:
        found["ownerReferences"] = [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "name": naming.root(draft.workspace),
                "uid": draft.known.root or UNKNOWN_ROOT,
                "blockOwnerDeletion": True,
            }
        ]
    return found


def labels(draft: Draft, role: str = "") -> dict[str, str]:
    """The user's own, then those that moorage needs."""
    found = {
        **dict(draft.options.labels),
        naming.MANAGED_BY: naming.FIELD_MANAGER,
        names.ID: draft.workspace,
    }
    for name in (names.NAME, names.OWNER):
        if draft.annotations.get(name):
            found[name] = values.as_label(draft.annotations[name])
    return found | ({names.ROLE: role} if role else {})
