"""Which Features a configuration asks for, what pins them, and how to ask what each is."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from moorage.devcontainer.features.reference import LocalReference, declared, parse
from moorage.planner.configured import Configured
from moorage.planner.questions import ReadFeature
from moorage.planner.request import Request

if TYPE_CHECKING:
    from moorage.devcontainer.features.lockfile import Lockfile


def asked_features(request: Request, configuration: Configured) -> dict[str, object]:
    """Reference → options as written: the file's own, then those of the command line."""
    own = configuration.configuration.features
    return declared(own, request.features, auto_mapping=request.auto_mapping)


def question(
    request: Request, configuration: Configured, reference: str, lock: Lockfile | None
) -> ReadFeature:
    """The question for one reference; local ones are known by their files, others may be pinned."""
    file, mapping = configuration.file, request.auto_mapping
    pinned = lock.pin(reference) if lock else ""
    if not isinstance(parse(reference, auto_mapping=mapping), LocalReference):
        return ReadFeature(reference=reference, digest=pinned, auto_mapping=mapping)
    folder = posixpath.dirname(posixpath.join(file.root, file.path))
    return ReadFeature(reference=reference, base=folder, workspace=file.root, auto_mapping=mapping)


def lock_of(request: Request, configuration: Configured) -> Lockfile | None:
    """The lockfile, where there is one and it counts. Raises what `lockfile.read` does."""
    file = configuration.file
    if file.lock is None or request.lockfile == "ignore":
        return None
    from moorage.devcontainer.features import lockfile

    return lockfile.read(file.lock, lockfile.lockfile_path(posixpath.join(file.root, file.path)))
