"""Runs through the stages as the builder would, without building: variables, environment, user."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from moorage.dockerfile import words
from moorage.dockerfile.expand import names
from moorage.dockerfile.instruction import Dockerfile, Instruction
from moorage.dockerfile.stages import Stage, expand_in, global_arguments


class Evaluated(Struct, frozen=True, kw_only=True):
    """One instruction with its variables put in, where the reference says that the builder does so."""

    stage: int
    instruction: Instruction
    flags: tuple[tuple[str, str | None], ...]
    words: tuple[str, ...]
    """Sources and destination of COPY and ADD, `name=value` of ENV, LABEL and ARG, the user of USER; of other
    instructions the words as written."""
    assigned: tuple[tuple[str, str | None], ...] = ()
    """The names and values of ENV, LABEL and ARG; None for an ARG that has no value."""
    certain: bool = True
    """False where a variable may come from a base image whose environment was not given."""


class Evaluation(Struct, frozen=True, kw_only=True):
    """What is known about a target before it is built."""

    stages: tuple[Stage, ...]
    """In build order, the target last."""
    instructions: tuple[Evaluated, ...]
    """All of these stages, FROM included, in build order."""
    user: str | None
    """The last USER on the way to the target; None where only the base image can say."""
    env: dict[str, str]
    """The environment of the target's containers, as far as the base image's was given."""
    onbuild: bool
    """True where a reachable stage leaves triggers (ONBUILD) for those that build on it."""


class _State(Struct, kw_only=True):
    """Where one stage stands. `variables` holds what expansion sees: environment and declared arguments."""

    variables: dict[str, str]
    env: dict[str, str]
    user: str | None
    whole: bool
    """Whether the environment of the base image is known, so that a name not in `variables` is unset."""
    known: set[str]
    """Otherwise, the variables whose values do not depend on it."""


def evaluate(
    dockerfile: Dockerfile,
    needed: tuple[Stage, ...],
    arguments: Mapping[str, str],
    platform: Mapping[str, str],
    environments: Mapping[str, Mapping[str, str]] | None = None,
) -> Evaluation:
    """Expands every instruction of the stages that `reachable` gave.

    `environments` holds the environment of base images by reference; variables of an image that is not in it
    are empty here. Raises BrokenDockerfile.
    """
    given = environments or {}
    runner = _Runner(dockerfile, arguments, global_arguments(dockerfile, arguments, platform))
    states: dict[int, _State] = {}
    for stage in needed:
        # A parent that a named context hides is not among the stages, and its environment is not known.
        parent = None if stage.parent is None else states.get(stage.parent)
        states[stage.index] = runner.stage(stage, parent, given)
    last = states[needed[-1].index]
    return Evaluation(
        stages=needed,
        instructions=tuple(runner.done),
        user=last.user,
        env=last.env,
        onbuild=any(evaluated.instruction.keyword == "ONBUILD" for evaluated in runner.done),
    )


class _Runner:
    def __init__(
        self, dockerfile: Dockerfile, arguments: Mapping[str, str], outer: Mapping[str, str]
    ) -> None:
        self.dockerfile = dockerfile
        self.arguments = arguments
        self.outer = outer
        self.done: list[Evaluated] = []

    def stage(self, stage: Stage, parent: _State | None, given: Mapping[str, Mapping[str, str]]) -> _State:
        env = dict(parent.env if parent else given.get(stage.base, {}))
        # Declared arguments go on in a stage that continues another; the environment wins over them anew.
        declared = parent.variables if parent else {}
        state = _State(
            variables={**declared, **env},
            env=env,
            user=parent.user if parent else None,
            whole=parent.whole if parent else stage.base in given or stage.base == "scratch",
            known=set(parent.known) if parent else set(),
        )
        self.done.append(
            Evaluated(stage=stage.index, instruction=stage.start, flags=_platform(stage), words=(stage.base,))
        )
        for instruction in stage.instructions:
            self.done.append(self.instruction(stage.index, instruction, state))
        return state

    def instruction(self, stage: int, instruction: Instruction, state: _State) -> Evaluated:
        certain = state.whole or self.names(instruction) <= state.known
        assigned: tuple[tuple[str, str | None], ...] = ()
        flags = instruction.flags
        found = instruction.words
        match instruction.keyword:
            case "ARG":
                assigned = self.declare(instruction, state)
            case "ENV" | "LABEL":
                assigned = self.assign(instruction, state)
            case "USER":
                found = (self.expand(instruction, instruction.arguments, state),)
                state.user = found[0]
            case "COPY" | "ADD":
                flags = self.flags(instruction, state, ("chown", "chmod", "checksum"))
                found = tuple(self.source(instruction, word, state) for word in found)
            case "RUN":
                flags = self.flags(instruction, state, ("mount",))
        if assigned:
            found = tuple(name if value is None else f"{name}={value}" for name, value in assigned)
            set_now = {name for name, value in assigned if value is not None}
            state.known = state.known | set_now if certain else state.known - set_now
        return Evaluated(
            stage=stage,
            instruction=instruction,
            flags=flags,
            words=found,
            assigned=assigned,
            certain=certain,
        )

    def declare(self, instruction: Instruction, state: _State) -> tuple[tuple[str, str | None], ...]:
        """ARG: the given value, else the default, else that of the global scope."""
        assigned: list[tuple[str, str | None]] = []
        for raw, default in words.pairs(instruction.arguments, self.dockerfile.escape):
            name = self.expand(instruction, raw, state)
            value = self.arguments.get(name)
            if value is None and default is not None:
                value = self.expand(instruction, default, state)
            if value is None:
                value = self.outer.get(name)
            if value is not None:
                state.variables[name] = value
            assigned.append((name, value))
        return tuple(assigned)

    def assign(self, instruction: Instruction, state: _State) -> tuple[tuple[str, str | None], ...]:
        """ENV and LABEL: every value sees the variables as they were before the instruction."""
        old = words.old_pair(instruction.arguments, self.dockerfile.escape)
        written = [old] if old else words.pairs(instruction.arguments, self.dockerfile.escape)
        assigned = [
            (self.expand(instruction, name, state), self.expand(instruction, value or "", state))
            for name, value in written
        ]
        if instruction.keyword == "ENV":
            state.variables.update(assigned)
            state.env.update(assigned)
        return tuple(assigned)

    def names(self, instruction: Instruction) -> frozenset[str]:
        """What the builder looks up for an instruction; the command of RUN is the shell's business."""
        flags = [value for _, value in instruction.flags if value]
        written = flags if instruction.keyword == "RUN" else [*flags, instruction.arguments]
        return frozenset(name for word in written for name in names(word, self.dockerfile.escape))

    def source(self, instruction: Instruction, word: str, state: _State) -> str:
        return word if "<<" in word else self.expand(instruction, word, state)

    def flags(
        self, instruction: Instruction, state: _State, expanded: tuple[str, ...]
    ) -> tuple[tuple[str, str | None], ...]:
        return tuple(
            (name, self.expand(instruction, value, state) if value and name in expanded else value)
            for name, value in instruction.flags
        )

    def expand(self, instruction: Instruction, word: str, state: _State) -> str:
        return expand_in(self.dockerfile, instruction, word, state.variables)


def _platform(stage: Stage) -> tuple[tuple[str, str | None], ...]:
    return (("platform", stage.platform),) if stage.platform else ()
