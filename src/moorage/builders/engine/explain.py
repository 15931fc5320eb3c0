"""Why a build failed, in words and with the Dockerfile's line. Pure; the wordings are BuildKit's."""

from __future__ import annotations

import re

from moorage.builders.causes import disk_full, image_error
from moorage.builders.engine.errors import BadBuildOption, BuildDisturbed, BuilderMissing, BuildFailed
from moorage.builders.engine.progress import Failure
from moorage.dockerfile.errors import BrokenDockerfile
from moorage.dockerfile.instruction import Instruction
from moorage.dockerfile.parse import parse
from moorage.engine.errors import EngineDenied, EngineNotRunning
from moorage.errors import MoorageError
from moorage.spec.build import BuildSpec

_PLACE = re.compile(r"(?P<file>\S.*):(?P<line>\d+)$")
_PARSE = re.compile(r"(?:parse error (?:on )?line|on line) (\d+)")
_IMAGE = re.compile(r"(?:load metadata for|FROM|resolve image config for(?: docker-image://)?) (\S+)")
_SOURCE = re.compile(r"(?:source metadata for|pull access denied for|reference) ([^\s,:]+(?::[^\s,:]+)*)")
_STEP = re.compile(r"\[(?:[^\]]* )?\d+/\d+\] (.*)", re.S)
_EXIT = re.compile(r"exit code: (\d+)")
_FLAG = re.compile(
    r"unknown (?:shorthand )?flag: (.*)|invalid argument .* for .* flag|flag needs an argument.*"
)
_WRAPPED = (
    r"^(?:ERROR: )?failed to solve: |^.*failed to create LLB definition: "
    r"|failed to (?:compute cache key|calculate checksum of ref \S+): "
)
_DISTURBED = re.compile(r"no active sessions?\b|context canceled$")
_LOST = re.compile(r"failed to commit \S+ to \S+ during finalize|snapshot \S+ does not exist: not found")
"""What Docker 29 says from then on, to every build with this step, where a client was killed at its end."""
_TOO_NEW = r"unknown (?:instruction|flag)|unexpected (?:key|mount)"
_TAIL = 20


def explain(spec: BuildSpec, failure: Failure) -> MoorageError:
    """The error to raise for a build that ended with `failure`."""
    said = _words(failure)
    full = disk_full("\n".join((*failure.tail[-5:], said)))
    if full is not None:
        return full
    return (
        _disturbed(spec, said)
        or _setup_error(said)
        or _image_error(spec, failure, said)
        or _build_failed(spec, failure, said)
    )


def line_of(spec: BuildSpec, failure: Failure) -> int:
    """The first line of the instruction that failed, counted from 1; 0 where nothing tells."""
    return _line_said(failure) or _line_of_vertex(spec, failure.vertex)


def excerpt(spec: BuildSpec, line: int) -> tuple[str, ...]:
    """The instruction that begins at `line`, with its line numbers."""
    lines = spec.dockerfile.splitlines()
    last = next((i.end for i in _instructions(spec) if i.line <= line <= i.end), line)
    shown = list(enumerate(lines, 1))[max(line - 1, 0) : min(last, line + 9)] if line else []
    return tuple(f"{spec.dockerfile_name}:{number}: {text}" for number, text in shown)


def _words(failure: Failure) -> str:
    """What the builder says of the failure: its last error with what follows, and the vertex's own."""
    starts = [n for n, line in enumerate(failure.said) if line.startswith("ERROR: ")]
    last = failure.said[starts[-1] :] if starts else failure.said[-3:]
    return "\n".join(filter(None, (failure.error, *last)))


def _disturbed(spec: BuildSpec, said: str) -> BuildDisturbed | None:
    lost = _LOST.search(said) is not None
    if not lost and not _DISTURBED.search(said):
        return None
    error = BuildDisturbed(
        f"The engine lost a step of {spec.dockerfile_name} to a build of the same that was cut off.",
        evidence=tuple(said.splitlines()[-5:]),
        hint="Run the command again, or clear the engine's build cache: `docker builder prune`.",
    )
    error.in_cache = lost
    return error


def _setup_error(said: str) -> MoorageError | None:
    if "Cannot connect to the Docker daemon" in said or "Is the docker daemon running" in said:
        return EngineNotRunning(
            "The engine went away before the build could begin.",
            evidence=tuple(said.splitlines()),
            hint="Start the engine, then run the command again.",
        )
    if "permission denied while trying to connect" in said:
        return EngineDenied(
            "You may not use the engine.",
            evidence=tuple(said.splitlines()),
            hint="Join the group that owns its socket: `sudo usermod -aG docker $USER`, then log in again.",
        )
    if match := _FLAG.search(said):
        return BadBuildOption(
            f"The builder does not know an option of build.options: {match[1] or match[0]}",
            evidence=tuple(said.splitlines()),
            hint="Correct build.options in devcontainer.json, or update buildx.",
        )
    if "export is not supported for the docker driver" in said or (
        "exporter" in said and "not supported" in said
    ):
        return BuilderMissing(
            "The engine's own builder cannot write this kind of cache (build.cacheTo).",
            evidence=tuple(said.splitlines()),
            hint="Remove build.cacheTo, turn on the engine's containerd image store, or name another builder "
            "with BUILDX_BUILDER.",
        )
    return None


