"""How build arguments and secrets reach buildx: in its environment, never among its arguments.

`--build-arg NAME` without a value takes the value from the environment. Where the name is one that buildx
itself, or the system that starts it, acts upon (PATH, HOME, DOCKER_HOST), the value becomes the default of
the ARG in the Dockerfile instead, on the same line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from moorage.builders import secrets
from moorage.builders.engine.buildx import secret_variable
from moorage.builders.engine.errors import BadBuildArgument
from moorage.dockerfile import words
from moorage.dockerfile.parse import parse
from moorage.spec.build import BuildSpec

_LARGEST = 128 * 1024
"""Bytes of one variable with its name: MAX_ARG_STRLEN of Linux, see execve(2)."""
_NEEDED = re.compile(
    r"PATH|HOME|TMPDIR|USERPROFILE|LD_\w+|DYLD_\w+|GLIBC_\w+|MALLOC_\w+|GODEBUG|GOTRACEBACK|GOMAXPROCS|GOGC"
    r"|GOMEMLIMIT|GOCOVERDIR"
    r"|DOCKER_(?:HOST|CONTEXT|CONFIG|AUTH_CONFIG|API_VERSION|TLS|TLS_VERIFY|CERT_PATH|BUILDKIT|CUSTOM_HEADERS"
    r"|DEFAULT_PLATFORM|CONTENT_TRUST\w*|CLI_\w+|HIDE_\w+)"
    r"|BUILDX_\w+|BUILDKIT_(?:HOST|PROGRESS|COLORS|TTY_LOG_LINES|STEP_\w+|DEBUG\w*)|EXPERIMENTAL_BUILDKIT_\w+"
    r"|OTEL_\w+|JAEGER_\w+|TRACEPARENT|TRACESTATE|SSL_CERT_(?:FILE|DIR)|SSH_AUTH_SOCK|SSH_\w+|XDG_\w+"
    r"|KUBECONFIG|REGISTRY_AUTH_FILE|GNUPGHOME|PASSWORD_STORE_\w+|DBUS_\w+|MOORAGE_\w+"
)
_PROXY = re.compile(r"(?:HTTP|HTTPS|ALL|FTP)_PROXY", re.I)


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """What to start buildx with: variables, names for --build-arg, options left over, the Dockerfile."""

    environment: dict[str, str]
    names: tuple[str, ...]
    options: tuple[str, ...]
    dockerfile: str


def carry(spec: BuildSpec, own: Mapping[str, str]) -> Carried:
    """Decide it for one build; `own` is our environment with the engine's address in it.

    Raises BadBuildArgument and BuildSecretMissing, which name the argument or secret, never the value.
    """
    options, given = take_out(spec.options)
    values = {**dict(spec.args), **given}
    _check(values)
    needed = {name: value for name, value in values.items() if _NEEDED.fullmatch(name)}
    free = {name: value for name, value in values.items() if name not in needed}
    return Carried(
        environment={**own, **_without_proxy(free, own), **free, **_secrets(spec, own)},
        names=tuple(free),
        options=options,
        dockerfile=with_defaults(spec, needed) if needed else spec.dockerfile,
    )


def take_out(options: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, str]]:
    """The options without `--build-arg NAME=VALUE`, and those: their values may be secret too."""
    left: list[str] = []
    found: dict[str, str] = {}
    words_left = iter(options)
    for word in words_left:
        flag, equals, value = word.partition("=")
        if flag != "--build-arg":
            left.append(word)
            continue
        name, given, rest = (value if equals else next(words_left, "")).partition("=")
        if given:
            found[name] = rest
        else:
            left += ["--build-arg", name]
    return tuple(left), found


def with_defaults(spec: BuildSpec, values: Mapping[str, str]) -> str:
    """The Dockerfile with `values` as the defaults of their ARGs; every line keeps its number.

    Raises BadBuildArgument.
    """
    dockerfile = parse(spec.dockerfile, spec.dockerfile_name)
    lines = spec.dockerfile.split("\n")
    for instruction in dockerfile.instructions:
        if instruction.keyword != "ARG":
            continue
        declared = words.pairs(instruction.arguments, dockerfile.escape)
        if not any(name in values for name, _ in declared):
            continue
        text = " ".join(_declaration(name, default, values) for name, default in declared)
        blank = [""] * (instruction.end - instruction.line)
        lines[instruction.line - 1 : instruction.end] = [f"ARG {text}", *blank]
    return "\n".join(lines)


def _check(values: Mapping[str, str]) -> None:
    for name, value in values.items():
        if not name or "=" in name or "\0" in name + value:
            raise BadBuildArgument(
                f"The build argument {name!r} cannot be passed on: its name is empty or holds =, "
                "or a zero byte is in it.",
                hint="Change build.args.",
            )
        if len(f"{name}={value}".encode(errors="surrogateescape")) >= _LARGEST:
            raise BadBuildArgument(
                f"The value of the build argument {name} is too large: 128 KiB is the limit.",
                hint="Put it into a file of the context and COPY it.",
            )


def _without_proxy(free: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """A proxy meant for the build alone must not become buildx's own."""
    if not any(map(_PROXY.fullmatch, free)) or any(own[name] for name in own if _PROXY.fullmatch(name)):
        return {}
    return {"NO_PROXY": "*"}


def _secrets(spec: BuildSpec, own: Mapping[str, str]) -> dict[str, str]:
    """Raises BuildSecretMissing."""
    return {
        secret_variable(position): secrets.of_variable(secret, own)
        for position, secret in enumerate(spec.secrets)
        if not secret.file
    }


def _declaration(name: str, default: str | None, values: Mapping[str, str]) -> str:
    if name in values:
        return f"{name}={_quoted(name, values[name])}"
    return name if default is None else f"{name}={default}"


def _quoted(name: str, value: str) -> str:
    """In single quotes a Dockerfile takes everything as it is; a newline cannot be written at all."""
    if "\n" in value or "\r" in value:
        raise BadBuildArgument(
            f"The build argument {name} holds a line break, which cannot be passed under this name.",
            hint="Call the argument something else: buildx itself uses this name.",
        )
    return "'" + "'\"'\"'".join(value.split("'")) + "'"
