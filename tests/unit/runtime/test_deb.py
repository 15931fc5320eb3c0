"""A Debian package is read; anything else is refused."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.runtime import deb
from moorage.runtime.errors import RuntimeUntrusted
from moorage.runtime.tree import File, Link


def test_files_links_and_modes_come_out() -> None:
    entries = [
        ("./usr/bin/a", tarfile.REGTYPE, b"program", 0o755),
        ("./usr/bin/b", tarfile.SYMTYPE, b"a", 0o777),
        ("./usr/bin/c", tarfile.LNKTYPE, b"./usr/bin/a", 0o755),
        ("./usr/share/man/a.1", tarfile.REGTYPE, b"manual", 0o644),
        ("./usr/share/doc/a/changelog.gz", tarfile.REGTYPE, b"changes", 0o644),
        ("./usr/share/doc/a/copyright", tarfile.REGTYPE, b"mine", 0o644),
    ]
    assert deb.files(package(entries), "a") == {
        "usr/bin/a": File(b"program", True),
        "usr/bin/b": Link("a"),
        "usr/bin/c": File(b"program", True),
        "usr/share/doc/a/copyright": File(b"mine"),
    }


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", b"!<arch>\n", b"!<arch>\n" + b"x" * 60, b"!<arch>\n" + b" " * 60],
)
def test_no_package_is_refused(content: bytes) -> None:
    with pytest.raises(RuntimeUntrusted):
        deb.files(content, "a")


@given(st.data())
def test_a_broken_package_is_refused_or_read(data: st.DataObject) -> None:
    content = bytearray(package([("./a", tarfile.REGTYPE, b"content", 0o644)]))
    for _ in range(data.draw(st.integers(1, 10))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        deb.files(bytes(content), "a")
    except RuntimeUntrusted:
        return


def package(entries: list[tuple[str, bytes, bytes, int]]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:xz") as archive:
        for name, kind, content, mode in entries:
            header = tarfile.TarInfo(name)
            header.type, header.mode = kind, mode
            if kind == tarfile.REGTYPE:
                header.size = len(content)
                archive.addfile(header, io.BytesIO(content))
            else:
                header.linkname = content.decode()
                archive.addfile(header)
    members = {"debian-binary": b"2.0\n", "control.tar.xz": b"odd", "data.tar.xz": stream.getvalue()}
    return b"!<arch>\n" + b"".join(_member(name, content) for name, content in members.items())


def _member(name: str, content: bytes) -> bytes:
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
    return header + content + b"\n" * (len(content) % 2)
