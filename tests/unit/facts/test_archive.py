from __future__ import annotations

import contextlib
import io
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moorage.engine.ustar import BadArchive
from moorage.facts.archive.members import Limits
from moorage.facts.archive.unpack import leave_out, unpack
from tests.unit.facts.archives import bomb, feature, folder, link, member, tar, zipped

SMALL = Limits(members=40, file=1 << 20, total=2 << 20, depth=8)


def listed(top: Path) -> list[str]:
    return sorted(str(path.relative_to(top)) for path in top.rglob("*"))


def taken_out(tmp_path: Path, archive: bytes) -> Path:
    into = tmp_path / "place" / "into"
    into.mkdir(parents=True)
    unpack(io.BytesIO(archive), into, limits=SMALL)
    return into


def other_header(change: Callable[[bytearray], None]) -> bytes:
    """An archive of one file whose header was changed, and its checksum made right again."""
    archive = bytearray(tar(member("a", b"text")))
    change(archive)
    archive[148:156] = b" " * 8
    archive[148:156] = b"%06o\0 " % sum(archive[:512])
    return bytes(archive)


def put(place: int, value: bytes) -> Callable[[bytearray], None]:
    def change(archive: bytearray) -> None:
        archive[place : place + len(value)] = value

    return change


def sparse(name: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, b"text", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.size": "99999999999"})


NASTY = {
    "a file above": tar(member("../evil", b"x")),
    "a file above, further in": tar(member("a/../../evil", b"x")),
    "a file above at the end": tar(member("a/..", b"x")),
    "an absolute file": tar(member("/tmp/moorage-evil", b"x")),
    "a file above in a long name": tar(member("a/" * 3 + "b" * 120 + "/../../../../../evil", b"x")),
    "a file above in the GNU way": tar(member("../" + "b" * 120, b"x"), form=tarfile.GNU_FORMAT),
    "a folder above": tar(folder("../evil")),
    "an absolute link": tar(link("l", "/etc/passwd")),
    "a link above": tar(link("l", "../evil")),
    "a link above from further in": tar(folder("a"), link("a/l", "../../evil")),
    "a link that goes in and out": tar(folder("a"), link("l", "a/../../evil")),
    "a link to above": tar(link("l", "..")),
    "a hard link above": tar(link("l", "../evil", hard=True)),
    "an absolute hard link": tar(link("l", "/etc/passwd", hard=True)),
    "a hard link to nothing": tar(link("l", "nothing", hard=True)),
    "a hard link to a link": tar(
        member("f", b"x"), link("l", "f"), link("h", "l", hard=True), link("hh", "missing", hard=True)
    ),
    "a file through a link": tar(link("l", "."), member("l/evil", b"x")),
    "a link through a link": tar(folder("a/b"), link("a/b/up", ".."), link("a/b/up/l", "x")),
    "a link in a file's place": tar(member("f", b"x"), link("f", "other")),
    "a link without a target": tar(link("l", "")),
    "a character device": tar(member("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)),
    "a block device": tar(member("disk", type=tarfile.BLKTYPE, devmajor=8)),
    "a pipe": tar(member("pipe", type=tarfile.FIFOTYPE)),
    "a kind that nobody knows": tar(member("what", type=b"Z")),
    "a sparse file of GNU": tar(member("holes", b"x", type=b"S")),
    "a sparse file of pax": tar(sparse("holes")),
    "the same file twice": tar(member("a", b"1"), member("./a", b"2")),
    "a file in a folder's place": tar(folder("a"), member("a", b"x")),
    "a folder in a file's place": tar(member("a", b"x"), folder("a")),
    "a file below a file": tar(member("a", b"x"), member("a/b", b"x")),
    "a huge file": tar(member("a", size=1 << 40)),
    "a file of more than is allowed": tar(member("a", bytes((1 << 20) + 1))),
    "a compressed bomb": bomb(8 << 20),
    "a bomb of many files": zipped(tar(*(member(f"f{n}", bytes(1 << 19)) for n in range(8)))),
    "a bomb in a header": zipped(tar(member("b" * (3 << 20), b"x"))),
    "many files": tar(*(member(f"f{n}", b"") for n in range(60))),
    "many folders from few names": tar(*(member(f"a{n}/b/c/d/e/f", b"") for n in range(8))),
    "headers without end": tar((*member("a", b"")[:1], b""))[:512] * 200,
    "a very deep folder": tar(member("a/" * 20 + "f", b"x")),
    "a name too long for a file": tar(member("a" * 300, b"x")),
    "a name with a zero byte": tar(member("a", b"x", pax_headers={"path": "a\0b"})),
    "no name": other_header(put(0, b"\0")),
    "a file that is the folder itself": tar(member(".", b"x")),
    "a wrong checksum": tar(member("a", b"text"))[:148] + b"0000000\0" + tar(member("a", b"text"))[156:],
    "a size that is no number": other_header(put(124, b"what is that")),
    "a negative size": other_header(put(124, b"-0000000001\0")),
    "a negative binary size": other_header(put(124, b"\xff" * 12)),
    "a size in pax that is no number": tar(member("a", b"x", pax_headers={"size": "-1"})),
    "a broken pax record": tar(member("x", b"999999 path=a\n", type=tarfile.XHDTYPE)),
    "a pax record with endless digits": tar(member("x", b"1" * 5000 + b" path=a\n", type=tarfile.XHDTYPE)),
    "an end in the middle of a file": tar(member("a", bytes(5000)))[:3000],
    "an end in the middle of a header": tar(member("a", b"x"))[:1200],
    "an end in the middle of the compression": zipped(tar(member("a", os.urandom(5000))))[:2000],
    "broken compression": b"\x1f\x8b" + b"nothing that anybody compressed",
    "a web page": b"<html>" + b"not found " * 100,
    "a zip archive": b"PK\x03\x04" + bytes(range(256)) * 4,
}


@pytest.mark.parametrize("archive", NASTY.values(), ids=NASTY.keys())
def test_a_nasty_archive_is_refused_and_nothing_is_written_outside(tmp_path: Path, archive: bytes) -> None:
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "f").write_text("mine")
    before = (listed(tmp_path), os.path.exists("/tmp/moorage-evil"))
    into = tmp_path / "place" / "into"
    into.mkdir()
    with pytest.raises(BadArchive) as caught:
        unpack(io.BytesIO(archive), into, limits=SMALL)
    assert str(caught.value)
    outside = [path for path in listed(tmp_path) if not path.startswith("place/into")]
    assert (outside, os.path.exists("/tmp/moorage-evil")) == before
    assert all(path.resolve().is_relative_to(into) for path in into.rglob("*"))
    assert sum(path.stat().st_size for path in into.rglob("*") if path.is_file()) <= SMALL.total


@pytest.mark.parametrize("archive", NASTY.values(), ids=NASTY.keys())
def test_who_wants_what_can_be_had_gets_nothing_outside_either(tmp_path: Path, archive: bytes) -> None:
    into = tmp_path / "into"
    into.mkdir()
    with contextlib.suppress(BadArchive):
        unpack(io.BytesIO(archive), into, limits=SMALL, objection=leave_out)
    assert [path for path in listed(tmp_path) if not path.startswith("into")] == []
    assert all(path.resolve().is_relative_to(into) for path in into.rglob("*"))


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("pack", [bytes, zipped], ids=["plain", "gzip"])
def test_files_folders_and_links_arrive(tmp_path: Path, form: int, pack: Callable[[bytes], bytes]) -> None:
    deep = "sub/" + "long-" * 25 + "/" + "file"
    archive = tar(
        *feature(member(deep, b"deep"), folder("empty"), link("sub/up", "../install.sh")),
        link("hard", "./install.sh", hard=True),
        form=form,
    )
    into = taken_out(tmp_path, pack(archive))
    assert (into / deep).read_bytes() == b"deep"
    assert (into / "sub/up").readlink() == Path("../install.sh")
    assert (into / "hard").read_bytes() == (into / "install.sh").read_bytes()
    assert stat.S_IMODE((into / "install.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((into / "devcontainer-feature.json").stat().st_mode) == 0o644
    assert (into / "empty").is_dir()


def test_special_bits_and_owners_do_not_arrive(tmp_path: Path) -> None:
    into = taken_out(tmp_path, tar(member("su", b"x", mode=0o6755, uid=12345, gid=12345)))
    assert stat.S_IMODE((into / "su").stat().st_mode) == 0o755
    assert (into / "su").stat().st_uid == os.getuid()


def test_an_archive_in_two_compressed_parts_is_one(tmp_path: Path) -> None:
    archive = tar(member("a", b"x" * 2000))
    into = taken_out(tmp_path, zipped(archive[:900]) + zipped(archive[900:]))
    assert (into / "a").read_bytes() == b"x" * 2000


def test_the_end_may_be_missing_between_members(tmp_path: Path) -> None:
    assert listed(taken_out(tmp_path, tar(member("a", b"x"))[:1024])) == ["a"]


def test_a_comment_for_all_members_changes_nothing(tmp_path: Path) -> None:
    comment = member("pax_global_header", b"19 comment=abcdef0\n", type=tarfile.XGLTYPE)
    renamed = member("pax_global_header", b"13 path=evil\n", type=tarfile.XGLTYPE)
    assert listed(taken_out(tmp_path, tar(comment, renamed, member("a", b"x")))) == ["a"]


def test_names_may_differ_in_case_alone_where_files_can(tmp_path: Path) -> None:
    into = taken_out(tmp_path, tar(member("a", b"1"), member("A", b"2")))
    assert (into / "a").read_bytes() + (into / "A").read_bytes() == b"12"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_an_archive_with_any_damage_is_refused_or_taken_out_inside(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    archive = bytearray(tar(*feature(link("l", "install.sh"), member("sub/" + "n" * 120, b"x"))))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(archive) - 1))
        archive[place] = data.draw(st.integers(0, 255))
    top = tmp_path_factory.mktemp("damaged")
    (top / "into").mkdir()
    with contextlib.suppress(BadArchive):
        unpack(io.BytesIO(bytes(archive)), top / "into", limits=SMALL)
    assert os.listdir(top) == ["into"]
    assert all(path.resolve().is_relative_to(top / "into") for path in top.rglob("*"))
