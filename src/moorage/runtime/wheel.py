"""The files of a wheel (PEP 427). Pure, on bytes whose checksum was right."""

from __future__ import annotations

import io
import posixpath
import zipfile

from moorage.runtime.errors import RuntimeUntrusted
from moorage.runtime.tree import File

_NOT_WANTED = (".pyi", ".pyx", ".pxd", ".c", ".h")


def files(content: bytes, name: str) -> dict[str, File]:
    """Path below the packages' folder → file. Scripts are left out. Raises RuntimeUntrusted."""
    found = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                path = posixpath.normpath(member.filename)
                if path.startswith(("/", "..")):
                    raise RuntimeUntrusted(f"{name} has a file outside of its folder: {member.filename}.")
                if member.is_dir() or path.endswith(_NOT_WANTED) or ".data/" in path:
                    continue
                found[path] = File(archive.read(member))
    except (zipfile.BadZipFile, OSError) as error:
        raise RuntimeUntrusted(f"{name} is no wheel: {error}.") from error
    return found


def script(content: bytes, name: str) -> bytes:
    """The program `name` that a wheel brings along. Raises RuntimeUntrusted."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            path = next(each for each in archive.namelist() if each.endswith(f".data/scripts/{name}"))
            return archive.read(path)
    except (zipfile.BadZipFile, StopIteration) as error:
        raise RuntimeUntrusted(f"The wheel of {name} does not hold the program.") from error
