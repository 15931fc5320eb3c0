"""What a layer becomes in a folder, and what it cannot do."""

from __future__ import annotations

import os
import stat
import tarfile
from pathlib import Path

import pytest

from moorage.inside.layers.entry import Limits
from moorage.inside.layers.errors import LayerDamaged, LayerNotWritten, LayerRefused, LayerTooLarge
from moorage.inside.layers.root import Root
from moorage.inside.layers.unpack import Unpacked, unpack
from tests.unit.inside.layers.archives import (
    Member,
    folder,
    hard_link,
    in_pieces,
    layer,
    link,
    member,
)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices are root's")

OPAQUE = "trusted.overlay.opaque"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with something beside it that nobody may touch."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("mine")
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def put(root: Path, *members: Member, guarded: tuple[str, ...] = (), opaque: str = "") -> Unpacked:
    with Root(str(root), guarded) as place:
        return unpack(in_pieces(layer(*members)), place, opaque=opaque)


def test_files_folders_and_links(root: Path) -> None:
    put(
        root,
        folder("a/", mode=0o1777, time=1_234_567_890),
        member("a/b", b"text", mode=0o4755, owner=(12, 34), time=1_111_111_111),
        member("a/empty"),
        link("a/c", "/etc/passwd"),
        hard_link("d", "a/b"),
        member("null", kind=tarfile.CHRTYPE, device=(1, 3), mode=0o666),
        member("pipe", kind=tarfile.FIFOTYPE, mode=0o622),
    )
    found = (root / "a/b").stat()
    assert (root / "a/b").read_bytes() == b"text"
    assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (0o4755, 12, 34)
    assert found.st_mtime_ns == 1_111_111_111_000_000_000
    assert (root / "a").stat().st_mtime_ns == 1_234_567_890_000_000_000
    assert stat.S_IMODE((root / "a").stat().st_mode) == 0o1777
    assert os.readlink(root / "a/c") == "/etc/passwd"
    assert (root / "d").samefile(root / "a/b")
    assert (root / "null").stat().st_rdev == os.makedev(1, 3)
    assert stat.S_IMODE((root / "null").stat().st_mode) == 0o666
    assert stat.S_ISFIFO((root / "pipe").stat().st_mode)


def test_long_names_and_large_numbers_in_both_ways_of_writing_them(root: Path) -> None:
    name = "/".join(["d" * 60] * 5) + "/" + "ü" * 100
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        archive = layer(member(name, b"x", owner=(3_000_000, 4_000_000)), link("l", name), form=form)
        with Root(str(root)) as place:
            unpack(in_pieces(archive), place)
        assert (root / name).stat().st_uid == 3_000_000
        assert os.readlink(root / "l") == name


def test_fractions_of_seconds_and_times_before_1970(root: Path) -> None:
    put(root, member("a", time=1.25), member("b", time=-2.5))
    assert (root / "a").stat().st_mtime_ns == 1_250_000_000
    assert (root / "b").stat().st_mtime_ns == -2_500_000_000


def test_attributes_of_files_capabilities_among_them(root: Path) -> None:
    capability = b"\x01\x00\x00\x02\x00\x20\x00\x00" + bytes(12)
    pax = {
        "SCHILY.xattr.security.capability": capability.decode("utf-8", "surrogateescape"),
        "SCHILY.xattr.user.note": "a\nb=c\0d",
    }
    put(root, member("a", b"x", owner=(5, 5), mode=0o755, pax=pax))
    assert os.getxattr(root / "a", "security.capability") == capability
    assert os.getxattr(root / "a", "user.note") == b"a\nb=c\0d"


def test_an_overlays_own_attributes_are_left_out_and_told(root: Path) -> None:
    pax = {"SCHILY.xattr.trusted.overlay.redirect": "/etc"}
    result = put(root, member("a/", kind=tarfile.DIRTYPE, pax=pax))
    assert os.listxattr(root / "a") == []
    assert result.left == ("/a has the attribute trusted.overlay.redirect, which is left out",)


def test_folders_that_the_layer_has_not_are_told(root: Path) -> None:
    assert put(root, member("a/b/c", b"x"), folder("a/")).implied == ("a/b",)


def test_a_later_member_takes_the_place_of_an_earlier_one(root: Path) -> None:
    put(
        root,
        member("a", b"1"),
        member("a", b"22"),
        folder("b"),
        member("b/c"),
        link("b", "a"),
        member("b", b"3"),
    )
    assert (root / "a").read_bytes() == b"22"
    assert (root / "b").read_bytes() == b"3"


def test_what_a_layer_below_had_gives_way(root: Path) -> None:
    put(
        root, folder("d", mode=0o700), member("d/kept", b"1"), folder("was"), member("was/in"), link("l", "d")
    )
    put(root, folder("d", mode=0o755, time=7), member("was", b"file"), folder("l"), member("l/x", b"2"))
    assert (root / "d/kept").read_bytes() == b"1"
    assert stat.S_IMODE((root / "d").stat().st_mode) == 0o755
    assert (root / "d").stat().st_mtime == 7
    assert (root / "was").read_bytes() == b"file"
    assert not (root / "l").is_symlink()
    assert (root / "l/x").read_bytes() == b"2"


