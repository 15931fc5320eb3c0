"""Damaged and hostile archives: nothing outside of the root changes, it ends, and it is told by name.

`MOORAGE_FUZZ=20000` runs that many examples of each (`make test-full` does); CI a few.
"""

from __future__ import annotations

import contextlib
import os
import tarfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moorage.inside.layers.compression import PIECE, plain, zstd
from moorage.inside.layers.entry import Limits
from moorage.inside.layers.errors import LayerDamaged, LayerNotWritten, LayerRefused, LayerTooLarge
from moorage.inside.layers.root import Root
from moorage.inside.layers.unpack import unpack
from tests.unit.inside.layers.archives import Member, folder, hard_link, in_pieces, layer, link, member, tree

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices are root's")

NAMED = (LayerDamaged, LayerNotWritten, LayerRefused, LayerTooLarge)
EXAMPLES = int(os.environ.get("MOORAGE_FUZZ", "150"))
LIMITS = Limits(total=4 << 20, members=500, file=1 << 30, header=1 << 16)
fuzzed = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

PARTS = st.sampled_from(
    ["a", "b", "l", "..", ".", "outside", "secret", "keep", ".wh.a", ".wh.keep", ".wh..wh..opq", ""]
)
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
MEMBERS = st.one_of(
    st.builds(member, PATHS, st.binary(max_size=1500)),
    st.builds(folder, PATHS, mode=st.integers(0, 0o7777)),
    st.builds(link, PATHS, PATHS),
    st.builds(hard_link, PATHS, PATHS),
    st.builds(member, PATHS, kind=st.sampled_from([tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.BLKTYPE])),
    st.builds(
        member,
        PATHS,
        st.binary(max_size=600),
        pax=st.dictionaries(
            st.sampled_from(
                ["path", "linkpath", "size", "mtime", "uid", "GNU.sparse.map", "GNU.sparse.size",
                 "GNU.sparse.major", "GNU.sparse.minor", "GNU.sparse.realsize", "GNU.sparse.name",
                 "SCHILY.xattr.user.a", "SCHILY.xattr.trusted.overlay.opaque"]
            ),
            st.one_of(PATHS, st.sampled_from(["0", "1", "-1", "9" * 30, "0,600", "1.5", "5,1,3"])),
            max_size=3,
        ),
    ),
)  # fmt: skip
CHANGES = st.lists(st.tuples(st.integers(0, 5000), st.binary(min_size=1, max_size=12)), max_size=6)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("fuzz")
    (top / "outside").mkdir()
    (top / "outside/secret").write_text("mine")
    return top


def takes(place: Path, archive: bytes, opaque: str) -> None:
    """Unpack into a fresh root with something guarded; then everything else has to be as it was."""
    outside = tree(place / "outside")
    root = place / "root"
    (root / "keep").mkdir(parents=True)
    (root / "keep/mine").write_text("mine")
    guarded = tree(root / "keep")
    try:
        with Root(str(root), ("keep",)) as opened, contextlib.suppress(*NAMED):
            unpack(in_pieces(archive), opened, opaque=opaque, limits=LIMITS)
    finally:
        assert tree(root / "keep") == guarded
        assert tree(place / "outside") == outside
        assert sorted(os.listdir(place)) == ["outside", "root"]
        with Root(str(place)) as above:
            top = above.folder("", make=False)
            assert top is not None
            assert above.remove(top, "root")


@fuzzed
@given(st.lists(MEMBERS, max_size=8), st.sampled_from(["", "trusted.overlay.opaque"]))
def test_hostile_members(place: Path, members: list[Member], opaque: str) -> None:
    takes(place, layer(*members), opaque)


@fuzzed
@given(
    st.lists(MEMBERS, min_size=1, max_size=5),
    CHANGES,
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    st.booleans(),
)
def test_changed_bytes(
    place: Path, members: list[Member], changes: list[tuple[int, bytes]], form: int, valid: bool
) -> None:
    """Also with checksums that are right again, so that what is behind them is reached."""
    archive = bytearray(layer(*members, form=form))
    for at, data in changes:
        at %= len(archive)
        archive[at : at + len(data)] = data
    if valid:
        for at in range(0, len(archive) - 511, 512):
            if archive[at + 257 : at + 262] == b"ustar":
                archive[at + 148 : at + 156] = b" " * 8
                archive[at + 148 : at + 156] = b"%06o\0 " % sum(archive[at : at + 512])
    takes(place, bytes(archive), "")


@fuzzed
@given(st.binary(max_size=3000), CHANGES, st.sampled_from(["gzip", "zstd"]), st.integers(1, 700))
def test_changed_compression(data: bytes, changes: list[tuple[int, bytes]], way: str, size: int) -> None:
    packed = bytearray(zstd.compress(data) if way == "zstd" else zlib.compress(data, wbits=31))
    for at, change in changes:
        at %= len(packed)
        packed[at : at + len(change)] = change
    with contextlib.suppress(LayerDamaged):
        for number, piece in enumerate(plain(in_pieces(bytes(packed), size))):
            assert len(piece) <= PIECE
            if number > 100:
                break
