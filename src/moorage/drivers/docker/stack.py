"""A workspace's container as a service of a Compose project, which Compose makes with our override."""

from __future__ import annotations

import asyncio
import contextlib
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from ...compose.errors import ComposeFailed
from ...compose.process import Finished, run
from ...compose.program import Program, find, forget
from ...engine import containers, images, volumes
from ...engine.client import Engine
from ...engine.containers import Summary
from ...engine.errors import EngineTimeout
from ...spec import names
from ...spec.observation import EngineFacts
from ...spec.run import RunSpec
from ...spec.stack import ONE_OFF, PROJECT, SERVICE, Stack
from . import stack_power
from .draft import Json
from .errors import ProjectTaken
from .inside import end_of
from .stack_override import escaped, override, wraps

Log = Callable[[str], None]
_TRIES, _PAUSE = 8, 0.5
_IN_USE = re.compile(r'name "/?([^"]+)" is already in use')
_MOMENT = 0.1
"""Seconds in which a service may turn out to end at once, besides those that Compose takes."""
_MARKS = (names.ID, names.NAME, names.SOURCE, names.OWNER)
_VERSION = re.compile(r"^version\s*:\s*[\"']?([\d.]+)", re.MULTILINE)
_NOT_READY = re.compile(
    r"container (\S+) (?:is unhealthy|exited \(\d+\)|has no healthcheck)|service \"(\S+)\" didn't complete"
)


