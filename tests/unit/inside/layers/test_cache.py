"""A layer is in the cache when it is whole, and a root is known as half when it is not."""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from moorage.inside.layers import boot
from moorage.inside.layers.apply import clear, into_cache, into_root
from moorage.inside.layers.cache import LayerCache
from moorage.inside.layers.errors import LayerDamaged, LayerRefused, RootHalf
from moorage.inside.layers.journal import Journal
from moorage.oci.failures import DigestMismatch
from tests.unit.inside.layers.archives import folder, layer, member

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices are root's")

OPAQUE = "trusted.overlay.opaque"
LAYER = layer(folder("a"), member("a/b", b"text"), member("a/.wh.c"))
DIFF_ID = f"sha256:{hashlib.sha256(LAYER).hexdigest()}"
PACKED = gzip.compress(LAYER)


async def chunks(data: bytes = PACKED) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 100):
        yield data[at : at + 100]


@pytest.fixture
def cache(tmp_path: Path) -> LayerCache:
    return LayerCache(tmp_path / "cache", OPAQUE)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "root.json")


@pytest.fixture
def another_boot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Asked for in a test's middle: what follows happens after the machine was started again."""
    (tmp_path / "boot").write_text("another\n")
    monkeypatch.setattr(boot, "_BOOT", tmp_path / "boot")


class TestCache:
    async def test_a_layer_is_there_once_it_is_whole(self, cache: LayerCache, tmp_path: Path) -> None:
        assert cache.find(DIFF_ID) is None
        kept = await into_cache(chunks(), cache, DIFF_ID)
        assert cache.find(DIFF_ID) == kept
        assert (cache.files(DIFF_ID) / "a/b").read_bytes() == b"text"
        assert (cache.files(DIFF_ID) / "a/c").is_char_device()
        assert ":" not in str(cache.files(DIFF_ID).relative_to(tmp_path))
        assert list((tmp_path / "cache/partial").iterdir()) == []

    @pytest.mark.parametrize(
        "data",
        [PACKED[:-4], gzip.compress(layer(member("../x"))), PACKED[:60]],
        ids=["end", "path", "middle"],
    )
    async def test_what_is_refused_leaves_nothing(
        self, cache: LayerCache, tmp_path: Path, data: bytes
    ) -> None:
        with pytest.raises((LayerDamaged, LayerRefused)):
            await into_cache(chunks(data), cache, DIFF_ID)
        assert cache.find(DIFF_ID) is None
        assert [path.name for path in (tmp_path / "cache").rglob("*")] == ["partial"]

    async def test_another_digest_leaves_nothing(self, cache: LayerCache) -> None:
        other = f"sha256:{'0' * 64}"
        with pytest.raises(DigestMismatch):
            await into_cache(chunks(), cache, other)
        assert cache.find(other) is None

    async def test_one_that_was_faster_stays(self, cache: LayerCache) -> None:
        first = await into_cache(chunks(), cache, DIFF_ID)
        number = cache.files(DIFF_ID).stat().st_ino
        assert await into_cache(chunks(), cache, DIFF_ID) == first
        assert cache.files(DIFF_ID).stat().st_ino == number

    async def test_layers_for_another_kind_of_overlay_are_made_anew(
        self, cache: LayerCache, tmp_path: Path
    ) -> None:
        await into_cache(chunks(), cache, DIFF_ID)
        other = LayerCache(tmp_path / "cache", "user.overlay.opaque")
        assert other.find(DIFF_ID) is None
        assert await into_cache(chunks(), other, DIFF_ID) == other.find(DIFF_ID)

    async def test_after_a_loss_of_power_only_what_was_settled_is_there(
        self, cache: LayerCache, request: pytest.FixtureRequest
    ) -> None:
        await into_cache(chunks(), cache, DIFF_ID)
        unsettled = layer(member("other"))
        other = f"sha256:{hashlib.sha256(unsettled).hexdigest()}"
        await into_cache(chunks(unsettled), cache, other)
        cache.settle([DIFF_ID, f"sha256:{'0' * 64}"])
        request.getfixturevalue("another_boot")
        assert cache.find(DIFF_ID)
        assert cache.find(other) is None
        await into_cache(chunks(unsettled), cache, other)
        assert cache.find(other)

    async def test_one_whose_record_is_damaged_is_made_anew(self, cache: LayerCache) -> None:
        await into_cache(chunks(), cache, DIFF_ID)
        (cache.files(DIFF_ID).parent / "layer.json").write_text("{")
        assert cache.find(DIFF_ID) is None
        assert await into_cache(chunks(), cache, DIFF_ID) == cache.find(DIFF_ID)

    def test_what_the_killed_left_is_swept_and_nothing_else(self, cache: LayerCache, tmp_path: Path) -> None:
        program = (
            "import os, sys, pathlib; from moorage.inside.layers.cache import LayerCache\n"
            f"with LayerCache(pathlib.Path(sys.argv[1]), {OPAQUE!r}).beside() as files:\n"
            "    (files / 'half').write_text('x')\n"
            "    os.kill(os.getpid(), 9)\n"
        )
        subprocess.run([sys.executable, "-c", program, str(tmp_path / "cache")], check=False)
        assert len(list((tmp_path / "cache/partial").iterdir())) == 1
        with cache.beside() as files:
            cache.sweep()
            assert files.is_dir()
            assert list((tmp_path / "cache/partial").iterdir()) == [files.parent]

    async def test_a_removed_one_is_gone(self, cache: LayerCache, tmp_path: Path) -> None:
        await into_cache(chunks(), cache, DIFF_ID)
        cache.remove(DIFF_ID)
        cache.remove(DIFF_ID)
        assert cache.find(DIFF_ID) is None
        assert list((tmp_path / "cache/layers").iterdir()) == []