def _image_error(spec: BuildSpec, failure: Failure, said: str) -> MoorageError | None:
    vertex = _IMAGE.search(failure.vertex)
    named = vertex or _SOURCE.search(said)
    if named is None or not (vertex or "metadata" in said or "pull" in said):
        return None
    reference = named[1].partition("@")[0]
    line = _line_said(failure) or _line_of_image(spec, reference)
    shown = _as_written(spec, line, reference)
    place = f"{spec.dockerfile_name}:{line}" if line else spec.dockerfile_name
    return image_error(shown, said, platform=spec.platform, place=place)


def _build_failed(spec: BuildSpec, failure: Failure, said: str) -> MoorageError:
    line = line_of(spec, failure)
    place = f"{spec.dockerfile_name}:{line}" if line else spec.dockerfile_name
    code = _EXIT.search(failure.error or said)
    what = _what(spec, line, failure)
    if code:
        message = f"{place}: {what} ended with exit code {code[1]}."
    else:
        message = f"{place}: {what} failed: {_cause(failure, said)}"
    tail = tuple(failure.tail[-_TAIL:])
    evidence = (*excerpt(spec, line), *tail)
    return BuildFailed(
        message,
        line=line,
        evidence=evidence or tuple(said.splitlines()[-5:]),
        hint=_hint(spec, failure, said, ran=bool(code)),
    )


def _what(spec: BuildSpec, line: int, failure: Failure) -> str:
    instruction = next((i for i in _instructions(spec) if i.line <= line <= i.end), None)
    if instruction is not None:
        first = _squeezed(
            instruction.original if not instruction.heredocs else instruction.original.splitlines()[0]
        )
        return first if len(first) <= 80 else f"{first[:79]}…"
    match = _STEP.match(failure.vertex)
    return match[1][:80] if match else "the build"


def _cause(failure: Failure, said: str) -> str:
    lines = (failure.error or said).strip().splitlines()
    text = re.sub(_WRAPPED, "", lines[-1] if lines else "no reason was given")
    return text.rstrip(".") + "."


def _hint(spec: BuildSpec, failure: Failure, said: str, *, ran: bool) -> str:
    if ran:
        return "Correct the instruction, or what it runs; the lines above are the end of its output."
    if "not found" in said and re.search(r"\] (?:COPY|ADD) ", failure.vertex):
        return "Check that the file is in the build context and that .dockerignore does not leave it out."
    if re.search(_TOO_NEW, said, re.I) and not re.match(r"\s*#\s*syntax\s*=", spec.dockerfile):
        return "The engine's BuildKit may be too old for this: put `# syntax=docker/dockerfile:1` on line 1."
    return "Correct the Dockerfile, then run the command again."


def _line_said(failure: Failure) -> int:
    """`Dockerfile:6` before a ruled-off excerpt, or the place of a parse error."""
    for text, below in zip(failure.said, failure.said[1:], strict=False):
        match = _PLACE.match(text)
        if match and below.startswith("-----"):
            return int(match["line"])
    match = _PARSE.search("\n".join(failure.said))
    return int(match[1]) if match else 0


def _line_of_vertex(spec: BuildSpec, vertex: str) -> int:
    """An old engine names only the step: `[stage 2/3] RUN …`, with the values of variables put in."""
    match = _STEP.match(vertex)
    if match is None:
        return 0
    step = _squeezed(match[1])
    found = [i for i in _instructions(spec) if re.match(_as_pattern(i), step)]
    if not found:
        found = [i for i in _instructions(spec) if i.keyword == step.partition(" ")[0]]
    return found[0].line if len(found) == 1 else 0


def _as_pattern(instruction: Instruction) -> str:
    """What an instruction may look like once its variables have values; of a here-document the first line."""
    text = instruction.original.splitlines()[0] if instruction.heredocs else instruction.original
    pieces = re.split(r"\$(?:\w+|\{[^}]*\})", _squeezed(text))
    return ".*".join(map(re.escape, pieces)) + ("" if instruction.heredocs else r"\Z")


def _line_of_image(spec: BuildSpec, reference: str) -> int:
    short = re.sub(r"^docker\.io/(?:library/)?", "", reference)
    names = {reference, short, short.removesuffix(":latest")}
    for instruction in _instructions(spec):
        sources = (*instruction.words[:1], *instruction.flag_values("from"))
        if instruction.keyword in ("FROM", "COPY") and names & set(sources):
            return instruction.line
    froms = [i.line for i in _instructions(spec) if i.keyword == "FROM"]
    return froms[0] if len(froms) == 1 else 0


def _as_written(spec: BuildSpec, line: int, reference: str) -> str:
    """The image as its FROM has it, unless a variable is in it."""
    written = next((i.words[0] for i in _instructions(spec) if i.line == line and i.keyword == "FROM"), "")
    return written if written and "$" not in written else re.sub(r"^docker\.io/(?:library/)?", "", reference)


def _squeezed(text: str) -> str:
    return " ".join(re.sub(r"[\\`][ \t]*\r?\n", " ", text).split())


def _instructions(spec: BuildSpec) -> tuple[Instruction, ...]:
    try:
        return parse(spec.dockerfile, spec.dockerfile_name).instructions
    except BrokenDockerfile:
        return ()
