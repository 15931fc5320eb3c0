"""Writes the inputs of an image into a label and reads them back, so that a later miss can be explained."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from moorage.image.key import FeatureInput, Inputs, InstructionInput

LABEL = "dev.moorage.image-inputs"
SHORT = 16
"""Hexadecimal digits of a hash in the label: enough to see a difference, the key itself is whole."""
_FORMAT = 1


class _Label(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename={
        "format": "v",
        "generator": "g",
        "platform": "p",
        "options": "o",
        "arguments": "a",
        "images": "i",
        "instructions": "l",
        "remotes": "r",
        "secrets": "s",
        "features": "f",
        "installer": "n",
        "users": "w",
        "unpinned": "u",
    },
):
    format: int
    generator: str
    platform: str
    options: dict[str, str] = {}
    arguments: dict[str, str] = {}
    images: dict[str, str] = {}
    instructions: tuple[InstructionInput, ...] = ()
    remotes: dict[str, str] = {}
    secrets: tuple[str, ...] = ()
    features: tuple[FeatureInput, ...] = ()
    installer: str = ""
    users: dict[str, str] = {}
    unpinned: tuple[str, ...] = ()


def label(given: Inputs) -> str:
    """The value of LABEL: compact JSON, hashes shortened, no value of an argument and no secret in it."""
    made = _Label(
        format=_FORMAT,
        generator=given.generator,
        platform=given.platform,
        options=_short(given.options),
        arguments=_short(given.arguments),
        images=_short(given.images),
        instructions=tuple(
            InstructionInput(line=i.line, text=i.text[:SHORT], takes=i.takes[:SHORT])
            for i in given.instructions
        ),
        remotes=_short(given.remotes),
        secrets=given.secrets,
        features=tuple(_feature(each) for each in given.features),
        installer=given.installer,
        users=given.users,
        unpinned=given.unpinned,
    )
    return msgspec.json.encode(made).decode()


def parse_label(text: str) -> Inputs | None:
    """The inputs that a label recorded; None where it is damaged or of another version of moorage."""
    try:
        found = msgspec.json.decode(text, type=_Label)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return None
    if found.format != _FORMAT:
        return None
    return Inputs(
        generator=found.generator,
        platform=found.platform,
        options=found.options,
        arguments=found.arguments,
        images=found.images,
        instructions=found.instructions,
        remotes=found.remotes,
        secrets=found.secrets,
        features=found.features,
        installer=found.installer,
        users=found.users,
        unpinned=found.unpinned,
    )


def _short(digests: dict[str, str]) -> dict[str, str]:
    return {name: value.removeprefix("sha256:")[:SHORT] for name, value in digests.items()}


def _feature(given: FeatureInput) -> FeatureInput:
    digest = given.digest.removeprefix("sha256:")[:SHORT]
    return FeatureInput(given.name, given.version, digest, _short(given.options))
