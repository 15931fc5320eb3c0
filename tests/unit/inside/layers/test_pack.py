"""What changed below a root, as a layer, and that layer on another root: there it comes to the same."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import subprocess
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moorage.inside.layers import overlay
from moorage.inside.layers.change import Change
from moorage.inside.layers.compression import plain, zstd
from moorage.inside.layers.errors import ChangesUnreadable
from moorage.inside.layers.pack import archive, pack
from moorage.inside.layers.root import Root
from moorage.inside.layers.snapshot import Snapshot
from moorage.inside.layers.unpack import unpack
from tests.unit.inside.layers.archives import in_pieces, tree

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices are root's")

OPAQUE = "trusted.overlay.opaque"


def packed(root: Path, changes: Iterable[Change], time: int | None = None) -> bytes:
    with Root(str(root)) as place:
        return b"".join(archive(changes, place, time=time))


def copy_of(root: Path, name: str = "copy") -> Path:
    copy = root.parent / name
    subprocess.run(["cp", "-a", "--", str(root), str(copy)], check=True)
    return copy


def applied(layer: bytes, root: Path, guarded: tuple[str, ...] = ()) -> None:
    with Root(str(root), guarded) as place:
        unpack(in_pieces(layer), place)


def after(root: Path, change: Callable[[Path], object]) -> tuple[list[Change], Path]:
    """The changes, and a copy of the root from before with the layer of them on it."""
    whole_seconds(root)
    copy = copy_of(root)
    snapshot = Snapshot(str(root))
    change(root)
    whole_seconds(root)
    changes = snapshot.changes()
    applied(packed(root, changes), copy)
    return changes, copy


def whole_seconds(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        seconds = path.lstat().st_mtime_ns // 1_000_000_000 * 1_000_000_000
        if path.lstat().st_mtime_ns != seconds:
            os.utime(path, ns=(seconds, seconds), follow_symlinks=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "a/b").mkdir(parents=True)
    (root / "a/b/deep").write_text("deep")
    (root / "a/file").write_text("text")
    (root / "c").mkdir()
    (root / "c/one").write_text("1")
    (root / "c/two").write_text("2")
    (root / "d").mkdir()
    (root / "link").symlink_to("a/file")
    return root


def all_kinds(root: Path) -> None:
    (root / "new").mkdir(mode=0o1777)
    (root / "new/setuid").write_bytes(os.urandom(700_000))
    os.chown(root / "new/setuid", 3_000_000, 5)
    (root / "new/setuid").chmod(0o4711)
    (root / ("n" * 200)).symlink_to("t" * 300)
    (root / "ünïcode \udcff").write_text("x")
    (root / "new/other").hardlink_to(root / "new/setuid")
    os.mknod(root / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    os.mkfifo(root / "pipe")
    os.setxattr(root / "c/one", "user.note", b"a\0\n=\xff")
    os.setxattr(root / "c/one", "security.capability", b"\x01\x00\x00\x02\x00\x20\x00\x00" + bytes(12))
    os.utime(root / "a/file", (-100, -100))


def test_every_kind_of_file_comes_to_the_same(root: Path) -> None:
    changes, copy = after(root, all_kinds)
    assert tree(copy) == tree(root)
    assert [change.path for change in changes] == sorted(
        (change.path for change in changes), key=lambda path: path.split("/")
    )


def test_deleted_replaced_and_emptied(root: Path) -> None:
    def change(root: Path) -> None:
        (root / "a/file").unlink()
        for path in (root / "c/one", root / "c/two"):
            path.unlink()
        (root / "c/three").write_text("3")
        (root / "d").rmdir()
        (root / "d").write_text("a file now")
        (root / "link").unlink()
        (root / "link").mkdir()
        (root / "link/in").write_text("x")

    changes, copy = after(root, change)
    assert tree(copy) == tree(root)
    assert [(each.path, each.kind) for each in changes] == [
        ("a", "written"),
        ("a/file", "deleted"),
        ("c", "written"),
        ("c", "opaque"),
        ("c/three", "written"),
        ("d", "written"),
        ("link", "written"),
        ("link/in", "written"),
    ]


def test_a_second_look_tells_only_what_came_after_the_first(root: Path) -> None:
    snapshot = Snapshot(str(root))
    (root / "c/one").write_text("new")
    assert [each.path for each in snapshot.changes()] == ["c", "c/one"]
    assert snapshot.changes() == []
    (root / "a/b/deep").chmod(0o600)
    assert [each.path for each in snapshot.changes()] == ["a", "a/b", "a/b/deep"]


def test_a_change_that_keeps_size_and_time_is_seen(root: Path) -> None:
    """Written at once after the look, and its time put back."""
    for _ in range(20):
        snapshot = Snapshot(str(root))
        then = (root / "c/one").stat()
        (root / "c/one").write_text(str(os.urandom(1)[0] % 10))
        os.utime(root / "c/one", ns=(then.st_atime_ns, then.st_mtime_ns))
        assert Change("c/one") in snapshot.changes()


def test_what_is_guarded_is_not_looked_at(root: Path) -> None:
    snapshot = Snapshot(str(root), ("/c", "a/b"))
    (root / "c/one").unlink()
    (root / "a/b/new").write_text("x")
    (root / "a/b").chmod(0o700)
    assert snapshot.changes() == []


def test_a_sparse_file_stays_one(root: Path) -> None:
    def change(root: Path) -> None:
        with (root / "holes").open("wb") as file:
            file.seek(5_000_000)
            file.write(b"middle")
            file.truncate(50_000_000)
        with (root / "only a hole ü").open("wb") as file:
            file.truncate(3_000_000)

    _, copy = after(root, change)
    assert tree(copy) == tree(root)
    assert (copy / "holes").stat().st_blocks * 512 < 1_000_000
    assert len(packed(root, [Change("holes")])) < 100_000


@pytest.mark.parametrize("form", ["gnu", "posix 0.1", "posix 1.0"])
def test_sparse_files_of_gnu_tar(root: Path, form: str) -> None:
    with (root / "holes").open("wb") as file:
        for at in range(40):
            file.seek(at * 1_000_000)
            file.write(b"part %d" % at)
        file.truncate(60_000_000)
    (root / "behind").write_text("x")
    name, _, version = form.partition(" ")
    command = ["tar", "--sparse", f"--format={name}", *([f"--sparse-version={version}"] if version else [])]
    made = subprocess.run([*command, "-c", "holes", "behind"], cwd=root, stdout=subprocess.PIPE, check=True)
    assert len(made.stdout) < 1_000_000
    (root.parent / "copy").mkdir()
    applied(made.stdout, root.parent / "copy")
    for path in ("holes", "behind"):
        assert (root.parent / "copy" / path).read_bytes() == (root / path).read_bytes()
    assert (root.parent / "copy/holes").stat().st_blocks * 512 < 1_000_000


def test_other_programs_read_it(root: Path) -> None:
    """GNU tar, which knows all of this, finds what it would have packed itself."""
    all_kinds(root)
    with (root / "holes").open("wb") as file:
        file.seek(5_000_000)
        file.write(b"middle")
    whole_seconds(root)
    paths = [Change(str(path.relative_to(root))) for path in sorted(root.rglob("*"))]
    copy = root.parent / "copy"
    copy.mkdir()
    subprocess.run(
        ["tar", "-x", "--xattrs", "--xattrs-include=*", "--same-owner", "-p", "-C", str(copy)],
        input=packed(root, paths),
        check=True,
        stderr=subprocess.PIPE,
    )
    whole_seconds(copy)
    assert tree(copy) == tree(root)


def test_the_same_changes_are_the_same_bytes(root: Path) -> None:
    all_kinds(root)
    changes = [Change(str(path.relative_to(root))) for path in sorted(root.rglob("*"))]
    assert packed(root, changes, 1) == packed(copy_of(root), changes, 1)
    with tarfile.open(fileobj=io.BytesIO(packed(root, changes, 1))) as found:
        assert {member.mtime for member in found} == {1, -100}


@pytest.mark.parametrize("packing", ["gzip", "zstd", "none"])
def test_packed_with_digests_and_sizes(root: Path, packing: str) -> None:
    written = []
    for _ in range(2):
        file = io.BytesIO()
        with Root(str(root)) as place:
            result = pack([Change("a"), Change("a/file")], place, file, packing=packing)  # type: ignore[arg-type]
        written.append((result, file.getvalue()))
    assert written[0] == written[1]
    result, data = written[0]
    unpacked = {"gzip": gzip.decompress, "zstd": zstd.decompress, "none": bytes}[packing](data)
    assert result.descriptor.digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert result.diff_id == f"sha256:{hashlib.sha256(unpacked).hexdigest()}"
    assert (result.descriptor.size, result.size) == (len(data), len(unpacked))
    assert result.descriptor.media_type.endswith({"gzip": "+gzip", "zstd": "+zstd", "none": ".tar"}[packing])
    assert b"".join(plain([data])) == unpacked


def test_what_vanishes_meanwhile_is_told(root: Path) -> None:
    with pytest.raises(ChangesUnreadable):
        packed(root, [Change("a/never")])
    with pytest.raises(ChangesUnreadable):
        packed(root, [Change("never/a")])


def test_a_socket_is_in_no_layer(root: Path) -> None:
    os.mknod(root / "socket", 0o600 | stat.S_IFSOCK)
    assert packed(root, [Change("socket")]) == packed(root, [])


class TestOverlay:
    def test_its_upper_folder_is_read_as_changes(self, root: Path) -> None:
        os.mknod(root / "a/gone", stat.S_IFCHR, 0)
        os.setxattr(root / "c", OPAQUE, b"y")
        os.setxattr(root / "d", OPAQUE, b"y")
        found = overlay.changes(str(root), OPAQUE, ("/a/b",), lambda path: path != "d")
        assert [(each.path, each.kind) for each in found] == [
            ("a", "written"),
            ("a/gone", "deleted"),
            ("a/file", "written"),
            ("c", "written"),
            ("c", "opaque"),
            ("c/one", "written"),
            ("c/two", "written"),
            ("d", "written"),
            ("link", "written"),
        ]

    def test_one_that_keeps_files_elsewhere_is_refused(self, root: Path) -> None:
        os.setxattr(root / "c", "trusted.overlay.redirect", b"/x")
        with pytest.raises(ChangesUnreadable, match="elsewhere"):
            list(overlay.changes(str(root), OPAQUE))

    def test_a_real_overlay_comes_to_the_same(self, root: Path) -> None:
        whole_seconds(root)
        copy = copy_of(root)
        places = [root.parent / name for name in ("upper", "work", "merged")]
        for place in places:
            place.mkdir()
        upper, work, merged = places
        options = f"lowerdir={root},upperdir={upper},workdir={work},redirect_dir=off,metacopy=off,index=off"
        mounted = subprocess.run(
            ["mount", "-t", "overlay", "overlay", "-o", options, str(merged)],
            stderr=subprocess.PIPE,
            check=False,
        )
        if mounted.returncode:
            pytest.skip(f"no overlay here: {mounted.stderr!r}")
        try:
            (merged / "c/one").unlink()
            subprocess.run(["rm", "-r", str(merged / "a")], check=True)
            (merged / "a/b").mkdir(parents=True)
            (merged / "a/b/new").write_text("x")
            (merged / "fresh/below").mkdir(parents=True)
            all_kinds_in = merged / "c"
            (all_kinds_in / "h1").write_text("h")
            (all_kinds_in / "h2").hardlink_to(all_kinds_in / "h1")
            whole_seconds(merged)
            changes = list(overlay.changes(str(upper), OPAQUE, (), lambda path: (root / path).is_dir()))
            assert Change("fresh", "opaque") not in changes
            applied(packed(upper, changes), copy)
            assert tree(copy) == tree(merged)
        finally:
            subprocess.run(["umount", str(merged)], check=True)


NAMES = st.sampled_from(["a", "b", "cc", "d" * 120, "ü", ".hidden", "a.b"])
CONTENTS = st.one_of(
    st.binary(max_size=2000), st.just(None), st.tuples(NAMES), st.integers(min_value=0, max_value=3)
)
"""A file's bytes, a folder, a link's target, or (by its place among the files before) a hard link."""
TREES = st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map("/".join), CONTENTS, max_size=12)


def make(root: Path, wanted: dict[str, object]) -> None:
    """What of it can be had: a path below a file cannot."""
    files: list[Path] = []
    for name, content in sorted(wanted.items()):
        path = root / name
        if any(above.is_symlink() or above.is_file() for above in path.parents if above != root):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() or path.is_symlink():
            continue
        if isinstance(content, bytes):
            path.write_bytes(content)
            path.chmod(0o600 | len(content) % 0o200)
            files.append(path)
        elif isinstance(content, tuple):
            path.symlink_to(content[0])
        elif isinstance(content, int) and files:
            path.hardlink_to(files[content % len(files)])
        else:
            path.mkdir()


@given(TREES, TREES)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_tree_that_becomes_any_other(
    tmp_path_factory: pytest.TempPathFactory, first: dict[str, object], second: dict[str, object]
) -> None:
    root = tmp_path_factory.mktemp("any") / "root"
    root.mkdir()
    make(root, first)

    def change(root: Path) -> None:
        for name in sorted(first)[::2]:
            subprocess.run(["rm", "-rf", str(root / name)], check=False, stderr=subprocess.DEVNULL)
        make(root, second)

    _, copy = after(root, change)
    assert tree(copy) == tree(root)
