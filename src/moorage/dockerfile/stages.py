"""Which stages a target needs, in build order, and which images it needs from outside."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct

from moorage.dockerfile import words
from moorage.dockerfile.errors import BrokenDockerfile, UnknownTarget
from moorage.dockerfile.expand import BadSubstitution, expand, names
from moorage.dockerfile.instruction import Dockerfile, Instruction


class Stage(Struct, frozen=True, kw_only=True):
    """One FROM with what follows it; `base` and `platform` are expanded, the instructions are not."""

    index: int
    name: str | None
    """As written; look-ups ignore case."""
    base: str
    """An image reference, `scratch`, a named context, or the name of the stage `parent`."""
    parent: int | None
    """The index of the stage that this one continues, None where `base` comes from outside."""
    platform: str | None
    start: Instruction
    """The FROM itself."""
    instructions: tuple[Instruction, ...]
    arguments: tuple[str, ...]
    """Global arguments that FROM uses, so that a change of them can be named."""


class ExternalImage(Struct, frozen=True, kw_only=True):
    """An image that has to be known before anything is built."""

    reference: str
    platform: str | None
    """Only where FROM says one; otherwise the target's (for `# syntax`, the builder's)."""
    line: int
    role: str
    """`base`, `copy`, `mount` or `syntax`."""


def global_arguments(
    dockerfile: Dockerfile, arguments: Mapping[str, str], platform: Mapping[str, str]
) -> dict[str, str]:
    """The ARGs before the first FROM: `arguments` (--build-arg) win over `platform` (platform_arguments)."""
    values = {name: arguments.get(name, value) for name, value in platform.items()}
    for instruction in dockerfile.instructions:
        if instruction.keyword != "ARG":
            break
        for name, default in words.pairs(instruction.arguments, dockerfile.escape):
            if name in arguments:
                values[name] = arguments[name]
            elif default is not None:
                values[name] = expand_in(dockerfile, instruction, default, values)
    return values


def stages(
    dockerfile: Dockerfile, arguments: Mapping[str, str], platform: Mapping[str, str]
) -> tuple[Stage, ...]:
    """Every stage of the file. Raises BrokenDockerfile, for one where FROM ends up without an image."""
    values = global_arguments(dockerfile, arguments, platform)
    starts = [n for n, instruction in enumerate(dockerfile.instructions) if instruction.keyword == "FROM"]
    made: list[Stage] = []
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        body = dockerfile.instructions[start + 1 : end]
        made.append(_stage(dockerfile, dockerfile.instructions[start], body, values, made))
    return tuple(made)


def reachable(
    dockerfile: Dockerfile,
    target: str | None,
    arguments: Mapping[str, str],
    platform: Mapping[str, str],
    contexts: Collection[str] = (),
) -> tuple[Stage, ...]:
    """The stages that `target` (a name, an index, or None for the last) needs, in build order, itself last.

    A name in `contexts` (--build-context) hides the stage of that name.
    Raises UnknownTarget and BrokenDockerfile.
    """
    everything = stages(dockerfile, arguments, platform)
    wanted = _target(dockerfile, everything, target)
    return _in_build_order(dockerfile, everything, wanted, {name.lower() for name in contexts})


def external_images(
    dockerfile: Dockerfile, needed: tuple[Stage, ...], contexts: Collection[str] = ()
) -> tuple[ExternalImage, ...]:
    """Every image that these stages take from outside, each reference and platform once.

    `scratch` and named contexts are no images; triggers (ONBUILD) of base images are not known here.
    """
    hidden = {name.lower() for name in contexts} | {"scratch"}
    known = {stage.name.lower() for stage in needed if stage.name}
    found = [
        ExternalImage(reference=stage.base, platform=stage.platform, line=stage.start.line, role="base")
        for stage in needed
        if stage.parent is None
    ]
    for stage in needed:
        for role, instruction, source in _sources(dockerfile, stage):
            if not source.isdecimal() and source.lower() not in known:
                found.append(ExternalImage(reference=source, platform=None, line=instruction.line, role=role))
    if dockerfile.syntax:
        found.append(
            ExternalImage(reference=dockerfile.syntax.split()[0], platform=None, line=1, role="syntax")
        )
    once = {(image.reference, image.platform): image for image in reversed(found)}
    return tuple(image for image in reversed(once.values()) if image.reference.lower() not in hidden)


def from_references(instruction: Instruction) -> list[str]:
    """The stages or images that one instruction names with COPY --from or RUN --mount from=."""
    if instruction.keyword == "COPY":
        found = [instruction.flag("from")]
    elif instruction.keyword == "RUN":
        found = [words.options(value).get("from") for value in instruction.flag_values("mount")]
    else:
        found = []
    return [source for source in found if source]


def expand_in(dockerfile: Dockerfile, instruction: Instruction, word: str, values: Mapping[str, str]) -> str:
    """The word expanded, with the instruction's place in the error."""
    try:
        return expand(word, values, dockerfile.escape)
    except BadSubstitution as error:
        raise BrokenDockerfile(
            f"cannot expand: {error}", file=dockerfile.file, line=instruction.line, text=instruction.original
        ) from error


