"""Builds the runtime: fetch what is pinned, assemble, compile, pack. Commands enter this room here."""

from __future__ import annotations

import asyncio
import platform
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

import moorage
from moorage.events import Reporter, StepEnded, StepProgress, StepStarted
from moorage.oci.manifest import parse_platform
from moorage.runtime import deb, notices, wheel
from moorage.runtime.archive import Archive, archive
from moorage.runtime.assemble import PARTS, Part, Patch, assemble
from moorage.runtime.bytecode import bytecode, place
from moorage.runtime.closure import closure
from moorage.runtime.errors import RuntimeHostUnsupported
from moorage.runtime.fetch import Store
from moorage.runtime.image import Image, foundation, image, layout
from moorage.runtime.lock import Lock, Pin, wheels_for
from moorage.runtime.program import run
from moorage.runtime.recipe import ARCHITECTURES, MACHINES, ROOT, TOOL, Architecture, Machine
from moorage.runtime.tree import Entry, File, Tree, digest

STEP = "runtime"


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """The runtime for one architecture: its parts, as archives below `.moorage/` too, and the image."""

    architecture: Architecture
    trees: Mapping[Part, Tree]
    archives: Mapping[Part, Archive]
    image: Image


async def build(
    architectures: Sequence[Architecture], lock: Lock, store: Store, reporter: Reporter
) -> tuple[Built, ...]:
    """One for each architecture. Raises the errors of `moorage.runtime.errors`."""
    own = host()
    reporter.emit(StepStarted(step=STEP, title="Building the runtime", reason=", ".join(architectures)))
    started = asyncio.get_running_loop().time()
    trees: dict[Architecture, dict[Part, Tree]] = {}
    with tempfile.TemporaryDirectory(prefix="moorage-runtime-") as folder:
        patch = _Patchelf(Path(folder), await _tool(store, lock.tool[own]))
        for architecture in dict.fromkeys((own, *architectures)):
            reporter.emit(StepProgress(step=STEP, text=f"assembling {architecture}"))
            trees[architecture] = await _assembled(architecture, lock, store, patch)
    built = []
    known: dict[tuple[str, Entry], Entry] = {}
    for architecture in architectures:
        reporter.emit(StepProgress(step=STEP, text=f"compiling and packing {architecture}"))
        parts = trees[architecture]
        base = await _compiled(parts["base"], trees[own]["base"], MACHINES[own], known)
        built.append(await asyncio.to_thread(_packed, architecture, {**parts, "base": base}))
    seconds = asyncio.get_running_loop().time() - started
    reporter.emit(StepEnded(step=STEP, outcome="done", seconds=seconds))
    return tuple(built)


def write(built: Built, output: Path) -> tuple[Path, ...]:
    """Each part as .tar.gz, and the image as a layout that engines load. Returns what was written."""
    output.mkdir(parents=True, exist_ok=True)
    stem = f"moorage-runtime-{moorage.__version__}-{built.architecture}"
    name = f"docker.io/library/moorage-runtime:{moorage.__version__}-{built.architecture}"
    contents = {
        f"{stem}.tar.gz": built.archives["base"].data,
        f"{stem}-git.tar.gz": built.archives["git"].data,
        f"{stem}.oci.tar": layout(built.image, name),
    }
    for file, content in contents.items():
        draft = output / f".{file}.new"
        draft.write_bytes(content)
        draft.rename(output / file)
    return tuple(output / file for file in contents)


def host() -> Architecture:
    """This machine's architecture. Raises RuntimeHostUnsupported: byte code needs the interpreter to run."""
    found = parse_platform(platform.machine()).architecture
    for architecture in ARCHITECTURES:
        if sys.platform == "linux" and architecture == found:
            return architecture
    raise RuntimeHostUnsupported(
        f"The runtime cannot be built on {sys.platform} {platform.machine()}.",
        hint="Build it on Linux, on amd64 or arm64; both architectures come from one of them.",
    )


async def _assembled(architecture: Architecture, lock: Lock, store: Store, patch: Patch) -> dict[Part, Tree]:
    needed = closure(_package())
    code = _code(needed.files)
    pins = list(lock.packages[architecture])
    packages = await _unpacked(store, pins)
    for each in wheels_for(lock, needed.modules):
        pin = each.pins[architecture]
        code |= wheel.files((await store.fetch((pin,)))[pin.name], pin.name)
        pins.append(pin)
    parts = await assemble(architecture, packages, code, patch)
    return {**parts, "base": {**parts["base"], **notices.own(pins)}}


def _packed(architecture: Architecture, trees: Mapping[Part, Tree]) -> Built:
    marked = {
        part: {**trees[part], f"parts/{part}": File(digest(trees[part]).encode() + b"\n")} for part in PARTS
    }
    archives = {part: archive(marked[part], ROOT) for part in PARTS}
    layers = (foundation(), *(archives[part] for part in PARTS))
    return Built(
        architecture=architecture,
        trees=marked,
        archives=archives,
        image=image(architecture, moorage.__version__, layers),
    )


async def _compiled(
    tree: Tree, interpreter: Tree, machine: Machine, known: dict[tuple[str, Entry], Entry]
) -> Tree:
    """The tree with byte code. `known` keeps it for the next architecture: most sources are the same."""
    sources = {path: entry for path, entry in tree.items() if path.endswith(".py")}
    new = {path: entry for path, entry in sources.items() if (path, entry) not in known}
    made = await bytecode(new, interpreter, machine)
    known |= {(path, entry): made[place(path)] for path, entry in new.items()}
    return {**tree, **{place(path): known[path, entry] for path, entry in sources.items()}}


async def _unpacked(store: Store, pins: Sequence[Pin]) -> dict[str, dict[str, Entry]]:
    content = await store.fetch(pins)
    return await asyncio.to_thread(lambda: {name: deb.files(each, name) for name, each in content.items()})


async def _tool(store: Store, pin: Pin) -> bytes:
    return wheel.script((await store.fetch((pin,)))[pin.name], TOOL)


def _code(files: Sequence[str]) -> dict[str, File]:
    package = _package()
    return {f"moorage/{path}": File((package / path).read_bytes()) for path in files}


def _package() -> Path:
    return Path(moorage.__file__).parent


class _Patchelf:
    """Runs patchelf (its manual page) in a folder of its own."""

    def __init__(self, folder: Path, program: bytes) -> None:
        self._program, self._work = folder / TOOL, folder / "work"
        self._program.write_bytes(program)
        self._program.chmod(0o700)

    async def __call__(self, program: bytes, loader: str, libraries: str) -> bytes:
        self._work.write_bytes(program)
        options = ["--set-interpreter", loader, "--force-rpath", "--set-rpath", libraries]
        await run([str(self._program), *options, str(self._work)])
        return self._work.read_bytes()
