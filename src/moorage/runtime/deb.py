"""The files of a Debian package. Pure, on bytes; deb(5) and ar(5)."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator

from moorage.runtime.errors import RuntimeUntrusted
from moorage.runtime.tree import Entry, File, Link

_MAGIC = b"!<arch>\n"
_HEADER = 60
_DOCUMENTS = "usr/share/doc/"
_IGNORED = ("usr/share/man/", "usr/share/locale/", "usr/share/info/", "usr/share/lintian/", "usr/share/bug/")


def files(package: bytes, name: str) -> dict[str, Entry]:
    """Path → file or link, without what documents them except for copyright. Raises RuntimeUntrusted.

    Hard links come as files of their own.
    """
    data = next(
        (content for member, content in _members(package, name) if member.startswith("data.tar")), None
    )
    if data is None:
        raise _broken(name, "it has no data.tar")
    found: dict[str, Entry] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                _take(archive, member, found)
    except (tarfile.TarError, OSError, EOFError, KeyError) as error:
        raise _broken(name, str(error)) from error
    return found


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, found: dict[str, Entry]) -> None:
    path = member.name.removeprefix("./")
    if path.startswith(_IGNORED) or (path.startswith(_DOCUMENTS) and not _is_licence(path, member)):
        return
    if member.issym():
        found[path] = Link(member.linkname)
    elif member.islnk():
        found[path] = found[member.linkname.removeprefix("./")]
    elif member.isreg():
        stream = archive.extractfile(member)
        found[path] = File(stream.read() if stream else b"", bool(member.mode & 0o111))


def _is_licence(path: str, member: tarfile.TarInfo) -> bool:
    """Or leads to one: some packages have the folder of another."""
    return path.endswith("/copyright") or member.issym()


def _members(package: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    if not package.startswith(_MAGIC):
        raise _broken(name, "it is no ar archive")
    place = len(_MAGIC)
    while place + _HEADER <= len(package):
        header = package[place : place + _HEADER]
        size = header[48:58].strip()
        if header[58:] != b"`\n" or not size.isdigit():
            raise _broken(name, f"the header at byte {place} is wrong")
        start = place + _HEADER
        yield header[:16].decode("latin-1").strip().rstrip("/"), package[start : start + int(size)]
        place = start + int(size) + int(size) % 2


def _broken(name: str, why: str) -> RuntimeUntrusted:
    return RuntimeUntrusted(f"{name} is no Debian package: {why}.")
