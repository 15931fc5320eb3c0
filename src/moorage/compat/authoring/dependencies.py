"""Resolves Features as `up` does, and draws how they hang together."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from moorage.devcontainer.features.comparison import Install
from moorage.devcontainer.features.found import FoundFeature
from moorage.devcontainer.features.lockfile import Lockfile, lockfile_path
from moorage.devcontainer.features.lockfile import read as read_lockfile
from moorage.devcontainer.features.order import Missing, Order, order
from moorage.devcontainer.features.reference import declared
from moorage.devcontainer.jsonc import parse
from moorage.facts.configuration import in_folder
from moorage.facts.features.finder import Finder
from moorage.planner.questions import ReadFeature


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an install order: which Feature exactly, and with which options as written."""

    id: str
    options: object


async def of_folder(folder: Path, finder: Finder, config: str = "") -> Order:
    """The install order of the configuration in a folder, with the versions that its lockfile pins.

    Raises the errors of discovery, of the lockfile, of `Finder.find` and of `order`.
    """
    file = in_folder(str(folder), config)
    path = folder / file.path
    value = parse(file.text, str(path)).value
    features, override = value.get("features"), value.get("overrideFeatureInstallOrder")
    return await resolve(
        declared(features if isinstance(features, dict) else {}),
        finder,
        base=str(path.parent),
        workspace=str(folder),
        override=[str(each) for each in override] if isinstance(override, list) else (),
        lockfile=_lockfile(path),
    )


async def resolve(
    wanted: Mapping[str, object],
    finder: Finder,
    *,
    base: str = "",
    workspace: str = "",
    override: Sequence[str] = (),
    lockfile: Lockfile | None = None,
) -> Order:
    """The order of `wanted` (reference → options): all that one level needs is looked up side by side."""
    found: dict[str, FoundFeature] = {}
    pins = lockfile or Lockfile()
    while isinstance(answer := order(wanted, found, override=override), Missing):
        questions = [
            ReadFeature(reference=each, base=base, workspace=workspace, digest=pins.pin(each))
            for each in answer.references
        ]
        found |= zip(answer.references, await _all(finder, questions), strict=True)
    return answer


def installed(result: Order) -> list[Installed]:
    """What is installed, first to last. A Feature of a registry is named by its digest."""
    return [
        Installed(id=install.found.resolved or install.found.reference, options=install.value)
        for install in result.installs
    ]


def drawn(result: Order) -> str:
    """A flowchart for https://mermaid.live: an arrow leads to what a Feature depends on."""
    lines = dict.fromkeys(line for install in result.installs for line in _lines(install))
    return "\n".join(("flowchart", *lines))


async def _all(finder: Finder, questions: Sequence[ReadFeature]) -> list[FoundFeature]:
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(finder.find(question)) for question in questions]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]


def _lines(install: Install) -> Iterator[str]:
    own = _node(install.found.reference, install.value)
    if not install.needed_by:
        yield own
    for reference, value in install.found.feature.depends_on.items():
        yield f"{own} --> {_node(reference, value)}"


def _node(reference: str, value: object) -> str:
    key = hashlib.sha256(msgspec.json.encode((reference, value), order="sorted")).hexdigest()[:6]
    label = "".join(sign for sign in reference if sign.isalnum() or sign in "./:@_-+")
    return f"{key}[{label}]"


def _lockfile(path: Path) -> Lockfile:
    place = Path(lockfile_path(str(path)))
    return read_lockfile(place.read_bytes(), str(place)) if place.is_file() else Lockfile()
