"""The image key: a hash of everything that decides an image, and of nothing that does not.

Never in it: the local user's id, hooks, mounts, the container's environment, metadata of devcontainer.json.
They are no arguments of `inputs`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

if TYPE_CHECKING:  # an image that is only compared with its record needs no parser
    from moorage.dockerfile.evaluate import Evaluated, Evaluation
    from moorage.dockerfile.reading import Reads

GENERATOR = "1"
"""Raised when moorage makes another image of the same inputs."""
REPOSITORY = "moorage/devcontainer"

_SHOWN = 72
_UNDECLARED = (
    "SOURCE_DATE_EPOCH",
    "BUILDKIT_SYNTAX",
    "BUILDKIT_SANDBOX_HOSTNAME",
    "BUILDKIT_CONTEXT_KEEP_GIT_DIR",
)
"""Build arguments that change the image without an ARG."""


class InstructionInput(Struct, frozen=True, array_like=True):
    """One instruction as it decides the image: by its text, and by what it takes in from elsewhere."""

    line: int
    """Where it stands, for people; not part of the key, so a comment above changes nothing."""
    text: str
    """A hash of keyword, flags, arguments and here-documents as written; of FROM without the image."""
    takes: str
    """A hash of what it reads: images by identity, files of the context, downloads by pin. Empty if none."""


class FeatureInput(Struct, frozen=True, array_like=True):
    """One Feature as it decides the image: by its digest and a hash of each of its options."""

    name: str
    """Where it is from, without a version; for people, as `version` is."""
    version: str
    digest: str
    options: dict[str, str]


class Inputs(Struct, frozen=True, kw_only=True):
    """Everything that decides one image, as hashes. Read back from a label, the hashes are short."""

    generator: str
    platform: str
    options: dict[str, str]
    arguments: dict[str, str]
    """Declared build arguments that have a value."""
    images: dict[str, str]
    """Identity by reference as written. The names are for people, the key holds identities only."""
    instructions: tuple[InstructionInput, ...]
    remotes: dict[str, str]
    """Pins by URL (without user and query), empty where there is none."""
    secrets: tuple[str, ...]
    features: tuple[FeatureInput, ...] = ()
    """In the order of their installation; `installer` is the version of how they are installed."""
    installer: str = ""
    users: dict[str, str] = {}
    """The users that scripts of Features see, by the property that names them."""
    unpinned: tuple[str, ...] = ()
    """Why the same inputs may give another image tomorrow; such an image is never a prebuild."""
    words: dict[int, str] = {}
    """What stands on each line, for explanations; neither in the key nor in the label."""


def inputs(
    evaluation: Evaluation,
    reads: Reads,
    *,
    platform: str,
    images: Mapping[str, str],
    files: Mapping[int, str],
    pins: Mapping[str, str] | None = None,
    arguments: Mapping[str, str] | None = None,
    target: str | None = None,
    options: Mapping[str, object] | None = None,
    secrets: Iterable[str] = (),
    contexts: Mapping[str, str] | None = None,
    syntax: str | None = None,
) -> Inputs:
    """Puts together what decides the image of an evaluated target.

    `images`: the identity of every reference that `external_images` named. `files`: the digest of what each
    line reads (ContextTree.digests). `pins`: the commit or checksum that a URL of ADD was resolved to.
    `arguments`: build arguments as given; of undeclared ones only those count that the builder itself obeys.
    `options`: what else changes the content. `contexts`: a digest for each named context. `syntax`: the
    reference of the front end. Raises KeyError where an identity or a digest is missing.
    """
    known = _Known(
        images=images,
        contexts={name.lower(): digest for name, digest in (contexts or {}).items()},
        stages={stage.name.lower() for stage in evaluation.stages if stage.name},
        files={item.line: files[item.line] for item in reads.items},
        pins=_pins(reads, pins or {}),
    )
    made = tuple(_instruction(evaluated, known) for evaluated in evaluation.instructions)
    if syntax:
        known.image(syntax)
    remotes = {shown: pin for pinned in known.pins.values() for shown, pin in pinned}
    return Inputs(
        generator=GENERATOR,
        platform=platform,
        options={
            name: digest(value) for name, value in {"target": target, **(options or {})}.items() if value
        },
        arguments=_arguments(evaluation, arguments or {}),
        images=known.used,
        instructions=made,
        remotes=remotes,
        secrets=tuple(sorted(set(secrets))),
        unpinned=tuple(f"ADD {url} has no checksum" for url, pin in remotes.items() if not pin),
        words={evaluated.instruction.line: _shown(evaluated) for evaluated in evaluation.instructions},
    )


def digest(value: object) -> str:
    """sha256, in hex, over canonical JSON."""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


def key(given: Inputs) -> str:
    """sha256, in hex, over canonical JSON of the inputs. Line numbers and names of images are left out."""
    return digest(
        {
            "generator": given.generator,
            "platform": given.platform,
            "options": given.options,
            "arguments": given.arguments,
            "images": sorted(set(given.images.values())),
            "instructions": [(instruction.text, instruction.takes) for instruction in given.instructions],
            "remotes": given.remotes,
            "secrets": given.secrets,
            **(_features(given) if given.features else {}),
        }
    )


def tag(image_key: str, repository: str = "") -> str:
    """The reference under which the image of a key is kept, here or in a registry."""
    return f"{repository or REPOSITORY}:{image_key[:32]}"


def _features(given: Inputs) -> dict[str, object]:
    """Only where there are any: an image without Features has the key that it had before they were known."""
    installs = [(feature.digest, feature.options) for feature in given.features]
    return {"features": installs, "installer": given.installer, "users": given.users}


class _Known(Struct, kw_only=True):
    """What instructions may take in, and which images they did."""

    images: Mapping[str, str]
    contexts: dict[str, str]
    stages: set[str]
    files: dict[int, str]
    pins: dict[int, list[tuple[str, str]]]
    used: dict[str, str] = {}

    def image(self, reference: str) -> str:
        """An identity; of a stage its name, since the stage's own instructions stand for it."""
        name = reference.lower()
        if name in self.contexts:
            return self.contexts[name]
        if name == "scratch" or name.isdecimal() or name in self.stages:
            return name
        self.used[reference] = self.images[reference]
        return self.used[reference]


