"""Features beside the devcontainer.json. They are the workspace's own, and must not reach out of it."""

from __future__ import annotations

import os
from pathlib import Path

from moorage.devcontainer.features.found import FoundFeature
from moorage.devcontainer.features.reference import LocalReference, local_folder
from moorage.devcontainer.warnings import Warning
from moorage.errors import ConfigurationError
from moorage.facts.context import ContextTree
from moorage.facts.features.cache import tree
from moorage.facts.features.errors import FeatureMissing
from moorage.facts.features.metadata import FILE, read_file


class FeatureOutside(ConfigurationError):
    """A local Feature, or a link in it, leads out of the folder where it must be."""

    code = "feature-outside"


def find(reference: LocalReference, base: str, workspace: str) -> tuple[FoundFeature, tuple[Warning, ...]]:
    """The Feature in its folder as it is now, and what its author should know. Blocking.

    Raises BadFeatureReference, FeatureMissing, FeatureOutside, FeatureUnusable and the metadata's errors.
    """
    folder = Path(local_folder(reference, base, workspace))
    if not folder.is_dir():
        raise FeatureMissing(
            f"there is no folder {folder}",
            hint="Correct the path; it is relative to the folder of devcontainer.json.",
        )
    _check_inside(folder, Path(workspace, ".devcontainer"), str(folder))
    if not (folder / FILE).exists():
        raise FeatureMissing(f"{folder} has no {FILE}", hint=f"Add {FILE}, or correct the path.")
    files = tree(folder)
    check_links(folder, files)
    metadata = read_file(folder, str(folder / FILE))
    found = FoundFeature(
        reference=reference.written,
        kind="local",
        base=str(folder),
        digest=f"sha256:{files.digest}",
        feature=metadata.feature,
        raw=metadata.raw,
        content=str(folder),
    )
    return found, metadata.warnings


def check_links(folder: Path, files: ContextTree) -> None:
    """Raises FeatureOutside for a link among the files that leads out of their folder."""
    for entry in files.entries:
        if entry.kind == "link":
            _check_inside(folder / entry.path, folder, entry.path)


def _check_inside(path: Path, top: Path, name: str) -> None:
    real = os.path.realpath(path)
    allowed = os.path.realpath(top)
    if real != allowed and not real.startswith(f"{allowed}/"):
        raise FeatureOutside(
            f"{name} is a link that leads out of {top}",
            evidence=(f"it leads to {real}",),
            hint="Put the files themselves there.",
        )
