"""Says in words why an image has to be built again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from moorage.image.features.changes import changes
from moorage.image.key import Inputs, InstructionInput
from moorage.image.label import SHORT


def explain(old: Inputs | None, new: Inputs, file: str = "Dockerfile") -> tuple[str, ...]:
    """What differs between the inputs of the image that is there (from its label) and those of now.

    Never empty: with nothing to compare, or nothing that was recorded differently, it says so.
    """
    if old is None:
        return ("there is no earlier image that moorage built for this",)
    images, remotes = list(_images(old, new)), list(_remotes(old, new))
    # What an instruction takes in is one hash: where an image or a download was named, it is not told twice.
    told = (*(("FROM ", "from=") if images else ()), *(("://",) if remotes else ()))
    instructions = _instructions(old, new, file, told)
    found = [
        *_settings(old, new),
        *images,
        *_arguments(old, new),
        *instructions,
        *remotes,
        *_secrets(old, new),
        *changes(old, new),
    ]
    return tuple(dict.fromkeys(found)) or ("its key changed by something that its label does not record",)


def _settings(old: Inputs, new: Inputs) -> Iterator[str]:
    if old.generator != new.generator:
        yield f"moorage makes images another way now (version {old.generator} → {new.generator})"
    if old.platform != new.platform:
        yield f"the platform changed: {old.platform} → {new.platform}"
    yield from _changes(old.options, new.options, lambda name: f"build option {name}")


def _images(old: Inputs, new: Inputs) -> Iterator[str]:
    gone = [name for name in old.images if name not in new.images]
    fresh = [name for name in new.images if name not in old.images]
    for name in new.images:
        if name in old.images and not _same(old.images[name], new.images[name]):
            yield f"base image {name} moved"
    if len(gone) == len(fresh):
        yield from (f"base image changed: {was} → {now}" for was, now in zip(gone, fresh, strict=True))
    else:
        yield from (f"base image {name} is new" for name in fresh)
        yield from (f"base image {name} is no longer used" for name in gone)


def _arguments(old: Inputs, new: Inputs) -> Iterator[str]:
    return _changes(old.arguments, new.arguments, lambda name: f"build argument {name}")


def _remotes(old: Inputs, new: Inputs) -> Iterator[str]:
    for url, pin in new.remotes.items():
        if url in old.remotes and not _same(old.remotes[url], pin):
            yield f"what ADD downloads from {url} changed"


def _secrets(old: Inputs, new: Inputs) -> Iterator[str]:
    before, now = set(old.secrets), set(new.secrets)
    yield from (f"build secret {name} is new" for name in sorted(now - before))
    yield from (f"build secret {name} is gone" for name in sorted(before - now))


def _changes(old: dict[str, str], new: dict[str, str], called: Callable[[str], str]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield f"{called(name)} is new"
        elif name not in new:
            yield f"{called(name)} is gone"
        elif not _same(old[name], new[name]):
            yield f"{called(name)} changed"


def _instructions(old: Inputs, new: Inputs, file: str, told: tuple[str, ...]) -> Iterator[str]:
    from difflib import SequenceMatcher  # only for a miss, which is followed by a build

    before = [instruction.text[:SHORT] for instruction in old.instructions]
    now = [instruction.text[:SHORT] for instruction in new.instructions]
    for kind, a, b, c, d in SequenceMatcher(None, before, now, autojunk=False).get_opcodes():
        were, are = old.instructions[a:b], new.instructions[c:d]
        if kind == "equal":
            yield from _taken(were, are, new.words, file, told)
        else:
            yield from _edited(were, are, new.words, file)


def _edited(
    were: tuple[InstructionInput, ...],
    are: tuple[InstructionInput, ...],
    words: dict[int, str],
    file: str,
) -> Iterator[str]:
    for position, instruction in enumerate(are):
        what = "changed" if position < len(were) else "is new"
        yield f"{file} line {instruction.line} {what}: {words.get(instruction.line, '')}"
    for instruction in were[len(are) :]:
        yield f"{file}: the instruction that was on line {instruction.line} is gone"


def _taken(
    were: tuple[InstructionInput, ...],
    are: tuple[InstructionInput, ...],
    words: dict[int, str],
    file: str,
    told: tuple[str, ...],
) -> Iterator[str]:
    """Instructions that read the same, but take in something else."""
    for was, now in zip(were, are, strict=True):
        shown = words.get(now.line, "")
        if _same(was.takes, now.takes) or any(mark in shown for mark in told):
            continue
        verb = {"COPY": "copies", "ADD": "adds", "RUN": "mounts"}.get(shown.partition(" ")[0], "uses")
        yield f"files that {file} line {now.line} {verb} changed: {shown}"


def _same(a: str, b: str) -> bool:
    return a.removeprefix("sha256:")[:SHORT] == b.removeprefix("sha256:")[:SHORT]
