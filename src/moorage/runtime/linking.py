"""Which shared libraries a set of programs needs, and whether all are there. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

from moorage.runtime import elf
from moorage.runtime.errors import RuntimeIncomplete
from moorage.runtime.recipe import DLOPENED, Machine
from moorage.runtime.tree import Entry, File, Link, Tree


def libraries(programs: Iterable[bytes], found: Mapping[str, Entry], machine: Machine) -> dict[str, File]:
    """Name → file of all that the programs link with, directly or not, from the folders of Debian's packages.

    Raises RuntimeIncomplete, which names what is missing and who wants it.
    """
    waiting = [(name, "the recipe") for name in (machine.loader, *DLOPENED)]
    for program in programs:
        waiting += _wanted(program, "a program")
    closure: dict[str, File] = {}
    while waiting:
        name, by = waiting.pop()
        if name in closure:
            continue
        library = _library(name, found, machine)
        if library is None:
            raise RuntimeIncomplete(f"{by} needs {name}, which no package has.")
        closure[name] = library
        waiting += _wanted(library.content, name)
    return closure


def complaints(tree: Tree, folder: str, machine: Machine, root: str) -> tuple[str, ...]:
    """What would not start in an image that has nothing: a sentence each, none for a tree that is right.

    Every program is for this machine, has the tree's own loader, and finds all libraries below `folder`.
    Libraries look nowhere else: a path of their own would come before the program's (ld.so(8)).
    """
    found: list[str] = []
    for path, entry in sorted(tree.items()):
        if not isinstance(entry, File) or not elf.is_elf(entry.content):
            continue
        said = elf.read(entry.content)
        if said.machine != machine.number:
            found.append(f"{path} is for another machine ({said.machine})")
        found += [f"{path} needs {name}" for name in said.needed if f"{folder}/{name}" not in tree]
        if said.interpreter:
            if said.interpreter != f"{root}/{folder}/{machine.loader}":
                found.append(f"{path} is loaded by {said.interpreter}")
            if said.paths != (f"{root}/{folder}",):
                found.append(f"{path} looks for libraries in {said.paths or 'the image'}")
        elif said.paths:
            found.append(f"{path} looks for libraries in {', '.join(said.paths)}")
    return tuple(found)


def resolve(path: str, found: Mapping[str, Entry]) -> File | None:
    """The file behind a path of the packages, through their links."""
    for _ in range(10):
        entry = found.get(path)
        if not isinstance(entry, Link):
            return entry
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), entry.target)).lstrip("/")
    return None


def _library(name: str, found: Mapping[str, Entry], machine: Machine) -> File | None:
    places = (f"usr/lib/{machine.triplet}/{name}", f"lib/{machine.triplet}/{name}", f"usr/lib/{name}")
    return next((each for place in places if (each := resolve(place, found))), None)


def _wanted(content: bytes, by: str) -> list[tuple[str, str]]:
    if not elf.is_elf(content):
        return []
    said = elf.read(content)
    return [(name, said.name or by) for name in said.needed]
