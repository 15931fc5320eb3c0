"""One build with Podman: over its API, or by its program for what the API does not carry."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping

import msgspec

from moorage.builders.base import Context
from moorage.builders.engine import child, legacy
from moorage.builders.engine.carriage import carry, take_out
from moorage.builders.engine.errors import BuilderMissing
from moorage.builders.engine.explain import explain
from moorage.builders.engine.folder import private_folder
from moorage.builders.engine.place import OWN, Place, encoded, place, unpack
from moorage.builders.engine.progress import Progress
from moorage.builders.images import Logins, push
from moorage.builders.podman import program, rewriting
from moorage.builders.podman.answer import Answer
from moorage.dockerfile.parse import parse
from moorage.engine import images
from moorage.engine.client import CHANGE, Engine
from moorage.engine.ustar import Entry, pack
from moorage.events import Notice
from moorage.spec.build import BuildSpec

FILES = "moorage/devcontainer:files-"
"""Where files of here-documents are until the build is done; `gc` finds what a killed one leaves."""
_IGNORE = ".containerignore"
NO_CACHES = Notice(
    level="fallback",
    code="podman-cache-from",
    text="Podman's builder takes no cacheFrom with tags: only its own layers are reused.",
)


def refusals(spec: BuildSpec, podman: rewriting.Version) -> tuple[str, ...]:
    """Why Podman cannot build this, before anything is started; nothing when it can. Pure.

    Raises BrokenDockerfile.
    """
    dockerfile = parse(spec.dockerfile, spec.dockerfile_name)
    return (*rewriting.refusals(dockerfile, podman), *program.refusals(spec, take_out(spec.options)[0]))


async def build(
    engine: Engine,
    spec: BuildSpec,
    context: Context,
    progress: Progress,
    logins: Logins,
    environment: Mapping[str, str],
    version: str,
) -> None:
    """Build and tag, and push where asked.

    Raises BuilderMissing, BuildSecretMissing, what `explain` makes of a failure, and the errors of the
    engine and of the context's archive.
    """
    podman = rewriting.version(version)
    if refused := refusals(spec, podman):
        raise BuilderMissing(
            f"Podman {version} cannot build this: {refused[0]}.",
            evidence=refused,
            hint="Change the Dockerfile or the build section, update Podman, or use Docker with buildx.",
        )
    image = FILES + hashlib.sha256(spec.dockerfile.encode(errors="surrogateescape")).hexdigest()[:16]
    changed = rewriting.rewritten(spec, podman, image)
    changed_spec = msgspec.structs.replace(
        spec, dockerfile=changed.dockerfile, labels=rewriting.labels(spec), cache_from=()
    )
    answer = Answer(progress, changed.originals)
    try:
        if changed.files:
            await _keep(engine, image, changed.files)
        if by_program(spec):
            await _by_program(engine, changed_spec, context, answer, environment)
        else:
            await _by_api(engine, changed_spec, context, answer, logins)
    finally:
        if changed.files:
            await asyncio.shield(images.remove(engine, image))
    if not answer.ended():
        raise explain(spec, progress.failure())
    if spec.push:
        await push(engine, spec.tag, logins)


def by_program(spec: BuildSpec) -> bool:
    """Whether the API would lose something of it."""
    return bool(spec.secrets or spec.ssh or legacy.further(spec.options))


async def _by_api(engine: Engine, spec: BuildSpec, context: Context, answer: Answer, logins: Logins) -> None:
    where = place(spec, spec.dockerfile, context)
    await legacy.send(engine, spec, context, where.name, _beside(spec, where), logins, answer.feed)


def _beside(spec: BuildSpec, where: Place) -> dict[str, bytes]:
    """The Dockerfile, and an ignore file that counts before any other: what is sent was chosen already."""
    own = [] if where.kind == "own" else [OWN]
    files = {_IGNORE: "".join(f"{name}\n" for name in (_IGNORE, *own)).encode()}
    return files | {name: encoded(spec.dockerfile) for name in own}


async def _by_program(
    engine: Engine, spec: BuildSpec, context: Context, answer: Answer, environment: Mapping[str, str]
) -> None:
    carried = carry(spec, {**environment, **engine.endpoint.environment()})
    with private_folder() as folder:
        there = await asyncio.to_thread(unpack, folder, carried.dockerfile, context)
        words = program.arguments(
            program.program(engine.endpoint, ssh=bool(spec.ssh)), spec, carried,
            program.secrets(spec.secrets, carried.environment, folder),
            file=there.dockerfile, folder=there.context,
        )  # fmt: skip
        code = await child.run(words, carried.environment, answer.plain, None)
        if code:
            answer.failed(code)


async def _keep(engine: Engine, image: str, files: Mapping[str, bytes]) -> None:
    """An image of nothing but these files."""
    entries = [Entry(name="Dockerfile", data=b"FROM scratch\nCOPY files /\n")]
    entries += [Entry(name=f"files/{name}", data=data) for name, data in files.items()]
    headers = {"Content-Type": "application/x-tar"}
    await engine.call(
        "POST", "/build", {"t": image, "dockerfile": "Dockerfile"}, body=pack(entries), headers=headers,
        timeout=CHANGE,
    )  # fmt: skip
