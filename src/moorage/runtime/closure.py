"""Which modules go into the tree: all that code for the inside imports, found by reading, never by running.

Imports inside functions count, those for type checkers do not. The API that `moorage` loads for callers from
outside is left out.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from moorage.runtime.errors import RuntimeIncomplete
from moorage.runtime.recipe import LEFT_OUT, LEFT_OUT_EXTENSIONS

PACKAGE = "moorage"
INSIDE = "moorage.inside"
FACE = "moorage.api"
_SOURCE = ".py"


class Closure(msgspec.Struct, frozen=True):
    """`files` are below the folder of `moorage`; `modules` the top-level names of others' packages."""

    files: tuple[str, ...]
    modules: frozenset[str]


def closure(package: Path) -> Closure:
    """What `moorage.inside` needs, of the package in this folder. Raises RuntimeIncomplete.

    The data files beside a module that is needed (scripts, tables) come along.
    """
    own = {_module(path, package): path for path in package.rglob(f"*{_SOURCE}")}
    waiting = sorted(name for name in own if name == INSIDE or name.startswith(f"{INSIDE}."))
    found: dict[str, Path] = {}
    others: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = own[name]
        for imported in _imports(own[name], name):
            waiting += [each for each in _with_parents(imported) if each in own and each != FACE]
            others |= _foreign(imported, name)
    files = {path for module in found.values() for path in (module, *_data(module.parent))}
    return Closure(tuple(sorted(str(path.relative_to(package)) for path in files)), frozenset(others))


def _imports(path: Path, module: str) -> Iterator[str]:
    """Full names; of `from a import b` both `a` and `a.b`, because b may be a module."""
    for node in _run_time(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, module, package=path.name == "__init__.py")
            yield base
            yield from (f"{base}.{each.name}" for each in node.names)


def _run_time(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield other
                yield from _run_time(other)
            continue
        yield node
        yield from _run_time(node)


def _base(node: ast.ImportFrom, module: str, *, package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    kept = parts[: len(parts) - node.level + package]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _foreign(imported: str, by: str) -> set[str]:
    top = imported.partition(".")[0]
    if top in (*LEFT_OUT, *LEFT_OUT_EXTENSIONS):
        raise RuntimeIncomplete(
            f"{by} imports {top}, which the runtime leaves out.",
            hint=f"Take {top} out of the recipe's LEFT_OUT.",
        )
    return set() if not top or top in (PACKAGE, "__future__") or top in sys.stdlib_module_names else {top}


def _data(folder: Path) -> Iterator[Path]:
    skipped = (_SOURCE, ".pyc", ".typed")
    return (path for path in folder.iterdir() if path.is_file() and path.suffix not in skipped)


def _module(path: Path, package: Path) -> str:
    parts = (PACKAGE, *path.relative_to(package).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
