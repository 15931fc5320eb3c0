"""The users of an image in its layers."""

from __future__ import annotations

import io
import tarfile

import pytest

from moorage.facts.passwd import read


def layer(name: str, mode: str = "w:gz") -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        member = tarfile.TarInfo(name)
        member.size = 4
        archive.addfile(member, io.BytesIO(b"a:x:"))
    buffer.seek(0)
    return buffer


@pytest.mark.parametrize("mode", ["w:gz", "w"])
@pytest.mark.parametrize("name", ["etc/passwd", "./etc/passwd", "/etc/passwd"])
def test_it_is_found_however_it_is_packed(name: str, mode: str) -> None:
    assert read(layer(name, mode)) == "a:x:"


def test_a_layer_without_it_says_nothing() -> None:
    assert read(layer("etc/group")) is None


@pytest.mark.parametrize("data", [b"", b"(\xb5/\xfd" + bytes(40), b"\x1f\x8b\x08broken"])
def test_what_cannot_be_read_ends_the_search(data: bytes) -> None:
    """A user of a lower layer might have been changed in it."""
    assert read(io.BytesIO(data)) == ""