def _stage(
    dockerfile: Dockerfile,
    start: Instruction,
    body: tuple[Instruction, ...],
    values: Mapping[str, str],
    before: list[Stage],
) -> Stage:
    written, name = _from(dockerfile, start)
    base = expand_in(dockerfile, start, written, values)
    if not base:
        raise _no_base(dockerfile, start, written, values)
    platform = start.flag("platform") or ""
    parent = next((s.index for s in reversed(before) if s.name and s.name.lower() == base.lower()), None)
    return Stage(
        index=len(before),
        name=name,
        base=base,
        parent=parent,
        platform=expand_in(dockerfile, start, platform, values) or None,
        start=start,
        instructions=body,
        arguments=tuple(sorted(names(written, dockerfile.escape) | names(platform, dockerfile.escape))),
    )


def _from(dockerfile: Dockerfile, start: Instruction) -> tuple[str, str | None]:
    if len(start.words) == 1:
        return start.words[0], None
    if len(start.words) == 3 and start.words[1].lower() == "as":
        return start.words[0], start.words[2]
    raise BrokenDockerfile(
        "FROM needs one image, or an image AS a name",
        file=dockerfile.file,
        line=start.line,
        text=start.original,
        hint="Write FROM <image> or FROM <image> AS <name>.",
    )


def _no_base(
    dockerfile: Dockerfile, start: Instruction, written: str, values: Mapping[str, str]
) -> BrokenDockerfile:
    unset = sorted(name for name in names(written, dockerfile.escape) if not values.get(name))
    which = f"{', '.join(unset)} has no value" if unset else "nothing is left of it"
    return BrokenDockerfile(
        f"FROM {written} names no image: {which}",
        file=dockerfile.file,
        line=start.line,
        text=start.original,
        hint="Give the argument under build.args, or a default with ARG before the first FROM.",
    )


def _target(dockerfile: Dockerfile, everything: tuple[Stage, ...], target: str | None) -> Stage:
    if not target:
        return everything[-1]
    for stage in reversed(everything):
        if stage.name and stage.name.lower() == target.lower():
            return stage
    if target.isdecimal() and int(target) < len(everything):
        return everything[int(target)]
    raise _unknown(dockerfile, everything, target)


def _unknown(dockerfile: Dockerfile, everything: tuple[Stage, ...], target: str) -> UnknownTarget:
    from difflib import get_close_matches

    known = [stage.name for stage in everything if stage.name]
    near = get_close_matches(target, known, 1)
    stages_here = f"The stages are {', '.join(known)}." if known else "No stage has a name."
    return UnknownTarget(
        f"{dockerfile.file} has no stage {target}",
        evidence=(stages_here,),
        hint=f"Did you mean {near[0]}?" if near else "Name a stage of the Dockerfile in build.target.",
    )


def _in_build_order(
    dockerfile: Dockerfile, everything: tuple[Stage, ...], wanted: Stage, hidden: set[str]
) -> tuple[Stage, ...]:
    done: dict[int, Stage] = {}
    path = [wanted]
    while path:
        stage = path[-1]
        needed = [s for s in _needs(dockerfile, everything, stage, hidden) if s.index not in done]
        if not needed:
            done[stage.index] = path.pop()
        elif needed[0] in path:
            raise BrokenDockerfile(
                f"the stage {stage.name or stage.index} needs itself",
                file=dockerfile.file,
                line=stage.start.line,
                text=stage.start.original,
            )
        else:
            path.append(needed[0])
    return tuple(done.values())


def _needs(
    dockerfile: Dockerfile, everything: tuple[Stage, ...], stage: Stage, hidden: set[str]
) -> list[Stage]:
    found = []
    if stage.parent is not None and stage.base.lower() not in hidden:
        found.append(everything[stage.parent])
    for _, instruction, source in _sources(dockerfile, stage):
        needed = None if source.lower() in hidden else _named(dockerfile, everything, instruction, source)
        if needed is not None:
            found.append(needed)
    return found


def _sources(dockerfile: Dockerfile, stage: Stage) -> list[tuple[str, Instruction, str]]:
    return [
        ("copy" if instruction.keyword == "COPY" else "mount", instruction, source)
        for instruction in stage.instructions
        for source in _checked(dockerfile, instruction)
    ]


def _checked(dockerfile: Dockerfile, instruction: Instruction) -> list[str]:
    """The builder refuses variables here, so an image behind one could never be known."""
    named = from_references(instruction)
    for source in named:
        if "$" in source[:-1]:
            raise BrokenDockerfile(
                f"{instruction.keyword} cannot use a variable in from={source}",
                file=dockerfile.file,
                line=instruction.line,
                text=instruction.original,
                hint="Add a stage `FROM <image with the variable> AS name` and name that stage.",
            )
    return named


def _named(
    dockerfile: Dockerfile, everything: tuple[Stage, ...], instruction: Instruction, source: str
) -> Stage | None:
    if source.isdecimal():
        if int(source) < len(everything):
            return everything[int(source)]
        raise BrokenDockerfile(
            f"there is no stage number {source}",
            file=dockerfile.file,
            line=instruction.line,
            text=instruction.original,
        )
    return next((s for s in reversed(everything) if s.name and s.name.lower() == source.lower()), None)
