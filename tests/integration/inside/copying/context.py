"""A context, and a root to copy into, with something of everything that files can be."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import sys
import tarfile
import zlib
from pathlib import Path

from tests.unit.inside.layers.archives import folder, hard_link, layer, link, member

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TIME = 1_000_000_000
CAPABILITY = b"\x01\x00\x00\x02\x00\x20\x00\x00" + bytes(12)
IGNORE = "ign/*.log\nign/gone\n!ign/gone/keep/y\nign/all\nfifo\nnull\n"
SMALL = {
    "file": 0o644, "exec": 0o755, "suid": 0o4755, "private": 0o600,
    "dir/a": 0o644, "dir/b.txt": 0o644, "dir/sub/c.txt": 0o644, "dir/sub/d.md": 0o640,
    "dir/sub/deep/e.txt": 0o644, "dir/empty/x": 0o644, "links/1": 0o644,
    "odd/a b": 0o644, "odd/[x].txt": 0o644, "odd/x.txt": 0o644, "odd/ü": 0o644, "odd/star*": 0o644,
    "mono/p1/package.json": 0o644, "mono/p1/src/i.js": 0o644, "mono/p2/package.json": 0o644,
    "mono/p2/sub/package.json": 0o644, "xa/f": 0o644, "xa/cap": 0o755, "name with space/x": 0o644,
    "ign/kept": 0o644, "ign/not.log": 0o644, "ign/gone/x": 0o644, "ign/gone/keep/y": 0o644,
    "ign/gone/keep/z": 0o644, "ign/all/1": 0o644,
    "over2/a/new": 0o644, "over2/link": 0o644, "over2/b.txt": 0o644, "over2/sub": 0o644,
}  # fmt: skip
LINKS = {
    "dir/link": "a", "dir/abs": "/dir/sub", "dir/out": "../../../../etc/passwd", "dir/dangling": "nowhere",
    "tofile": "dir/a", "todir": "dir/sub", "toabs": "/dir/sub", "toout": "../../dir", "toign": "ign/not.log",
}  # fmt: skip


def files(top: Path) -> None:
    """What a context and a stage have in common. No time is later than the start of the test."""
    for name, mode in SMALL.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(name)
        (top / name).chmod(mode)
    for name, target in LINKS.items():
        (top / name).symlink_to(target)
    for name, mode in {"dir/sub": 0o700, "dir": 0o2775, "dir/empty": 0o1777, "mono/p1": 0o750}.items():
        (top / name).chmod(mode)
    for name in ("links/2", "links/3"):
        (top / name).hardlink_to(top / "links/1")
    os.mkfifo(top / "fifo")
    os.mknod(top / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    with (top / "holes").open("wb") as file:
        file.seek(3_000_000)
        file.write(b"end")
    os.chown(top / "file", 1000, 1001)
    os.chown(top / "dir/sub", 77, 78)
    os.setxattr(top / "xa/f", "user.note", b"n")
    os.setxattr(top / "xa", "user.dir", b"d")
    os.setxattr(top / "xa/cap", "security.capability", CAPABILITY)


def archive() -> bytes:
    """What ADD unpacks: nothing in it is refused."""
    return layer(
        member("./", kind=tarfile.DIRTYPE, mode=0o700, owner=(3, 0)),
        member("f", b"f", owner=(12, 13), mode=0o4711, time=TIME + 0.5),
        member("d/", kind=tarfile.DIRTYPE, mode=0o711, owner=(7, 0)),
        member("d/x", b"x"),
        member("implied/y", b"y"),
        link("l", "/etc/passwd"),
        member("h", kind=tarfile.LNKTYPE, target="f", owner=(12, 13), mode=0o4711, time=TIME + 0.5),
        member(".wh.gone", b"w"),
        member("d/.wh..wh..opq"),
        member("fifo", kind=tarfile.FIFOTYPE),
        member("null", kind=tarfile.CHRTYPE, device=(1, 3)),
        member("noted", b"c", pax={"SCHILY.xattr.user.note": "n"}),
        link("up", "../../up"),
        link("ldir", "d"),
    )


def context(top: Path) -> None:
    """All that the cases name, as an engine and ours get it."""
    top.mkdir()
    files(top)
    packed = archive()
    half = len(packed) // 2
    (top / "ar").mkdir()
    for name, data in {
        "a.tar": packed, "noext": packed, "cut.tar": packed[:300], "half.tar": packed[:half],
        "empty.tar": bytes(10240), "zero": b"", "a.tar.gz": gzip.compress(packed, mtime=0),
        "a.tbz": bz2.compress(packed), "a.txz": lzma.compress(packed),
        "a.zst": zstd.compress(packed), "notar.gz": gzip.compress(b"hello" * 1000, mtime=0),
        "lzma": lzma.compress(packed, format=lzma.FORMAT_ALONE),
        "two.txz": lzma.compress(packed[:half]) + lzma.compress(packed[half:]),
    }.items():  # fmt: skip
        (top / "ar" / name).write_bytes(data)
    (top / "arl").symlink_to("ar/a.tar")
    (top / "base.tar").write_bytes(base())
    (top / "stuff.tar").write_bytes(stuff(top.parent))
    (top / ".dockerignore").write_text(IGNORE)
    aged(top)


def stuff(beside: Path) -> bytes:
    """The same files as a stage, which has owners, capabilities and devices."""
    top = beside / "stuff"
    top.mkdir()
    files(top)
    aged(top)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as file:
        for path in sorted(top.rglob("*")):
            info = file.gettarinfo(path, str(path.relative_to(top)))
            info.mtime = path.lstat().st_mtime
            for key in os.listxattr(path, follow_symlinks=False):
                value = os.getxattr(path, key, follow_symlinks=False)
                info.pax_headers[f"SCHILY.xattr.{key}"] = value.decode("utf-8", "surrogateescape")
            with path.open("rb") if info.isreg() else io.BytesIO() as data:
                file.addfile(info, data)
    return packed.getvalue()


def base() -> bytes:
    """What everything is copied into: folders, files and links that may be in the way."""
    return layer(
        folder("tmp", mode=0o1777), folder("etc"), folder("real", mode=0o750), folder("real/dir", mode=0o711),
        folder("usr"), folder("over"), folder("over/a"), folder("gid", mode=0o2777),
        member("etc/passwd", b"root:x:0:0::/:/bin/sh\n", owner=(5, 0)), member("etc/group", b"root:x:0:\n"),
        member("real/old", b"old"), member("real/dir/a", b"olda", owner=(8, 8)),
        member("real/a", b"olda", mode=0o600, owner=(9, 9)),
        link("lreal", "real"), link("labs", "/real"), link("lout", "../../../real"),
        link("dang", "/made/by/link"), link("dangrel", "etc/new"), link("tofile", "etc/passwd"),
        link("loop", "loop"), link("real/ldir", "/etc"), link("real/lfile", "old"), link("bin", "usr/bin"),
        member("over/a/in", b"x"), member("over/sub", b"file"), link("over/link", "/etc"),
        link("over/b.txt", "/etc/passwd"), hard_link("usr/again", "etc/group"),
        member("real", kind=tarfile.DIRTYPE, mode=0o750, owner=(9, 9)),
        member("gid", kind=tarfile.DIRTYPE, mode=0o2777, owner=(0, 44)),
    )  # fmt: skip


def aged(top: Path) -> None:
    """A time of its own for each path, with a fraction of a second: the same in every run and in every tree,
    as BuildKit takes one copy of a content for another of another time.
    """
    paths = sorted(top.rglob("*"), key=lambda path: -len(path.parts))
    for path in (*paths, top):
        seconds = TIME + zlib.crc32(os.fsencode(path.relative_to(top))) % 900_000
        os.utime(path, ns=(0, seconds * 1_000_000_000 + 125_000_000), follow_symlinks=False)
