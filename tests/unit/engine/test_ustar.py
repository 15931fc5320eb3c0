"""Small archives, checked against the standard library's tarfile."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.engine.ustar import BadArchive, Entry, files, pack

NAMES = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/"), min_size=1, max_size=60
)
PATHS = st.lists(NAMES.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4).map("/".join)
CONTENTS = st.dictionaries(PATHS, st.binary(max_size=1500), max_size=5)


@given(contents=CONTENTS, form=st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]))
def test_reads_what_tarfile_wrote(contents: dict[str, bytes], form: int) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        folder = tarfile.TarInfo("top")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        link = tarfile.TarInfo("top/link")
        link.type, link.linkname = tarfile.SYMTYPE, "x"
        archive.addfile(link)
        for name, data in contents.items():
            info = tarfile.TarInfo(f"top/{name}")
            info.size, info.mtime = len(data), 1700000000.25
            archive.addfile(info, io.BytesIO(data))
    assert files(buffer.getvalue()) == contents


@given(contents=CONTENTS)
def test_tarfile_reads_what_was_packed(contents: dict[str, bytes]) -> None:
    entries = [Entry(name="top", folder=True, mode=0o750, uid=1000, gid=1001)]
    entries += [Entry(name=f"top/{name}", data=data, mode=0o640) for name, data in contents.items()]
    with tarfile.open(fileobj=io.BytesIO(pack(entries))) as archive:
        top, *rest = archive.getmembers()
        assert (top.name, top.isdir(), top.mode, top.uid, top.gid) == ("top", True, 0o750, 1000, 1001)
        assert [member.mode for member in rest] == [0o640] * len(contents)
        read = {member.name[4:]: archive.extractfile(member).read() for member in rest}  # type: ignore[union-attr]
    assert read == contents
    assert files(pack(entries)) == contents


@given(cut=st.integers(1, 2047))
def test_an_archive_cut_off_is_noticed(cut: int) -> None:
    whole = pack([Entry(name="top/a", data=b"x" * 600)])
    with pytest.raises(BadArchive):
        files(whole[: min(cut, len(whole) - 1025)])


def test_a_changed_head_is_noticed() -> None:
    whole = bytearray(pack([Entry(name="top/a", data=b"x")]))
    whole[3] ^= 1
    with pytest.raises(BadArchive):
        files(bytes(whole))
