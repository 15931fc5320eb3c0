"""Features on top of what a Dockerfile builds, in one build: its stage is continued by the generated one.

The generated Dockerfile is that of every builder (`image.features`); its context is a folder of ours.
"""

from __future__ import annotations

import posixpath
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from moorage.devcontainer.features import lockfile
from moorage.devcontainer.features.comparison import Install
from moorage.devcontainer.features.found import FoundFeature
from moorage.devcontainer.features.order import Missing, Order, order
from moorage.devcontainer.features.reference import LocalReference, declared, parse
from moorage.devcontainer.users import container_user, remote_user
from moorage.dockerfile.instruction import Dockerfile, Instruction
from moorage.dockerfile.parse import parse as parse_dockerfile
from moorage.facts.configuration import lock_beside
from moorage.facts.features.finder import Finder
from moorage.image.features.generate import Generated, generated
from moorage.image.features.script import Users
from moorage.inside.envbuilder.configured import Configured, merged
from moorage.planner.questions import ReadFeature

STAGE, BELOW, FILES = "moorage-features", "moorage-below", "moorage-feature-files"
_NAME = "Dockerfile of Features"


class Below(msgspec.Struct, frozen=True, kw_only=True):
    """What the image below will be: its user and its label devcontainer.metadata."""

    user: str = ""
    metadata: str = ""


async def resolved(configured: Configured, finder: Finder) -> Order:
    """Every Feature with what it depends on, in the order of installation. Raises the errors of Features."""
    wanted = declared(configured.configuration.features)
    text = msgspec.json.encode(configured.raw)
    locked = lock_beside(Path(configured.path), text)
    pins = lockfile.read(locked, lockfile.lockfile_path(configured.path)) if locked is not None else None
    known: dict[str, FoundFeature] = {}
    while True:
        override = configured.configuration.override_feature_install_order
        result = order(wanted, known, override=override)
        if not isinstance(result, Missing):
            return result
        for reference in result.references:
            pin = pins.pin(reference) if pins else ""
            known[reference] = await finder.find(_question(reference, configured, pin))


def install(below: Below, configured: Configured, installs: Sequence[Install], base: str) -> Generated:
    """The generated Dockerfile on the stage `base`. Raises BadVariable, BadFeatureOption."""
    known = merged(below.metadata, configured, None)
    users = Users(
        container=container_user(known, (), below.user) or "root", remote=remote_user(known, (), below.user)
    )
    return generated(base, installs, users, user=below.user, metadata_label=below.metadata)


async def context(made: Generated, installs: Sequence[Install], finder: Finder, folder: str) -> None:
    """Put the Features' files and ours into `folder`, which is made anew; all may read and run them."""
    shutil.rmtree(folder, ignore_errors=True)
    for each, place in zip(installs, made.folders, strict=True):
        content = await finder.content(each.found)
        shutil.copytree(content, Path(folder, place), symlinks=True, dirs_exist_ok=True)
    for file in made.files:
        path = Path(folder, file.path)
        path.unlink(missing_ok=True)
        path.write_text(file.text, errors="replace")
    for path in (Path(folder), *Path(folder).rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)


def named(dockerfile: Dockerfile, target: str) -> tuple[Dockerfile, str]:
    """The Dockerfile, in which the stage that is built has a name, and that name. Pure."""
    starts = [each for each in dockerfile.instructions if each.keyword == "FROM"]
    place = next((n for n, each in enumerate(starts) if _is_called(each, n, target)), len(starts) - 1)
    start = starts[place]
    if len(start.words) == 3:
        return dockerfile, start.words[2]
    renamed = msgspec.structs.replace(
        start, words=(*start.words, "AS", BELOW), arguments=f"{start.arguments} AS {BELOW}"
    )
    found = tuple(renamed if each is start else each for each in dockerfile.instructions)
    return msgspec.structs.replace(dockerfile, instructions=found), BELOW


def continued(dockerfile: Dockerfile, made: Generated) -> Dockerfile:
    """With the generated stage, whose files come from the named context FILES. Pure."""
    last = dockerfile.text.count("\n") + 1
    added = parse_dockerfile(made.dockerfile, _NAME).instructions
    stage = tuple(_moved(each, last) for each in added)
    return msgspec.structs.replace(dockerfile, instructions=(*dockerfile.instructions, *stage))


def _moved(instruction: Instruction, by: int) -> Instruction:
    found = msgspec.structs.replace(instruction, line=instruction.line + by, end=instruction.end + by)
    if found.keyword == "COPY":
        return msgspec.structs.replace(found, flags=(*found.flags, ("from", FILES)))
    if found.keyword == "FROM":
        words = (*found.words, "AS", STAGE)
        return msgspec.structs.replace(found, words=words, arguments=" ".join(words))
    return found


def _is_called(start: Instruction, place: int, target: str) -> bool:
    own = start.words[2].lower() if len(start.words) == 3 else ""
    return bool(target) and target.lower() in (own, str(place))


def _question(reference: str, configured: Configured, pin: str) -> ReadFeature:
    if not isinstance(parse(reference), LocalReference):
        return ReadFeature(reference=reference, digest=pin)
    folder = posixpath.dirname(configured.path)
    return ReadFeature(reference=reference, base=folder, workspace=configured.root)
