"""Byte code for the tree, made by the tree's own interpreter before it is where it belongs.

Files are checked by nothing at run time (unchecked hashes, PEP 552): the tree never changes.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from moorage.runtime.program import run
from moorage.runtime.recipe import LIBRARY_FOLDER, PYTHON, ROOT, Machine
from moorage.runtime.tree import Entry, File, Tree, write

_TAG = f"cpython-{PYTHON.replace('.', '')}"
_COMPILE = """\
import json, py_compile, sys
for path, shown in json.load(sys.stdin):
    py_compile.compile(path, dfile=shown, doraise=True, quiet=2,
                       invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
"""


async def compiled(tree: Tree, interpreter: Tree, machine: Machine) -> dict[str, Entry]:
    """The tree with a .pyc for each .py. `interpreter` is a tree for the `machine` that this is.

    One process in a fixed order and with a fixed hash seed, so that the same files come out each time.
    """
    sources = {path: entry for path, entry in tree.items() if path.endswith(".py")}
    with tempfile.TemporaryDirectory(prefix="moorage-runtime-") as folder:
        python, work = Path(folder, "python"), Path(folder, "work")
        write(interpreter, python)
        write(sources, work)
        pairs = [(str(work / path), f"{ROOT}/{path}") for path in sorted(sources)]
        await run(
            _command(python, machine), stdin=msgspec.json.encode(pairs), environment={"PYTHONHASHSEED": "0"}
        )
        return {**tree, **_collected(sources, work)}


def _command(root: Path, machine: Machine) -> list[str]:
    """The interpreter by its loader: the place that is written in it is not there yet."""
    libraries, program = root / LIBRARY_FOLDER, str(root / "bin/python3")
    loader = [str(libraries / machine.loader), "--library-path", str(libraries), "--argv0", program, program]
    return [*loader, "-s", "-S", "-B", "-c", _COMPILE]


def _collected(sources: Mapping[str, Entry], work: Path) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for path in sources:
        folder, name = os.path.split(path)
        code = f"{folder}/__pycache__/{name.removesuffix('.py')}.{_TAG}.pyc"
        found[code] = File((work / code).read_bytes())
    return found
