"""Tar archives as a stranger could write them."""

from __future__ import annotations

import gzip
import io
import tarfile

FEATURE = b'{"id": "hello", "version": "1.0.0", "name": "Hello"}'
INSTALL = b"#!/bin/sh\necho hello\n"


def member(name: str, data: bytes = b"", **more: object) -> tuple[tarfile.TarInfo, bytes]:
    """One member: `member("a", b"text", mode=0o755)`, `member("l", type=tarfile.SYMTYPE, linkname="a")`."""
    made = tarfile.TarInfo(name)
    made.size = len(data)
    for key, value in more.items():
        setattr(made, key, value)
    return made, data


def link(name: str, target: str, *, hard: bool = False) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.LNKTYPE if hard else tarfile.SYMTYPE, linkname=target)


def folder(name: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.DIRTYPE)


def feature(*more: tuple[tarfile.TarInfo, bytes]) -> list[tuple[tarfile.TarInfo, bytes]]:
    """What every Feature has, and more."""
    return [
        folder("./"),
        member("./devcontainer-feature.json", FEATURE),
        member("./install.sh", INSTALL, mode=0o755),
        *more,
    ]


def tar(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """The archive; sizes in its headers are as told, also where they are lies."""
    out = bytearray()
    for info, data in members:
        out += info.tobuf(form, "utf-8", "surrogateescape")
        out += data + bytes(-len(data) % 512)
    return bytes(out) + bytes(1024)


def zipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def bomb(size: int) -> bytes:
    """A file of zeros that is a thousand times smaller when it is sent."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as stream:
        info, _ = member("zeros", size=size)
        stream.write(info.tobuf(tarfile.PAX_FORMAT))
        for _ in range(size >> 20):
            stream.write(bytes(1 << 20))
        stream.write(bytes(1024))
    return out.getvalue()