def _pins(reads: Reads, given: Mapping[str, str]) -> dict[int, list[tuple[str, str]]]:
    pins: dict[int, list[tuple[str, str]]] = {}
    for remote in reads.remote:
        pin = given.get(remote.url) or remote.pin or ""
        pins.setdefault(remote.line, []).append((_public(remote.url), pin))
    return pins


def _public(url: str) -> str:
    """Without what may be a secret: user, password and query. The whole URL is in the instruction's hash."""
    bare = url.partition("?")[0]
    scheme, separator, rest = bare.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}" if separator else bare


def _instruction(evaluated: Evaluated, known: _Known) -> InstructionInput:
    from moorage.dockerfile.stages import from_references  # as above

    instruction = evaluated.instruction
    if instruction.keyword == "FROM":
        text: object = (instruction.keyword, evaluated.flags, instruction.words[2:])
        images = [known.image(evaluated.words[0])]
    else:
        heredocs = [(heredoc.name, heredoc.content, heredoc.expand) for heredoc in instruction.heredocs]
        text = (instruction.keyword, instruction.flags, instruction.arguments, heredocs)
        images = [known.image(reference) for reference in from_references(instruction)]
    takes = (images, known.files.get(instruction.line), known.pins.get(instruction.line))
    return InstructionInput(
        line=instruction.line, text=digest(text), takes=digest(takes) if any(takes) else ""
    )


def _arguments(evaluation: Evaluation, given: Mapping[str, str]) -> dict[str, str]:
    """Declared arguments, one hash for all values that a name has in the stages."""
    values: dict[str, list[str]] = {name: [given[name]] for name in _UNDECLARED if name in given}
    for evaluated in evaluation.instructions:
        if evaluated.instruction.keyword == "ARG":
            for name, value in evaluated.assigned:
                if value is not None:
                    values.setdefault(name, []).append(value)
    return {name: digest(found) for name, found in values.items()}


def _shown(evaluated: Evaluated) -> str:
    instruction = evaluated.instruction
    flags = [f"--{name}" if value is None else f"--{name}={value}" for name, value in instruction.flags]
    text = " ".join([instruction.keyword, *flags, *instruction.arguments.split()])
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
