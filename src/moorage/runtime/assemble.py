"""From packages, wheels and moorage's own code to the tree, all of it but byte code. Pure but for patchelf.

Two parts: `base` (interpreter and code) and `git` (git, ssh, and the libraries that only they need).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol

from moorage.runtime import elf
from moorage.runtime.errors import RuntimeIncomplete
from moorage.runtime.linking import complaints, libraries, resolve
from moorage.runtime.notices import licences
from moorage.runtime.recipe import (
    BASE_LINKS,
    BASE_PROGRAMS,
    BASE_REWRITES,
    CODE,
    GIT_LINKS,
    GIT_PROGRAMS,
    GIT_REWRITES,
    LEFT_OUT,
    LEFT_OUT_EXTENSIONS,
    LIBRARY_FOLDER,
    MACHINES,
    PYTHON,
    ROOT,
    STANDARD_LIBRARY,
    TRUST,
    Architecture,
    Machine,
    Program,
    Rewrite,
)
from moorage.runtime.tree import Entry, File, Link, Tree

Part = Literal["base", "git"]
PARTS: tuple[Part, ...] = ("base", "git")

_LAUNCHER = f"""#!{ROOT}/bin/python3 -I
import sys
from moorage.inside.__main__ import main
sys.exit(main())
"""
_DYNLOAD = f"usr/lib/python{PYTHON}/lib-dynload/"


class Patch(Protocol):
    """Gives a program another loader and a folder of libraries (the adapter runs patchelf)."""

    async def __call__(self, program: bytes, loader: str, libraries: str) -> bytes: ...


async def assemble(
    architecture: Architecture,
    packages: Mapping[str, Mapping[str, Entry]],
    code: Mapping[str, File],
    patch: Patch,
) -> dict[Part, Tree]:
    """The parts. `packages` is name → files; `code` what goes beside the standard library.

    Raises RuntimeIncomplete where something is missing, or would not start in an empty image.
    """
    machine = MACHINES[architecture]
    found = {path: entry for files in packages.values() for path, entry in files.items()}
    base = _base(found, code, machine)
    git = _git(found, base, machine)
    base |= licences(packages, found)
    base = await _patched(_rewritten(base, BASE_REWRITES, machine), machine, patch)
    git = await _patched(_rewritten(git, GIT_REWRITES, machine), machine, patch)
    if wrong := complaints({**base, **git}, LIBRARY_FOLDER, machine, ROOT):
        raise RuntimeIncomplete(f"The tree for {architecture} would not run everywhere.", evidence=wrong[:12])
    return {"base": base, "git": git}


def _base(found: Mapping[str, Entry], code: Mapping[str, File], machine: Machine) -> dict[str, Entry]:
    tree: dict[str, Entry] = {
        **_programs(BASE_PROGRAMS, found),
        **_standard_library(found),
        **{f"{CODE}/{path}": entry for path, entry in code.items()},
        **{path: Link(target) for path, target in BASE_LINKS.items()},
        "bin/moorage-inside": File(_LAUNCHER.encode(), executable=True),
        TRUST: File(_trust(found)),
    }
    return {**tree, **_linked(tree.values(), found, machine)}


def _git(found: Mapping[str, Entry], base: Tree, machine: Machine) -> dict[str, Entry]:
    tree: dict[str, Entry] = {
        **_programs(GIT_PROGRAMS, found),
        **{path: Link(target) for path, target in GIT_LINKS.items()},
        "git/templates/info/exclude": File(b""),
    }
    linked = _linked(tree.values(), found, machine)
    return {**tree, **{path: entry for path, entry in linked.items() if path not in base}}


def _programs(programs: Iterable[Program], found: Mapping[str, Entry]) -> dict[str, Entry]:
    tree: dict[str, Entry] = {}
    for program in programs:
        entry = resolve(program.source, found)
        if entry is None:
            raise RuntimeIncomplete(f"No package has {program.source}.")
        tree[program.target] = File(entry.content, executable=True)
    return tree


def _standard_library(found: Mapping[str, Entry]) -> dict[str, Entry]:
    """Debian's links (its `sitecustomize` in /etc, say) lead out of the tree, so only files are taken."""
    source = f"usr/lib/python{PYTHON}/"
    tree: dict[str, Entry] = {}
    for path, entry in found.items():
        inner = path.removeprefix(source)
        if not path.startswith(source) or not isinstance(entry, File) or not _wanted(path, inner):
            continue
        tree[f"{STANDARD_LIBRARY}/{inner}"] = File(entry.content)
    return tree


def _wanted(path: str, inner: str) -> bool:
    if path.startswith(_DYNLOAD):
        return posixpath.basename(path).partition(".")[0] not in LEFT_OUT_EXTENSIONS
    return inner.partition("/")[0] not in LEFT_OUT and inner.endswith(".py")


def _linked(entries: Iterable[Entry], found: Mapping[str, Entry], machine: Machine) -> dict[str, File]:
    programs = [entry.content for entry in entries if isinstance(entry, File)]
    closure = libraries(programs, found, machine)
    return {
        f"{LIBRARY_FOLDER}/{name}": File(library.content, executable=name == machine.loader)
        for name, library in closure.items()
    }


def _trust(found: Mapping[str, Entry]) -> bytes:
    """Mozilla's authorities, as Debian has them, in one file."""
    folder = "usr/share/ca-certificates/mozilla/"
    parts = [
        entry.content.strip() + b"\n"
        for path, entry in sorted(found.items())
        if path.startswith(folder) and isinstance(entry, File)
    ]
    if not parts:
        raise RuntimeIncomplete("The package ca-certificates has no certificates.")
    return b"".join(parts)


def _rewritten(tree: Mapping[str, Entry], rewrites: Sequence[Rewrite], machine: Machine) -> dict[str, Entry]:
    changed = dict(tree)
    for each in rewrites:
        path, old = (_filled(text, machine) for text in (each.target, each.old))
        entry = changed.get(path)
        if not isinstance(entry, File):
            raise RuntimeIncomplete(f"{path}, in which a path is to be changed, is not in the tree.")
        try:
            changed[path] = File(elf.rewrite(entry.content, old, each.new), entry.executable)
        except ValueError as error:
            raise RuntimeIncomplete(f"A path in {path} cannot be changed: {error}.") from error
    return changed


def _filled(text: str, machine: Machine) -> str:
    return text.replace("{loader}", machine.loader).replace("{triplet}", machine.triplet)


async def _patched(tree: Mapping[str, Entry], machine: Machine, patch: Patch) -> dict[str, Entry]:
    changed = dict(tree)
    folder = f"{ROOT}/{LIBRARY_FOLDER}"
    for path, entry in tree.items():
        if isinstance(entry, File) and elf.is_elf(entry.content) and elf.read(entry.content).interpreter:
            content = await patch(entry.content, f"{folder}/{machine.loader}", folder)
            changed[path] = File(content, executable=True)
    return changed
