"""The Dockerfile that installs Features on a base image, for every builder: plain instructions only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from moorage.devcontainer import metadata
from moorage.devcontainer.features.comparison import Install
from moorage.devcontainer.features.feature import entry
from moorage.devcontainer.features.options import Value, canonical, environment, environment_file
from moorage.errors import ConfigurationError
from moorage.image.features import dockerfile
from moorage.image.features.script import ENVIRONMENT, PLACE, SCRIPT, Users, script
from moorage.image.key import digest

INSTALLER = "1"
"""Raised when moorage makes another image of the same Features."""

_REFERENCE = r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*"
_USER = r"[^\s\\\"'`$]+"
_ROOT = ("", "root", "0")


class BadBase(ConfigurationError):
    """What Features should be installed on cannot be named in a Dockerfile."""

    code = "feature-bad-base"


class GeneratedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of moorage's own in the context."""

    path: str
    text: str


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """One build. `folders` are the places in the context for the files of each install, in their order."""

    dockerfile: str
    files: tuple[GeneratedFile, ...]
    folders: tuple[str, ...]


def generated(
    base: str,
    installs: Sequence[Install],
    users: Users,
    *,
    user: str = "",
    metadata_label: str = "",
    labels: Mapping[str, str] | None = None,
) -> Generated:
    """What installs Features on the image `base`, whose own USER is `user`, and label `metadata_label`.

    `labels` go on the image as well, in the place of the metadata too. A folder's name is a digest of all
    that is in it, and has no number, so that builders find in their cache all that comes before a change.
    Raises BadBase, BadVariable, BadFeatureOption.
    """
    _check(base, user)
    made = [_installation(install, users) for install in installs]
    own = {metadata.LABEL: predicted_metadata(metadata_label, installs), **(labels or {})}
    as_root = user in _ROOT  # then nothing is said of it: root has no name where there is no /etc/passwd
    parts = [f"FROM {base}\n", "" if as_root else "USER 0\n"]
    parts += [_instructions(install, folder) for install, (folder, _) in zip(installs, made, strict=True)]
    parts += ["" if as_root else f"USER {user}\n", dockerfile.labels(own)]
    return Generated(
        dockerfile="".join(parts),
        files=tuple(file for _, files in dict(made).items() for file in files),
        folders=tuple(folder for folder, _ in made),
    )


def predicted_metadata(base: str, installs: Sequence[Install]) -> str:
    """The devcontainer.metadata label of the result, from that of the base image."""
    found = metadata.parse_label(base).entries
    return metadata.write_label((*found, *map(_entry, installs)))


def chosen(install: Install) -> dict[str, Value]:
    """Its options, defaults filled in. What another Feature demands of it is taken as it is.

    Raises BadFeatureOption.
    """
    found = install.found
    return canonical(found.reference, install.value, found.feature, strict=not install.needed_by).values


def _entry(install: Install) -> metadata.Entry:
    return entry(install.found.reference, install.found.raw)


def _instructions(install: Install, folder: str) -> str:
    feature = install.found.feature
    place = f"{PLACE}/{folder}"
    return (
        dockerfile.environment(feature.container_env, feature.id)
        + f"COPY {folder}/ {place}/\n"
        + f'RUN ["/bin/sh", "{place}/{SCRIPT}"]\n'
    )


def _installation(install: Install, users: Users) -> tuple[str, tuple[GeneratedFile, ...]]:
    variables = environment(chosen(install))
    texts = {SCRIPT: script(install.found, variables, users), ENVIRONMENT: environment_file(variables)}
    folder = f"{_name(install)}-{_hex(install.found.digest)[:12]}-{digest(texts)[:8]}"
    return folder, tuple(GeneratedFile(path=f"{folder}/{name}", text=text) for name, text in texts.items())


def _name(install: Install) -> str:
    """The id as part of a path that no builder takes for a pattern, a flag or a way out."""
    return re.sub(r"[^a-z0-9_]+", "-", install.found.feature.id.lower()).strip("-")[:40] or "feature"


def _hex(text: str) -> str:
    found = text.rpartition(":")[2]
    return found if re.fullmatch(r"[0-9a-f]{12,}", found) else digest(text)


def _check(base: str, user: str) -> None:
    if not re.fullmatch(_REFERENCE, base):
        raise BadBase(f"{base!r} is no reference of an image.", hint="Correct image in devcontainer.json.")
    if user and not re.fullmatch(_USER, user):
        raise BadBase(
            f"The image {base} runs as the user {user!r}, which no Dockerfile can name.",
            hint="Choose another base image, or change its USER.",
        )