class TestDeletions:
    def test_are_carried_out(self, root: Path) -> None:
        put(root, member("a/b/c"), member("a/d"), member("e"))
        put(root, member("a/.wh.b"), member(".wh.e"), member(".wh.never"), member("no/.wh.where"))
        assert [path.name for path in sorted(root.rglob("*"))] == ["a", "d"]

    @pytest.mark.parametrize("first", [True, False])
    def test_are_about_layers_below_only(self, root: Path, first: bool) -> None:
        put(root, member("a/old"), member("a/sub/old"), member("b/old"), member("f", b"old"))
        marks = [member("a/.wh..wh..opq"), member(".wh.b"), member(".wh.f")]
        new = [folder("a/sub"), member("a/sub/new"), member("a/new"), member("b/new"), member("f", b"new")]
        put(root, *(marks + new if first else new + marks))
        found = {str(path.relative_to(root)) for path in root.rglob("*")}
        assert found == {"a", "a/sub", "a/sub/new", "a/new", "b", "b/new", "f"}
        assert (root / "f").read_bytes() == b"new"

    @pytest.mark.parametrize("first", [True, False])
    def test_are_written_down_for_an_overlay(self, root: Path, first: bool) -> None:
        marks = [member("a/.wh..wh..opq"), member(".wh.b"), member(".wh.gone"), member("deep/.wh.gone")]
        new = [folder("a"), member("a/new"), folder("b"), member("b/new")]
        put(root, *(marks + new if first else new + marks), opaque=OPAQUE)
        assert os.getxattr(root / "a", OPAQUE) == b"y"
        assert os.getxattr(root / "b", OPAQUE) == b"y"
        for gone in (root / "gone", root / "deep/gone"):
            assert stat.S_ISCHR(gone.stat().st_mode)
            assert gone.stat().st_rdev == 0
        assert {path.name for path in root.rglob("*")} == {"a", "b", "new", "gone", "deep"}

    @pytest.mark.parametrize("name", [".wh.", "a/.wh..", ".wh..."])
    def test_of_what_is_no_name_are_refused(self, root: Path, name: str) -> None:
        with pytest.raises(LayerRefused):
            put(root, folder("a"), member(name))

    def test_records_of_storage_drivers_are_nothing(self, root: Path) -> None:
        put(root, member(".wh..wh.plnk/1"), member(".wh..wh.aufs"))
        assert {path.name for path in root.rglob("*")} <= {".wh..wh.plnk", "1"}


class TestNothingLeadsOut:
    @pytest.mark.parametrize("name", ["../outside/new", "a/../../outside/new", "/../outside/new", ".."])
    def test_by_its_path(self, root: Path, name: str) -> None:
        with pytest.raises(LayerRefused, match="leads out"):
            put(root, member(name, b"x"))
        assert os.listdir(root.parent / "outside") == ["secret"]

    def test_a_leading_slash_is_the_root(self, root: Path) -> None:
        put(root, member("/outside/secret", b"x"))
        assert (root / "outside/secret").read_bytes() == b"x"

    @pytest.mark.parametrize(
        "target", ["../outside", "{top}/outside", "../../../../../../../../{top}/outside", "/", "."]
    )
    def test_by_a_link_of_the_same_layer(self, root: Path, target: str) -> None:
        target = target.format(top=root.parent)
        put(root, link("l", target), member("l/secret", b"x"), member("l/new", b"y"), member("l/.wh.secret"))
        assert (root.parent / "outside/secret").read_text() == "mine"
        assert os.listdir(root.parent / "outside") == ["secret"]

    def test_by_a_link_of_a_layer_below_to_a_folder_of_the_root(self, root: Path) -> None:
        put(root, folder("usr/bin"), link("bin", "usr/bin"), link("abs", "/usr/../usr/./bin"))
        put(root, member("bin/a", b"1"), member("abs/b", b"2"))
        assert sorted(os.listdir(root / "usr/bin")) == ["a", "b"]
        assert (root / "bin").is_symlink()

    @pytest.mark.parametrize("target", ["../outside/secret", "/etc/passwd", "l/secret", "nothing", "", "."])
    def test_by_a_hard_link(self, root: Path, target: str) -> None:
        with pytest.raises(LayerRefused):
            put(root, link("l", "../outside"), hard_link("h", target))
        assert (root.parent / "outside/secret").stat().st_nlink == 1

    def test_by_a_hard_link_to_a_link(self, root: Path) -> None:
        put(root, link("l", "../outside/secret"), hard_link("h", "l"), member("h", b"x"))
        assert (root.parent / "outside/secret").read_text() == "mine"

    def test_a_whiteout_follows_no_link(self, root: Path) -> None:
        put(root, link("l", "../outside"), member(".wh.l"), link("m", "../outside"), member("m/.wh..wh..opq"))
        put(root, member(".wh.l"), member("m/.wh..wh..opq"))
        assert (root.parent / "outside/secret").read_text() == "mine"

    def test_links_in_circles(self, root: Path) -> None:
        with pytest.raises(LayerRefused, match="circles"):
            put(root, link("a", "b"), link("b", "a"), member("a/x"))

    def test_below_a_file(self, root: Path) -> None:
        with pytest.raises(LayerRefused, match="no folder"):
            put(root, member("a"), member("a/x"))

    def test_a_path_without_end(self, root: Path) -> None:
        with pytest.raises(LayerRefused, match="deep"):
            put(root, member("a/" * 5000 + "b"))

    def test_a_name_that_no_file_system_takes(self, root: Path) -> None:
        with pytest.raises(LayerNotWritten):
            put(root, member("a" * 300))

    def test_a_kind_that_no_image_has(self, root: Path) -> None:
        with pytest.raises(LayerRefused, match="kind"):
            put(root, member("a", kind=b"V"))


