"""What decides an image with Features: what decides the image below, and the Features on top."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from moorage.devcontainer.features.comparison import Install
from moorage.image.features.generate import INSTALLER, chosen
from moorage.image.features.script import Users
from moorage.image.key import GENERATOR, FeatureInput, Inputs, digest


def image_inputs(reference: str, identity: str, platform: str) -> Inputs:
    """The image below where it is there already: what decides it is its identity."""
    return Inputs(
        generator=GENERATOR,
        platform=platform,
        options={},
        arguments={},
        images={reference: identity},
        instructions=(),
        remotes={},
        secrets=(),
    )


def feature_inputs(below: Inputs, installs: Sequence[Install], users: Users) -> Inputs:
    """What decides the image: `below` is of the user's Dockerfile, or `image_inputs`.

    One label then explains a change in either. References as written, and where a Feature is from, are for
    people only: the same files from elsewhere give the same image.
    """
    return msgspec.structs.replace(
        below,
        features=tuple(map(_feature, installs)),
        installer=INSTALLER,
        users={"containerUser": users.container or "root", "remoteUser": users.remote or "root"},
    )


def _feature(install: Install) -> FeatureInput:
    found = install.found
    given = chosen(install)
    return FeatureInput(
        _origin(install), found.feature.version, found.digest, {name: digest(given[name]) for name in given}
    )


def _origin(install: Install) -> str:
    """Without what should not be told to others: a path of this machine, a secret in an address."""
    found = install.found
    if found.kind == "local":
        return found.reference
    if found.kind == "tarball":
        return found.feature.id
    return found.base
