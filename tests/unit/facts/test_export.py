from __future__ import annotations

import io
import tarfile
from pathlib import Path

from moorage.facts.archive.unpack import leave_out, unpack
from moorage.facts.export import _LIMITS, _is_wanted


def entry(name: str, *, link: str = "", kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    if link:
        made.type, made.linkname = kind, link
    return made


def unpacked(folder: Path, *entries: tuple[tarfile.TarInfo, bytes]) -> list[str]:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for made, content in entries:
            made.size = len(content)
            archive.addfile(made, io.BytesIO(content))
    data.seek(0)
    into = folder / "into"
    into.mkdir()
    unpack(data, into, limits=_LIMITS, objection=leave_out, wanted=_is_wanted)
    return sorted(str(path.relative_to(into)) for path in into.rglob("*"))


def test_files_and_links_arrive_without_the_history(tmp_path: Path) -> None:
    found = unpacked(
        tmp_path,
        (entry("p/a.txt"), b"a"),
        (entry("p/link", link="a.txt"), b""),
        (entry("p/hard", link="p/a.txt", kind=tarfile.LNKTYPE), b""),
        (entry("p/.git/config"), b"secret"),
    )
    assert found == ["p", "p/a.txt", "p/hard", "p/link"]
    assert (tmp_path / "into/p/link").read_text() == "a"


def test_nothing_is_written_or_linked_outside(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    found = unpacked(
        tmp_path,
        (entry("../evil"), b"x"),
        (entry("/absolute"), b"x"),
        (entry("p/../../evil"), b"x"),
        (entry("p/out", link="../../outside"), b""),
        (entry("p/abs", link=str(outside)), b""),
        (entry("p/d", link="../p/x"), b""),
        (entry("p/through", link="../outside"), b""),
        (entry("q/r/up", link="../.."), b""),
        (entry("q/r/up/escape", link="../../../outside"), b""),
        (entry("q/around", link="r/../../outside"), b""),
        (entry("p/through/file"), b"x"),
    )
    assert list(outside.iterdir()) == []
    assert not (tmp_path / "evil").exists()
    assert "p/out" not in found
    assert "p/abs" not in found
    assert all((tmp_path / "into" / each).resolve().is_relative_to(tmp_path / "into") for each in found)
