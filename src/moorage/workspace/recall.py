"""What a workspace's labels tell of how it was asked for, so that no local file has to remember it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from moorage.spec import names
from moorage.spec.source import GitSource, ImageSource, LocalFolder, Source

_PINS = r"(git:.*?)(?: branch=([^ ]+))?(?: commit=([0-9a-f]+))?(?: pull=([0-9]+))?(?: folder=(.+))?"


def source_of(canonical: str) -> Source | None:
    """The source that this canonical text stands for (the inverse of `spec.source.canonical`)."""
    kind, _, rest = canonical.partition(":")
    if kind == "folder" and rest:
        return LocalFolder(path=rest)
    if kind == "image" and rest:
        return ImageSource(reference=rest)
    match = re.fullmatch(_PINS, canonical, re.DOTALL)
    if match is None:
        return None
    url, branch, commit, pull, folder = match.groups()
    return GitSource(
        url=url.removeprefix("git:"),
        branch=branch,
        commit=commit,
        pull_request=int(pull) if pull else None,
        subfolder=folder,
    )


def identity(labels: Mapping[str, str]) -> tuple[str, str] | None:
    """The name and configuration that were asked for ("" for none), found by what gives the workspace's id.

    None where the labels are not ours.
    """
    asked = labels.get(names.OWNER, ""), labels.get(names.SOURCE, "")
    for name in ("", labels.get(names.NAME, "")):
        for config in ("", labels.get(names.CONFIG, "")):
            if names.workspace_id(*asked, config, name) == labels.get(names.ID):
                return name, config
    return None
