"""The engine's classic builder, for where there is no buildx: POST /build with the archive as its body."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Mapping

import msgspec

from moorage.builders.base import Context
from moorage.builders.engine.answer import Answer
from moorage.builders.engine.carriage import take_out
from moorage.builders.engine.child import pieces
from moorage.builders.engine.place import OWN, Place, encoded
from moorage.builders.engine.progress import Progress
from moorage.builders.images import HUB, Logins, login
from moorage.dockerfile.instruction import Dockerfile, Instruction
from moorage.dockerfile.parse import parse
from moorage.engine.client import Engine
from moorage.events import Notice
from moorage.oci.reference import DOCKER_HUB, BadReference
from moorage.oci.reference import parse as parse_reference
from moorage.spec.build import BuildSpec

NOTICE = Notice(
    level="fallback",
    code="legacy-builder",
    text="There is no buildx, so the engine's legacy builder is used: it is slower, builds stages that the "
    "target does not need, and knows no here-documents, RUN --mount, COPY --link, secrets or cacheTo.",
    hint="Install the buildx plugin (package docker-buildx-plugin or docker-buildx).",
)
_OPTIONS = ("--network", "--add-host")
_FLAGS = {"RUN": ("mount", "network", "security"), "COPY": ("link", "parents", "exclude", "chmod")}
_FLAGS["ADD"] = (*_FLAGS["COPY"], "checksum", "keep-git-dir", "unpack")


def refusals(spec: BuildSpec) -> tuple[str, ...]:
    """What this build needs that the classic builder does not have, each with its place. Pure.

    Raises BrokenDockerfile.
    """
    dockerfile = parse(spec.dockerfile, spec.dockerfile_name)
    found = [f"{option} in the build section needs BuildKit" for option in _wanted(spec)]
    for instruction in dockerfile.instructions:
        place = f"{spec.dockerfile_name}:{instruction.line}: "
        found += [f"{place}{what} needs BuildKit" for what in _modern(instruction)]
    return tuple(found)


async def build(
    engine: Engine, spec: BuildSpec, context: Context, place: Place, progress: Progress, logins: Logins
) -> bool:
    """Build and tag `spec`. True when it ended well; else `progress.failure()` says why.

    Raises the errors of `Engine.open` and of the context's archive.
    """
    stream = Answer(progress)
    await send(engine, spec, context, place.name, _extra(spec, place), logins, stream.feed)
    return stream.ended()


async def send(
    engine: Engine,
    spec: BuildSpec,
    context: Context,
    dockerfile: str,
    files: Mapping[str, bytes],
    logins: Logins,
    take: Callable[[bytes], None],
) -> None:
    """The request itself: `files` go with the context, `dockerfile` is one of both; `take` gets the answer.

    Raises as `build`.
    """
    options, given = _options(spec.options)
    query: dict[str, str | int | bool | None] = {
        "t": spec.tag,
        "dockerfile": dockerfile,
        "target": spec.target or None,
        "platform": spec.platform or None,
        "nocache": spec.no_cache,
        "pull": spec.pull,
        "rm": True,
        "forcerm": True,
        "version": "1",
        "buildargs": _json({**dict(spec.args), **given}),
        "labels": _json(dict(spec.labels)),
        "cachefrom": _json([_cache(source) for source in spec.cache_from]) if spec.cache_from else None,
        "networkmode": options.get("--network"),
        "extrahosts": options.get("--add-host"),
    }
    headers = {
        "Content-Type": "application/x-tar",
        "X-Registry-Config": await _logins(parse(spec.dockerfile, spec.dockerfile_name), logins),
    }
    body = pieces(context.archive(files))
    async with engine.open("POST", "/build", query, body=body, headers=headers) as answer:
        async for piece in answer.pieces():
            take(piece)


def further(options: tuple[str, ...]) -> list[str]:
    """The options for which the request has no place."""
    return [word for word in _options(options)[0] if word not in _OPTIONS]


def _extra(spec: BuildSpec, place: Place) -> Mapping[str, bytes]:
    """An ignore file that names itself and the Dockerfile makes the engine drop both before any COPY."""
    if place.kind == "own":
        return {}
    files = {OWN: encoded(spec.dockerfile)}
    if place.kind == "beside":
        files[".dockerignore"] = f"{OWN}\n.dockerignore\n".encode()
    return files


def _wanted(spec: BuildSpec) -> list[str]:
    found = [name for name, value in (("secrets", spec.secrets), ("ssh", spec.ssh)) if value]
    found += ["cacheTo"] if spec.cache_to else []
    found += ["push"] if spec.push else []
    return found + [f"option {word}" for word in further(spec.options)]


def _options(options: tuple[str, ...]) -> tuple[dict[str, str], dict[str, str]]:
    """The user's options by name, and the build arguments among them."""
    left, arguments = take_out(options)
    found: dict[str, str] = {}
    words = iter(left)
    for word in words:
        name, equals, value = word.partition("=")
        found[name] = value if equals or name not in _OPTIONS else next(words, "")
    return found, arguments


def _modern(instruction: Instruction) -> list[str]:
    found = ["a here-document"] if instruction.heredocs else []
    wanted = _FLAGS.get(instruction.keyword, ())
    names = dict.fromkeys(name for name, _ in instruction.flags)
    return found + [f"{instruction.keyword} --{name}" for name in names if name in wanted]


def _cache(source: str) -> str:
    """`type=registry,ref=X` is X here; the classic builder knows images only."""
    fields = dict(field.partition("=")[::2] for field in source.split(","))
    return fields.get("ref", source)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


async def _logins(dockerfile: Dockerfile, logins: Logins) -> str:
    """X-Registry-Config: the logins of the registries that the Dockerfile names, in base64 for URLs."""
    found: dict[str, dict[str, str]] = {}
    for host in sorted(_hosts(dockerfile)):
        credential = await logins(host)
        if credential is not None:
            found[HUB if host == DOCKER_HUB else host] = login(credential, host)
    return base64.urlsafe_b64encode(msgspec.json.encode(found)).decode()


def _hosts(dockerfile: Dockerfile) -> set[str]:
    """Hosts of all images named without variables; Docker Hub for the rest, which may be anything."""
    hosts = {DOCKER_HUB}
    for instruction in dockerfile.instructions:
        if instruction.keyword not in ("FROM", "COPY"):
            continue
        names = instruction.words[:1] if instruction.keyword == "FROM" else instruction.flag_values("from")
        for name in names:
            with contextlib.suppress(BadReference):
                hosts.add(parse_reference(name).registry)
    return hosts
