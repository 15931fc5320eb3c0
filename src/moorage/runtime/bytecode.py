"""Byte code for the tree, made by the tree's own interpreter before it is where it belongs.

Files are checked by nothing at run time (unchecked hashes, PEP 552): the tree never changes.
"""

from __future__ import annotations

import tempfile
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


async def bytecode(sources: Tree, interpreter: Tree, machine: Machine) -> dict[str, Entry]:
    """A .pyc for each .py. `interpreter` is a tree for the `machine` that this is; the code is for every one.

    One process in a fixed order and with a fixed hash seed, so that the same files come out each time.
    """
    with tempfile.TemporaryDirectory(prefix="moorage-runtime-") as folder:
        python, work = Path(folder, "python"), Path(folder, "work")
        write(interpreter, python)
        write(sources, work)
        pairs = [(str(work / path), f"{ROOT}/{path}") for path in sorted(sources)]
        environment = {"PYTHONHASHSEED": "0"}
        await run(_command(python, machine), stdin=msgspec.json.encode(pairs), environment=environment)
        return {place(path): File((work / place(path)).read_bytes()) for path in sources}


def place(source: str) -> str:
    """Where the byte code of a source is (PEP 3147)."""
    folder, _, name = source.rpartition("/")
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.{_TAG}.pyc".lstrip("/")


def _command(root: Path, machine: Machine) -> list[str]:
    """The interpreter by its loader: the place that is written in it is not there yet."""
    libraries, program = root / LIBRARY_FOLDER, str(root / "bin/python3")
    loader = [str(libraries / machine.loader), "--library-path", str(libraries), "--argv0", program, program]
    return [*loader, "-s", "-S", "-B", "-c", _COMPILE]