class DockerStacks:
    """The contract's `Stacks` on one engine; `cache` remembers which program Compose is."""

    def __init__(self, engine: Engine, environ: Mapping[str, str], cache: Path) -> None:
        self._engine = engine
        self._environ = environ
        self._cache = cache

    async def create(
        self, spec: RunSpec, facts: EngineFacts, log: Log, *, replace: bool = False, start: bool = False
    ) -> None:
        """The mark comes first: by it a project is found whose making was cut off before our own container.

        Raises ProjectTaken, ComposeMissing, ComposeFailed, StoppedAtOnce, BadRunArgs.
        """
        stack, body = await self._body(spec, facts)
        program = await find(self._engine.endpoint, self._environ, self._cache)
        await volumes.create(self._engine, spec.name, _marks(spec, stack))
        if stack.builds:
            await self._compose(program, stack, None, ("build", *stack.builds), log, "build")
        keep = await self._make_room(spec, stack, replace=replace)
        words = ("up", "-d" if start else "--no-start", *keep, *stack.services)
        done = await self._run(program, stack, body, words, log)
        for _ in range(_TRIES):
            if not (done.code and await self._raced(stack, done)):
                break
            await asyncio.sleep(_PAUSE)
            done = await self._run(program, stack, body, words, log)
        if done.code:
            raise await self._failed(stack, done, "start" if start else "make")
        if start:
            await self._stays(stack)

    async def start(self, spec: RunSpec, facts: EngineFacts, log: Log) -> None:
        """What is still missing is made as well. Raises ComposeMissing, ComposeFailed, StoppedAtOnce."""
        stack, body = await self._body(spec, facts)
        program = await find(self._engine.endpoint, self._environ, self._cache)
        words = ("up", "-d", "--no-recreate", *stack.services)
        await self._compose(program, stack, body, words, log, "start")
        await self._stays(stack)

    async def start_again(self, project: str) -> None:
        """Raises DependencyFailed."""
        await stack_power.start(self._engine, project)

    async def stop(self, project: str, container: str, *, seconds: int = 10) -> None:
        await stack_power.stop(self._engine, project, container, seconds=seconds)

    async def _make_room(self, spec: RunSpec, stack: Stack, *, replace: bool) -> tuple[str, ...]:
        """Where another workspace lives in the project, nothing is made anew but our own container.

        Its service's container would lose what its own override gave it. Raises ProjectTaken where that is
        our very service.
        """
        found = await containers.find(self._engine, f"{PROJECT}={stack.project}")
        others = [each.Labels or {} for each in found if not _is_own(each.Labels or {}, stack.service)]
        ours = [each for each in found if _is_own(each.Labels or {}, stack.service)]
        for each in ours:
            _refuse_taken(each, spec, stack, replace=replace)
        if not any(names.METADATA in labels for labels in others):
            return ()
        strangers = [each.Id for each in ours if names.ID not in (each.Labels or {})]
        await asyncio.gather(*(containers.remove(self._engine, each) for each in strangers))
        return ("--no-recreate",)

    async def _raced(self, stack: Stack, done: Finished) -> bool:
        """Whether another run of Compose was faster with a container or a network of this very project."""
        text = "\n".join(done.said)
        if match := _IN_USE.search(text):
            found = await containers.inspect(self._engine, match[1])
            return found is None or (found.Config.Labels or {}).get(PROJECT) == stack.project
        return f"network with name {stack.project}_" in text and "already exists" in text

    async def _stays(self, stack: Stack) -> None:
        """Raises StoppedAtOnce for a service whose command ends right away."""
        ours = await own(self._engine, stack)
        if ours is None:
            return
        with contextlib.suppress(EngineTimeout):
            await containers.wait(self._engine, ours.Id, "not-running", timeout=_MOMENT)
        found = await containers.inspect(self._engine, ours.Id)
        if found and (end := await end_of(self._engine, found)) is not None:
            raise end

    async def _body(self, spec: RunSpec, facts: EngineFacts) -> tuple[Stack, Json]:
        if spec.stack is None:
            raise TypeError("only a Compose configuration has a stack")
        image = await self._own_words(spec.image) if wraps(spec) else None
        return spec.stack, override(spec, spec.stack, facts, image=image)

    async def _own_words(self, reference: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The image's own entrypoint and command."""
        found = await images.inspect(self._engine, reference)
        config = (found.Config if found else None) or images.ImageConfig()
        return tuple(config.Entrypoint or ()), tuple(config.Cmd or ())

    async def _compose(
        self,
        program: Program,
        stack: Stack,
        body: Json | None,
        words: tuple[str, ...],
        log: Log,
        what: str = "build",
    ) -> None:
        done = await self._run(program, stack, body, words, log)
        if done.code:
            raise await self._failed(stack, done, what)

    async def _run(
        self, program: Program, stack: Stack, body: Json | None, words: tuple[str, ...], log: Log
    ) -> Finished:
        with _override(program, stack, body) as (files, stdin):
            argv = (*arguments(program, stack, files), *words)
            try:
                return await run(
                    argv, environment=program.environment, folder=stack.folder, stdin=stdin, log=log
                )
            except OSError as error:
                forget(self._cache)
                raise ComposeFailed(
                    f"{' '.join(program.argv)} cannot be started in {stack.folder}.",
                    evidence=(str(error),),
                    hint="See whether the folder is there, and Compose still installed; then run this again.",
                ) from error

    async def _failed(self, stack: Stack, done: Finished, what: str) -> ComposeFailed:
        said = tuple(line for line in done.said if not line.startswith("time="))[-12:]
        hint = "See what Compose says above."
        text = "\n".join(said)
        if match := _NOT_READY.search(text):
            name = match[1] or await self._name_of(stack, match[2])
            said += await containers.log_tail(self._engine, name, 8)
            hint = f"A service that others wait for is not ready; see `docker logs {name}`."
        elif "already allocated" in text or "address already in use" in text:
            hint = "Stop what uses the port, or change `ports` in the Compose file."
        elif "is already in use by container" in text:
            hint = (
                "A container of another project has this container_name: remove it, or choose another name."
            )
        return ComposeFailed(
            f"Compose could not {what} the project {stack.project}.", evidence=said, hint=hint
        )

    async def _name_of(self, stack: Stack, service: str) -> str:
        found = await stack_power.beside(self._engine, stack.project)
        return next((each.name for each in found if each.service == service), service)


def arguments(program: Program, stack: Stack, files: tuple[str, ...]) -> tuple[str, ...]:
    """Everything before the subcommand."""
    named = (word for file in (*stack.files, *files) for word in ("-f", file))
    quiet = () if program.old else ("--ansi", "never")
    return (*program.argv, *quiet, "-p", stack.project, *named)


async def own(engine: Engine, stack: Stack) -> Summary | None:
    """Our service's container, the one with the lowest number."""
    found = await containers.find(engine, f"{PROJECT}={stack.project}")
    ours = [each for each in found if _is_own(each.Labels or {}, stack.service)]
    return min(ours, key=lambda each: each.Names, default=None)


@contextmanager
def _override(
    program: Program, stack: Stack, body: Json | None
) -> Iterator[tuple[tuple[str, ...], bytes | None]]:
    """How Compose gets it: by standard input; docker-compose 1 takes only a file, which is private."""
    if body is None:
        yield (), None
        return
    found = escaped(body)
    assert isinstance(found, dict)
    if not program.old:
        yield ("-",), msgspec.json.encode(found)
        return
    with tempfile.TemporaryDirectory(prefix="moorage-") as folder:
        path = Path(folder, "override.yml")
        path.touch(mode=0o600)
        path.write_bytes(msgspec.json.encode({**found, **_version(stack)}))
        yield (str(path),), None


def _version(stack: Stack) -> Json:
    """The first file's `version`, which docker-compose 1 wants in all of them."""
    try:
        match = _VERSION.search(Path(stack.files[0]).read_text(errors="replace"))
    except (OSError, IndexError):
        return {}
    return {"version": match[1]} if match else {}


def _marks(spec: RunSpec, stack: Stack) -> dict[str, str]:
    kept = {name: value for name, value in spec.labels if name in _MARKS}
    return {names.ID: spec.workspace, **kept, names.PROJECT: stack.project}


def _refuse_taken(found: Summary, spec: RunSpec, stack: Stack, *, replace: bool) -> None:
    labels = found.Labels or {}
    if names.ID not in labels and names.METADATA in labels and not replace:
        raise ProjectTaken(
            f"Another tool made a dev container of the service {stack.service} of {stack.project}.",
            evidence=(f"{found.Names[0].removeprefix('/')}: {found.State}",),
            hint="Use it with `moorage devcontainer up`, or have a new one made with --recreate.",
        )
    if labels.get(names.ID, spec.workspace) == spec.workspace:
        return
    raise ProjectTaken(
        f"The service {stack.service} of the project {stack.project} is the container of another workspace.",
        evidence=(f"{labels.get(names.NAME, '')}  {labels.get(names.SOURCE, '')}  ({labels[names.ID]})",),
        hint="Use that workspace, delete it, or give this one a project of its own by COMPOSE_PROJECT_NAME.",
    )


def _is_own(labels: Mapping[str, str], service: str) -> bool:
    return labels.get(SERVICE) == service and labels.get(ONE_OFF, "False") != "True"
