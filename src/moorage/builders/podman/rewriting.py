"""A Dockerfile as an older Podman understands it: here-documents as scripts and files, no --link. Pure.

Podman's builder (buildah) reads here-documents since Podman 4.9. Before, their lines would be taken for
instructions. What cannot be said in another way is refused with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from moorage.dockerfile.instruction import Dockerfile, Heredoc, Instruction
from moorage.dockerfile.parse import parse
from moorage.spec.build import BuildSpec
from moorage.spec.names import METADATA

HEREDOCS = (4, 9)
"""The first Podman that reads here-documents itself."""
_NEW = (5, 0)
_KINDS = ("bind", "cache", "secret", "ssh", "tmpfs")
_LATE = {
    "RUN": ("network", "security"),
    "COPY": ("parents", "exclude"),
    "ADD": ("parents", "exclude", "checksum", "keep-git-dir", "unpack"),
}
_SHELL = ("/bin/sh", "-c")
_OPENING = re.compile(r"<<-?\s*(['\"]?)[^\s'\"<>]+\1")
_VARIABLE = re.compile(r"\$|\\")

Version = tuple[int, ...]


class Rewritten(msgspec.Struct, frozen=True, kw_only=True):
    """`dockerfile` has every instruction on the line it was on. `originals`: new text to the one written.

    `files` go into an image of their own, which `dockerfile` calls by the name given: an image has no part in
    a COPY of the whole context.
    """

    dockerfile: str
    files: Mapping[str, bytes]
    originals: Mapping[str, str]


def version(text: str) -> Version:
    """The numbers of a version to compare."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:2])


def squeezed(text: str) -> str:
    """As Podman repeats an instruction, which it may do with other blanks."""
    return " ".join(text.split())


def refusals(dockerfile: Dockerfile, podman: Version) -> tuple[str, ...]:
    """What this Podman cannot build, each with its line and what to do."""
    if podman >= _NEW:
        return ()
    name = ".".join(map(str, podman))
    return tuple(
        f"{dockerfile.file}:{instruction.line}: {what} (this is Podman {name})"
        for instruction in dockerfile.instructions
        for what in _refused(instruction, podman)
    )


def rewritten(spec: BuildSpec, podman: Version, image: str) -> Rewritten:
    """The Dockerfile for this Podman; `image` is what an image with `files` will be called."""
    dockerfile = parse(spec.dockerfile, spec.dockerfile_name)
    lines, files, originals = spec.dockerfile.split("\n"), dict[str, bytes](), dict[str, str]()
    shell: tuple[str, ...] = _SHELL
    for instruction in dockerfile.instructions:
        if instruction.keyword == "FROM":
            shell = _SHELL
        if instruction.keyword == "SHELL" and instruction.json:
            shell = instruction.words
        text = _text(instruction, podman, shell, image, files)
        if text is None:
            continue
        written = text.split("\n")
        originals |= dict.fromkeys(map(squeezed, written), instruction.original.splitlines()[0])
        blank = [""] * (instruction.end - instruction.line + 1 - len(written))
        lines[instruction.line - 1 : instruction.end] = [*written, *blank]
    return Rewritten(dockerfile="\n".join(lines), files=files, originals=originals)


def labels(spec: BuildSpec) -> tuple[tuple[str, str], ...]:
    """Its labels. Podman fills in variables in their values; JSON can say a dollar sign in another way."""
    return tuple(
        (name, value.replace("$", "\\u0024") if name == METADATA else value) for name, value in spec.labels
    )


def _refused(instruction: Instruction, podman: Version) -> Iterator[str]:
    keyword = instruction.keyword
    for flag in dict.fromkeys(name for name, _ in instruction.flags):
        if flag in _LATE.get(keyword, ()):
            yield f"{keyword} --{flag} needs Podman 5 or BuildKit"
    for value in instruction.flag_values("mount") if keyword == "RUN" else ():
        kind = dict(field.partition("=")[::2] for field in value.split(",")).get("type", "bind")
        if kind not in _KINDS:
            yield f"RUN --mount=type={kind} is unknown to Podman; it knows {', '.join(_KINDS)}"
    if podman >= HEREDOCS:
        return
    if keyword in ("COPY", "ADD") and any(map(_expands, instruction.heredocs)):
        yield "a here-document with variables needs Podman 4.9: quote its name (<<'EOF'), or update Podman"
    if keyword == "ONBUILD" and instruction.heredocs:
        yield "a here-document behind ONBUILD needs Podman 4.9"


def _expands(document: Heredoc) -> bool:
    return document.expand and _VARIABLE.search(document.content) is not None


def _text(
    instruction: Instruction, podman: Version, shell: tuple[str, ...], image: str, files: dict[str, bytes]
) -> str | None:
    """The instruction in other words; None where it may stay."""
    linked = instruction.keyword in ("COPY", "ADD") and any(name == "link" for name, _ in instruction.flags)
    if instruction.heredocs and podman < HEREDOCS:
        if instruction.keyword == "RUN":
            return f"RUN {_flags(instruction)}{_json((*shell, _script(instruction)))}"
        return _copies(instruction, image, files)
    if not linked:
        return None
    head = f"{instruction.keyword} {_flags(instruction)}{instruction.arguments}"
    below = instruction.original.rstrip("\n").split("\n")[1:] if instruction.heredocs else []
    return "\n".join((head, *below))


def _flags(instruction: Instruction) -> str:
    words = [
        name if value is None else f"{name}={value}" for name, value in instruction.flags if name != "link"
    ]
    return "".join(f"--{word} " for word in words)


def _script(instruction: Instruction) -> str:
    """What the shell is given: the document itself where nothing reads it, else the command with it."""
    command = instruction.arguments.strip()
    first = instruction.heredocs[0]
    if len(instruction.heredocs) > 1 or not _OPENING.fullmatch(command):
        return "\n".join((command, *(f"{each.content}{each.name}" for each in instruction.heredocs), ""))
    if not first.content.startswith("#!"):
        return first.content
    end = "MOORAGE"
    while end in first.content:
        end += "_"
    path = "/tmp/.moorage-script"  # noqa: S108  in the image that is being built
    return (
        f"cat >{path} <<'{end}'\n{first.content}{end}\n"
        f"chmod 700 {path} && {path}; code=$?; rm -f {path}; exit $code\n"
    )


def _copies(instruction: Instruction, image: str, files: dict[str, bytes]) -> str:
    """COPY of here-documents: out of the image that holds them, beside what comes from the context."""
    *sources, target = instruction.words
    others = [source for source in sources if not _OPENING.fullmatch(source)]
    place = f"{len(files)}"
    for each in instruction.heredocs:
        files[f"{place}/{each.name}"] = each.content.encode(errors="surrogateescape")
    named = " ".join(f"/{place}/{each.name}" for each in instruction.heredocs)
    flags = _flags(instruction)
    text = f"COPY {flags}--from={image} {named} {target}"
    return f"{instruction.keyword} {flags}{' '.join(others)} {target}\n{text}" if others else text


def _json(words: tuple[str, ...]) -> str:
    return msgspec.json.encode(words).decode()
