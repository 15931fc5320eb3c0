"""The whole build before its first step: which stages in which order, what each of their steps does. Pure.

What a recipe cannot know without asking is the configuration of base images. `bases` says which those are;
with them, triggers (ONBUILD) can bring new ones, so it is asked again until nothing is new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from moorage.dockerfile.errors import BrokenDockerfile
from moorage.dockerfile.evaluate import evaluate
from moorage.dockerfile.instruction import Dockerfile, Instruction
from moorage.dockerfile.parse import parse
from moorage.dockerfile.platform import platform_arguments
from moorage.dockerfile.stages import Stage, reachable
from moorage.inside.executor import configuration as configure
from moorage.inside.executor.configuration import Configuration
from moorage.inside.executor.errors import refused
from moorage.inside.executor.order import Order
from moorage.inside.executor.step import Origin, StagePlan
from moorage.inside.executor.steps import Begin, Steps, trigger

SCRATCH = "scratch"
IMAGE = "docker-image://"


class Base(msgspec.Struct, frozen=True):
    """An image that a stage starts from."""

    reference: str
    platform: str


Known = Mapping[Base, Configuration]


def bases(order: Order, known: Known) -> frozenset[Base]:
    """The base images that are needed and not yet known.

    Raises BrokenDockerfile, UnknownTarget, StepRefused.
    """
    stages = _stages(order, _triggered(order, known))
    return frozenset(base for stage in stages if (base := _base(order, stage))) - known.keys()


def recipe(order: Order, known: Known, now: str) -> tuple[StagePlan, ...]:
    """The stages in the order in which they are to be built, the target last. `now` is for the history.

    Raises BrokenDockerfile, UnknownTarget and StepRefused, all of them before anything is done.
    """
    dockerfile = _triggered(order, known)
    stages = _stages(order, dockerfile)
    begins: dict[int, Begin] = {}
    plans: list[StagePlan] = []
    arguments, platform = dict(order.arguments), _platform(order)
    environments = {
        stage.base: _outside(order, stage, known).config.environment
        for stage in stages
        if _parent(order, stage) is None
    }
    evaluation = evaluate(dockerfile, stages, arguments, platform, environments)
    for stage in stages:
        parent, base = _parent(order, stage), _base(order, stage)
        begin = begins[parent] if parent is not None else _begin(_outside(order, stage, known))
        begin = _continued(begin)

        def find(instruction: Instruction, name: str, at: Stage = stage) -> Origin:
            return _origin(order, dockerfile, stages, at, instruction, name)

        steps = Steps(dockerfile, begin, arguments, find, now)
        made = tuple(
            steps.step(each)
            for each in evaluation.instructions
            if each.stage == stage.index and each.instruction.keyword != "FROM"
        )
        begins[stage.index] = steps.end
        plans.append(
            StagePlan(
                index=stage.index,
                name=stage.name or str(stage.index),
                parent=parent,
                image=base.reference if base else "",
                platform=base.platform if base else order.platform,
                steps=made,
                final=steps.end.configuration,
            )
        )
    return tuple(plans)


def _continued(begin: Begin) -> Begin:
    """Triggers were put into the stage; the environment wins over arguments of stages before."""
    found = begin.configuration
    config = msgspec.structs.replace(found.config, on_build=None)
    variables = {**begin.variables, **config.environment}
    return Begin(msgspec.structs.replace(found, config=config), variables, begin.declared)


def _begin(configuration: Configuration) -> Begin:
    return Begin(configuration, dict(configuration.config.environment))


def _outside(order: Order, stage: Stage, known: Known) -> Configuration:
    base = _base(order, stage)
    return configure.empty(order.platform) if base is None else known[base]


def _triggered(order: Order, known: Known) -> Dockerfile:
    """The Dockerfile with the triggers of each stage's base behind its FROM, as if written there."""
    stages = _stages(order, order.dockerfile)
    left: dict[int, tuple[str, ...]] = {}
    added: dict[int, list[Instruction]] = {}
    for stage in stages:
        parent, base = _parent(order, stage), _base(order, stage)
        if parent is not None:
            lines: Sequence[str] = left.get(parent, ())
        else:
            lines = (known[base].config.on_build or ()) if base and base in known else ()
        added[stage.start.line] = [_trigger(order, stage.start, line) for line in lines]
        left[stage.index] = tuple(trigger(each) for each in stage.instructions if each.keyword == "ONBUILD")
    written = [
        each
        for instruction in order.dockerfile.instructions
        for each in (instruction, *(added.get(instruction.line, ()) if instruction.keyword == "FROM" else ()))
    ]
    return msgspec.structs.replace(order.dockerfile, instructions=tuple(written))


def _trigger(order: Order, start: Instruction, line: str) -> Instruction:
    try:
        found = parse(f"FROM {SCRATCH}\n{line}\n", "ONBUILD").instructions
    except BrokenDockerfile as error:
        raise refused(
            order.dockerfile.file, start, f"the image's trigger {line!r} is broken: {error}"
        ) from error
    if len(found) != 2 or found[1].keyword in ("FROM", "ONBUILD", "MAINTAINER"):
        raise refused(order.dockerfile.file, start, f"the image's trigger {line!r} is no instruction for it")
    return msgspec.structs.replace(found[1], line=start.line, end=start.end, original=line)


def _stages(order: Order, dockerfile: Dockerfile) -> tuple[Stage, ...]:
    contexts = [name for name, _ in order.contexts]
    return reachable(dockerfile, order.target or None, dict(order.arguments), _platform(order), contexts)


def _platform(order: Order) -> dict[str, str]:
    return platform_arguments(order.platform, stage=order.target or None)


def _context(order: Order, name: str) -> str | None:
    """What a name was given (`--build-context`): it hides stages and images of the same name."""
    return next((value for key, value in order.contexts if key.lower() == name.lower()), None)


def _parent(order: Order, stage: Stage) -> int | None:
    return None if _context(order, stage.base) is not None else stage.parent


def _base(order: Order, stage: Stage) -> Base | None:
    if _parent(order, stage) is not None:
        return None
    given = _context(order, stage.base)
    if given is None and stage.base == SCRATCH:
        return None
    reference = stage.base if given is None else given.removeprefix(IMAGE)
    if given is not None and not given.startswith(IMAGE):
        raise refused(
            order.dockerfile.file,
            stage.start,
            f"{stage.base} is the folder {given}, and a stage starts from an image",
            f"Give --build-context {stage.base}={IMAGE}REFERENCE.",
        )
    return Base(reference, stage.platform or order.platform)


def _origin(
    order: Order,
    dockerfile: Dockerfile,
    stages: Sequence[Stage],
    at: Stage,
    instruction: Instruction,
    name: str,
) -> Origin:
    given = _context(order, name)
    if given is not None:
        return (
            Origin("image", given.removeprefix(IMAGE)) if given.startswith(IMAGE) else Origin("folder", given)
        )
    for stage in reversed(stages):
        if name == str(stage.index) or (stage.name and stage.name.lower() == name.lower()):
            if stage.index >= at.index:
                raise refused(
                    dockerfile.file, instruction, f"the stage {name} comes later", "Put it before this one."
                )
            return Origin("stage", str(stage.index))
    return Origin("image", name)
