"""Files by their path below the root of the runtime: what is assembled, written, packed and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import msgspec


class File(msgspec.Struct, frozen=True):
    """A regular file. Owner is 0, mode 0755 or 0644, the time always the same."""

    content: bytes
    executable: bool = False


class Link(msgspec.Struct, frozen=True):
    """A symbolic link."""

    target: str


Entry = File | Link
Tree = Mapping[str, Entry]


def folders(tree: Tree) -> tuple[str, ...]:
    """Every folder that the files need, parents first."""
    found = {parent for path in tree for parent in _parents(path)}
    return tuple(sorted(found))


def digest(tree: Tree) -> str:
    """One hash (hexadecimal SHA-256) over paths, contents, link targets and executable bits."""
    whole = sha256()
    for path in sorted(tree):
        entry = tree[path]
        match entry:
            case File(content, executable):
                line = f"file {path} {int(executable)} {sha256(content).hexdigest()}"
            case Link(target):
                line = f"link {path} {target}"
        whole.update(line.encode() + b"\n")
    return whole.hexdigest()


def write(tree: Tree, root: Path) -> None:
    """Lay the tree out in an empty folder, for programs that only read files."""
    for folder in folders(tree):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for path, entry in tree.items():
        target = root / path
        match entry:
            case File(content, executable):
                target.write_bytes(content)
                target.chmod(0o755 if executable else 0o644)
            case Link(destination):
                target.symlink_to(destination)


def _parents(path: str) -> Iterator[str]:
    parts = path.split("/")
    for count in range(1, len(parts)):
        yield "/".join(parts[:count])
