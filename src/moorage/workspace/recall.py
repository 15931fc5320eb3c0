"""What a workspace's labels tell of how it was asked for, so that no local file has to remember it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from moorage.planner.request import Host, Request
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


def request_of(labels: Mapping[str, str], host: Host) -> Request | None:
    """The request that leads to this workspace again; None where the labels are not ours, or cut short.

    Its identity decides: whether a name and a configuration were given is what gives the same id.
    """
    source = source_of(labels.get(names.SOURCE, ""))
    if source is None:
        return None
    given = msgspec.structs.replace(host, owner=labels.get(names.OWNER, host.owner))
    for name in ("", labels.get(names.NAME, "")):
        for config in ("", labels.get(names.CONFIG, "")):
            request = Request(source=source, host=given, name=name, config=config)
            if request.workspace == labels.get(names.ID):
                return request
    return None