class TestInPlace:
    async def test_layers_come_one_after_another(self, tmp_path: Path, journal: Journal) -> None:
        root = tmp_path / "root"
        root.mkdir()
        (root / "keep").mkdir()
        assert journal.read().whole
        await into_root(chunks(), str(root), journal, DIFF_ID, guarded=("keep",))
        second = layer(member(".wh.keep"), member("a/.wh.b"))
        other = f"sha256:{hashlib.sha256(second).hexdigest()}"
        await into_root(chunks(second), str(root), journal, other, guarded=("keep",))
        assert journal.read().layers == (DIFF_ID, other)
        assert journal.read().whole
        assert sorted(str(path.relative_to(root)) for path in root.rglob("*")) == ["a", "keep"]

    async def test_half_a_root_is_known_and_stays_as_it_is(self, tmp_path: Path, journal: Journal) -> None:
        root = tmp_path / "root"
        (root / "keep").mkdir(parents=True)
        with pytest.raises(DigestMismatch):
            await into_root(chunks(), str(root), journal, f"sha256:{'0' * 64}")
        assert not journal.read().whole
        with pytest.raises(RootHalf):
            await into_root(chunks(), str(root), journal, DIFF_ID)
        clear(str(root), journal, ("keep",))
        assert [path.name for path in root.rglob("*")] == ["keep"]
        await into_root(chunks(), str(root), journal, DIFF_ID)
        assert journal.read().layers == (DIFF_ID,)

    async def test_a_loss_of_power_makes_it_half(
        self, tmp_path: Path, journal: Journal, request: pytest.FixtureRequest
    ) -> None:
        await into_root(chunks(), str(tmp_path), journal, DIFF_ID)
        request.getfixturevalue("another_boot")
        assert not journal.read().whole

    async def test_unless_it_was_synced(
        self, tmp_path: Path, journal: Journal, request: pytest.FixtureRequest
    ) -> None:
        await into_root(chunks(), str(tmp_path), journal, DIFF_ID)
        journal.settled()
        request.getfixturevalue("another_boot")
        assert journal.read().whole

    def test_a_journal_that_cannot_be_read_is_of_no_whole_root(self, tmp_path: Path) -> None:
        (tmp_path / "root.json").write_text("{")
        assert not Journal(tmp_path / "root.json").read().whole
