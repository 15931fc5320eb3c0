"""Layers made by the standard library's tarfile, which is not what reads them."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

Member = tuple[tarfile.TarInfo, bytes]


def member(
    name: str,
    data: bytes = b"",
    *,
    kind: bytes = tarfile.REGTYPE,
    target: str = "",
    mode: int | None = None,
    owner: tuple[int, int] = (0, 0),
    time: float = 1_000_000_000,
    pax: Mapping[str, str] | None = None,
    device: tuple[int, int] = (0, 0),
) -> Member:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mtime = kind, target, len(data), time
    info.mode = mode if mode is not None else (0o755 if kind == tarfile.DIRTYPE else 0o644)
    info.uid, info.gid = owner
    info.devmajor, info.devminor = device
    info.pax_headers = dict(pax or {})
    return info, data


def folder(name: str, *, mode: int | None = None, time: float = 1_000_000_000) -> Member:
    return member(name, kind=tarfile.DIRTYPE, mode=mode, time=time)


def link(name: str, target: str) -> Member:
    return member(name, kind=tarfile.SYMTYPE, target=target)


def hard_link(name: str, target: str) -> Member:
    return member(name, kind=tarfile.LNKTYPE, target=target)


def layer(*members: Member, form: int = tarfile.PAX_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form, errors="surrogateescape") as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def in_pieces(data: bytes, size: int = 1000) -> Iterator[bytes]:
    """Not a divisor of anything that an archive is made of."""
    return (data[at : at + size] for at in range(0, len(data), size))


def tree(top: Path) -> dict[str, str]:
    """All that can be seen of what is in a folder, one line for each path; names of one file show alike."""
    found = {}
    first: dict[tuple[int, int], str] = {}
    for path in sorted(top.rglob("*")):
        seen = path.lstat()
        name = str(path.relative_to(top))
        what = f"{stat.filemode(seen.st_mode)} {seen.st_uid}:{seen.st_gid} {seen.st_mtime_ns}"
        if path.is_symlink():
            what += f" -> {os.readlink(path)}"
        elif path.is_file():
            what += f" {seen.st_size} {hash(path.read_bytes())}"
            what += first.setdefault((seen.st_dev, seen.st_ino), name)
        elif not path.is_dir():
            what += f" {seen.st_rdev}"
        what += "".join(
            f" {x}={os.getxattr(path, x, follow_symlinks=False)!r}"
            for x in sorted(os.listxattr(path, follow_symlinks=False))
        )
        found[name] = what
    return found
