"""Claims: the project's files, the home folder if asked, and each volume of the configuration."""

from __future__ import annotations

from collections.abc import Iterator

from ..draft import Draft
from ..values import Json
from .metadata import metadata


def claims(draft: Draft) -> Iterator[Json]:
    for name, size in draft.claims.items():
        yield _claim(draft, name, size)


def _claim(draft: Draft, name: str, size: str) -> Json:
    options = draft.options
    spec: Json = {
        "accessModes": [options.access_mode],
        "resources": {"requests": {"storage": size}},
    }
    if options.storage_class:
        spec["storageClassName"] = options.storage_class
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata(draft, name, annotations=dict(options.claim_annotations)),
        "spec": spec,
    }