class TestGuarded:
    def test_is_neither_written_nor_removed_nor_linked(self, root: Path) -> None:
        put(root, member("keep/me/file", b"mine"), member("keep/other", b"old"))
        result = put(
            root,
            member("keep/me/file", b"theirs"),
            member("keep/me/new"),
            folder("keep/me", mode=0o700),
            link("way", "keep/me"),
            member("way/file", b"theirs"),
            member("keep/me/.wh.file"),
            member("keep/me/.wh..wh..opq"),
            member(".wh.keep"),
            guarded=("/keep/me",),
        )
        assert [str(path.relative_to(root)) for path in sorted(root.rglob("*"))] == [
            "keep",
            "keep/me",
            "keep/me/file",
            "way",
        ]
        assert (root / "keep/me/file").read_bytes() == b"mine"
        assert stat.S_IMODE((root / "keep/me").stat().st_mode) == 0o755
        assert "/keep/me/file is not touched" in result.left
        with pytest.raises(LayerRefused):
            put(root, hard_link("h", "keep/me/file"), guarded=("keep/me",))

    def test_what_it_lies_in_stays_a_folder(self, root: Path) -> None:
        put(root, member("run/secrets/token", b"t"))
        result = put(root, link("run", "/var/run"), guarded=("run/secrets",))
        assert (root / "run/secrets/token").read_bytes() == b"t"
        assert result.left == ("/run stays a folder, for what is mounted in it",)


class TestLimits:
    def refused(self, root: Path, archive: bytes, **limits: int) -> None:
        with Root(str(root)) as place, pytest.raises(LayerTooLarge):
            unpack(in_pieces(archive), place, limits=Limits(**limits))

    def test_of_all_bytes(self, root: Path) -> None:
        self.refused(root, layer(member("a", bytes(100_000))), total=50_000)

    def test_of_bytes_behind_the_end(self, root: Path) -> None:
        self.refused(root, layer(member("a")) + bytes(100_000), total=50_000)

    def test_of_members(self, root: Path) -> None:
        self.refused(root, layer(*(member(f"{n}") for n in range(20))), members=10)

    def test_of_a_file_that_is_one_hole(self, root: Path) -> None:
        pax = {"GNU.sparse.map": "", "GNU.sparse.size": str(1 << 60), "GNU.sparse.name": "a"}
        self.refused(root, layer(member("x", pax=pax)))

    def test_of_a_header(self, root: Path) -> None:
        self.refused(root, layer(member("a", pax={"comment": "c" * (2 << 20)})))


@pytest.mark.parametrize("at", [0, 1, 99, 511, 600, 1023, 1500])
def test_an_archive_that_is_cut_off(root: Path, at: int) -> None:
    archive = layer(member("a", bytes(1000)))
    with Root(str(root)) as place:
        if at in (0,):
            assert unpack(in_pieces(archive[:at]), place).members == 0
        else:
            with pytest.raises(LayerDamaged):
                unpack(in_pieces(archive[:at]), place)


@pytest.mark.parametrize(
    "field",
    [(100, b"+000644\0"), (124, b"00_00000000\0"), (148, b"9999999\0"), (136, b"\x80" + b"\xff" * 11)],
)
def test_garbage_in_a_header(root: Path, field: tuple[int, bytes]) -> None:
    archive = bytearray(layer(member("a", b"x"), form=tarfile.GNU_FORMAT))
    at, text = field
    archive[at : at + len(text)] = text
    if at != 148:
        archive[148:156] = b"%06o\0 " % (sum(archive[:148]) + 256 + sum(archive[156:512]))
    with Root(str(root)) as place, pytest.raises(LayerDamaged):
        unpack(in_pieces(bytes(archive)), place)
