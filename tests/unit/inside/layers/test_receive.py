"""A layer that comes in pieces, packed in any way, checked on the way, and ended from either side."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import threading
from collections.abc import AsyncIterator, Iterable

import pytest

from moorage.inside.layers.compression import plain, zstd
from moorage.inside.layers.errors import LayerDamaged, LayerRefused
from moorage.inside.layers.receive import receive
from moorage.oci.failures import DigestMismatch
from moorage.oci.manifest import Descriptor

TEXT = b"".join(b"%d some text that can be packed\n" % n for n in range(100_000))
SKIPPABLE = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"words"
PACKED = {
    "none": TEXT,
    "gzip": gzip.compress(TEXT),
    "gzip in two": gzip.compress(TEXT[:1000]) + gzip.compress(TEXT[1000:]),
    "gzip and zeros": gzip.compress(TEXT) + bytes(1000),
    "zstd": zstd.compress(TEXT),
    "zstd in two": zstd.compress(TEXT[:1000]) + SKIPPABLE + zstd.compress(TEXT[1000:]) + SKIPPABLE,
    "zstd behind something else": SKIPPABLE + zstd.compress(TEXT),
}


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


async def chunks(data: bytes, size: int = 5000) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


@pytest.mark.parametrize("way", PACKED)
@pytest.mark.parametrize("size", [1 << 20, 70_001])
async def test_every_way_of_packing(way: str, size: int) -> None:
    packed = PACKED[way]
    descriptor = Descriptor(digest=digest(packed), size=len(packed))
    found = await receive(chunks(packed, size), b"".join, diff_id=digest(TEXT), descriptor=descriptor)
    assert found == TEXT


@pytest.mark.parametrize("way", ["gzip in two", "zstd in two"])
def test_chunks_of_one_byte(way: str) -> None:
    packed = PACKED[way][:2000]
    with pytest.raises(LayerDamaged, match="too early"):
        list(plain(packed[at : at + 1] for at in range(len(packed))))


@pytest.mark.parametrize("way", ["gzip", "zstd"])
async def test_what_is_cut_off_or_changed_is_refused(way: str) -> None:
    packed = PACKED[way]
    with pytest.raises(LayerDamaged, match="too early"):
        await receive(chunks(packed[:-9]), b"".join, diff_id="")
    with pytest.raises((LayerDamaged, DigestMismatch)):
        await receive(chunks(packed[:500] + bytes(50) + packed[550:]), b"".join, diff_id=digest(TEXT))
    with pytest.raises(LayerDamaged, match="broken"):
        await receive(chunks(packed + b"garbage"), b"".join, diff_id="")


async def test_a_window_that_takes_all_memory_is_refused() -> None:
    options = {
        zstd.CompressionParameter.window_log: 27,
        zstd.CompressionParameter.enable_long_distance_matching: 1,
    }
    packer = zstd.ZstdCompressor(options=options)
    packed = packer.compress(TEXT) + packer.flush()
    with pytest.raises(LayerDamaged, match="broken"):
        await receive(chunks(packed), b"".join, diff_id="")


async def test_another_digest_is_refused() -> None:
    packed = PACKED["gzip"]
    with pytest.raises(DigestMismatch):
        await receive(chunks(packed), b"".join, diff_id=digest(b"other"))
    for descriptor in (
        Descriptor(digest=digest(b"other"), size=len(packed)),
        Descriptor(digest=digest(packed), size=len(packed) - 1),
        Descriptor(digest=digest(packed), size=len(packed) + 1),
    ):
        with pytest.raises(DigestMismatch):
            await receive(chunks(packed), b"".join, diff_id=digest(TEXT), descriptor=descriptor)


async def test_bytes_behind_the_compression_count_for_the_digest() -> None:
    packed = PACKED["gzip"]
    with pytest.raises(DigestMismatch):
        await receive(
            chunks(packed + bytes(10)),
            b"".join,
            diff_id=digest(TEXT),
            descriptor=Descriptor(digest=digest(packed), size=len(packed)),
        )


async def test_the_error_of_who_writes_is_told_and_the_download_ended() -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1
            yield bytes(1000)

    def write(pieces: Iterable[bytes]) -> None:
        next(iter(pieces))
        raise LayerRefused("no")

    with pytest.raises(LayerRefused, match="no"):
        await receive(endless(), write, diff_id="")
    assert given > 0
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("layer")]


async def test_the_error_of_the_download_is_told() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield TEXT
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        await receive(broken(), b"".join, diff_id="")


async def test_a_cancelled_one_leaves_no_thread() -> None:
    began = asyncio.Event()

    async def stuck() -> AsyncIterator[bytes]:
        yield TEXT
        began.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(receive(stuck(), b"".join, diff_id=""))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("layer")]
