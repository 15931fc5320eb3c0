"""Damaged and hostile archives: nothing outside of the root changes, it ends, and it is told by name.

CI runs some examples of each, `make test-full` very many.
"""

from __future__ import annotations

import contextlib
import os
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moorage.inside.layers.compression import PIECE, plain, zstd
from moorage.inside.layers.entry import Limits
from moorage.inside.layers.errors import LayerDamaged, LayerNotWritten, LayerRefused, LayerTooLarge
from moorage.inside.layers.root import Root
from moorage.inside.layers.unpack import unpack
from tests.unit.inside.layers.archives import Member, folder, hard_link, in_pieces, layer, link, member, tree

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices are root's")

NAMED = (LayerDamaged, LayerNotWritten, LayerRefused, LayerTooLarge)
EXAMPLES = pytest.mark.parametrize(
    "examples", [100, pytest.param(5000, marks=[pytest.mark.full, pytest.mark.timeout(3000)])]
)
LIMITS = Limits(total=4 << 20, members=500, file=1 << 30, header=1 << 16)


def fuzzed(examples: int, check: Callable[..., None]) -> None:
    """Run a check that hypothesis gives its arguments."""
    settings(max_examples=examples, deadline=None)(check)()


PARTS = st.sampled_from(
    ["a", "b", "l", "..", ".", "outside", "secret", "keep", ".wh.a", ".wh.keep", ".wh..wh..opq", ""]
)
FORMS = st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
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
Changes = list[tuple[int, bytes]]
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


@EXAMPLES
def test_hostile_members(place: Path, examples: int) -> None:
    @given(st.lists(MEMBERS, max_size=8), st.sampled_from(["", "trusted.overlay.opaque"]))
    def check(members: list[Member], opaque: str) -> None:
        takes(place, layer(*members), opaque)

    fuzzed(examples, check)


@EXAMPLES
def test_changed_bytes(place: Path, examples: int) -> None:
    """Also with checksums that are right again, so that what is behind them is reached."""

    @given(st.lists(MEMBERS, min_size=1, max_size=5), CHANGES, FORMS, st.booleans())
    def check(members: list[Member], changes: Changes, form: int, valid: bool) -> None:
        archive = changed(layer(*members, form=form), changes)
        takes(place, with_checksums(archive) if valid else archive, "")

    fuzzed(examples, check)


@EXAMPLES
def test_changed_compression(examples: int) -> None:
    @given(st.binary(max_size=3000), CHANGES, st.sampled_from(["gzip", "zstd"]), st.integers(1, 700))
    def check(data: bytes, changes: Changes, way: str, size: int) -> None:
        packed = zstd.compress(data) if way == "zstd" else zlib.compress(data, wbits=31)
        with contextlib.suppress(LayerDamaged):
            for number, piece in enumerate(plain(in_pieces(changed(packed, changes), size))):
                assert len(piece) <= PIECE
                if number > 100:
                    break

    fuzzed(examples, check)


def changed(data: bytes, changes: Changes) -> bytes:
    found = bytearray(data)
    for at, change in changes:
        at %= len(found)
        found[at : at + len(change)] = change
    return bytes(found)


def with_checksums(archive: bytes) -> bytes:
    found = bytearray(archive)
    for at in range(0, len(found) - 511, 512):
        if found[at + 257 : at + 262] == b"ustar":
            found[at + 148 : at + 156] = b" " * 8
            found[at + 148 : at + 156] = b"%06o\0 " % sum(found[at : at + 512])
    return bytes(found)
