"""The buildx plugin: where it is, and the argument list of a build. It is run by itself, without `docker`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from moorage.image.key import REPOSITORY
from moorage.spec.build import BuildSecret, BuildSpec

_NAME = "docker-buildx"
_SYSTEM = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
_ATTESTING = ("--attest", "--provenance", "--sbom")
_DESTINATIONS = ("--output", "-o", "--load", "--push")


class Buildx(msgspec.Struct, frozen=True):
    """One buildx program; `changed` (its time of change in nanoseconds) tells an updated one apart."""

    path: str
    changed: int


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """What the spec does not say of one run: where things are, and what the environment carries.

    `dockerfile` is a path in the archive or, where `folder` is set, of this machine. `folder` "": the
    context comes as an archive on standard input.
    """

    dockerfile: str
    arguments: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    folder: str = ""
    builder: str = ""
    metadata: str = ""
    progress: str = "rawjson"


def find(environment: Mapping[str, str], home: str) -> Buildx | None:
    """The buildx that Docker's client would use. No process is started."""
    for folder in _folders(environment, home):
        found = _program(f"{folder}/{_NAME}")
        if found is not None:
            return found
    return None


def arguments(buildx: Buildx, spec: BuildSpec, inputs: Inputs) -> list[str]:
    """The argument list. Values of build arguments and secrets are not in it, only their names.

    The user's options come first, so that they cannot take back what the result depends on.
    """
    words = [buildx.path, "build", *inputs.options, "--progress", inputs.progress]
    words += _one("--builder", inputs.builder) + _one("--platform", spec.platform)
    words += ["--tag", spec.tag, "--file", inputs.dockerfile, *_one("--target", spec.target)]
    words += _each("--build-arg", inputs.arguments)
    words += _each("--label", [f"{name}={value}" for name, value in spec.labels])
    words += _each("--cache-from", () if spec.no_cache else spec.cache_from)
    words += _each("--cache-to", spec.cache_to)
    words += _each("--secret", [_secret(n, secret) for n, secret in enumerate(spec.secrets)])
    words += _each("--ssh", spec.ssh)
    words += ["--no-cache"] if spec.no_cache else []
    words += ["--pull"] if spec.pull else []
    words += _destination(spec, inputs)
    return [*words, *_one("--metadata-file", inputs.metadata), inputs.folder or "-"]


def secret_variable(position: int) -> str:
    """The variable of the child that holds a secret: a name that no build argument can have taken."""
    return f"MOORAGE_BUILD_SECRET_{position}"


def chooses_builder(options: Sequence[str]) -> bool:
    """Whether the user's own options say which builder to use."""
    return any(word.partition("=")[0] == "--builder" for word in options)


def attests(options: Sequence[str]) -> bool:
    """Whether the user asked for attestations, which make every build a different image."""
    return any(word.partition("=")[0] in _ATTESTING for word in options)


def _destination(spec: BuildSpec, inputs: Inputs) -> list[str]:
    """Where the image goes. One that stays on the engine is packed with zstd: a quarter of gzip's time.

    Others keep what every registry and engine of today can read. An engine without the containerd image
    store packs nothing and ignores the word.
    """
    if spec.push:
        return ["--push"]
    if spec.output:
        return ["--output", spec.output]
    chosen = any(word.startswith(_DESTINATIONS) for word in inputs.options)
    stays = bool(inputs.builder) and spec.tag.startswith(f"{REPOSITORY}:") and not spec.cache_to
    return ["--output", "type=docker,compression=zstd"] if stays and not chosen else ["--load"]


def _folders(environment: Mapping[str, str], home: str) -> Iterator[str]:
    configuration = environment.get("DOCKER_CONFIG") or f"{home}/.docker"
    yield from _extra(configuration)
    yield f"{configuration}/cli-plugins"
    yield from _SYSTEM
    yield from filter(None, environment.get("PATH", "").split(os.pathsep))


class _Config(msgspec.Struct, rename="camel"):
    cli_plugins_extra_dirs: list[str] = []


def _extra(configuration: str) -> list[str]:
    try:
        text = Path(configuration, "config.json").read_bytes()
        return msgspec.json.decode(text, type=_Config).cli_plugins_extra_dirs
    except (OSError, msgspec.MsgspecError):
        return []


def _program(path: str) -> Buildx | None:
    try:
        status = os.stat(path)  # noqa: PTH116  # a dozen places are looked at
    except (OSError, ValueError):
        return None
    runnable = os.access(path, os.X_OK) and os.path.isfile(path)  # noqa: PTH113
    return Buildx(path, status.st_mtime_ns) if runnable else None


def _one(flag: str, value: str) -> list[str]:
    return [flag, value] if value else []


def _each(flag: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (flag, value)]


def _secret(position: int, secret: BuildSecret) -> str:
    source = f"src={secret.file}" if secret.file else f"env={secret_variable(position)}"
    return ",".join(_field(part) for part in (f"id={secret.id}", source))


def _field(text: str) -> str:
    """One field of a comma separated line (RFC 4180), as buildx reads its values."""
    if not set(text) & set(',"\r\n'):
        return text
    return '"' + text.replace('"', '""') + '"'
