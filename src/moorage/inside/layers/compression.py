"""What layers are packed with: gzip, zstd, or nothing. The bytes decide, as media types are often wrong."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from moorage.inside.layers.errors import damaged

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from zlib import _Decompress  # the name that its stub has for it

PIECE = 1 << 20
"""Bytes that come out at a time, at most: so many that handing them to another thread costs nothing."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_WINDOW = 26
"""64 MiB: what a zstd stream may ask to be kept in memory, as a power of two."""


Packing = Literal["gzip", "zstd", "none"]
_TAR = "application/vnd.oci.image.layer.v1.tar"
MEDIA_TYPES: dict[Packing, str] = {"gzip": f"{_TAR}+gzip", "zstd": f"{_TAR}+zstd", "none": _TAR}
_LEVEL = 3
"""Of zstd. gzip gets its own 6, as every other builder has it."""


class Packer(Protocol):
    """Takes bytes and gives what they come to, which may be later; the same bytes give the same."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


def packer(packing: Packing) -> Packer:
    """A packer for one layer. gzip's header has neither a name nor a time."""
    if packing == "gzip":
        return zlib.compressobj(wbits=31)
    if packing == "zstd":
        options = {
            zstd.CompressionParameter.compression_level: _LEVEL,
            zstd.CompressionParameter.checksum_flag: 1,
        }
        return zstd.ZstdCompressor(options={int(key): value for key, value in options.items()})
    return _Nothing()


class _Nothing:
    def compress(self, data: bytes, /) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


class _Stream(Protocol):
    """One member of gzip, or one frame of zstd."""

    @property
    def eof(self) -> bool:
        """Its end was seen."""

    @property
    def unused_data(self) -> bytes:
        """What was given from behind its end."""


_S = TypeVar("_S", bound=_Stream)


def plain(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What is inside, in bounded pieces, from chunks of any size. Raises LayerDamaged."""
    source = iter(chunks)
    start = b""
    while len(start) < len(_ZSTD) and (chunk := next(source, b"")):
        start += chunk
    if start.startswith(_GZIP):
        return _streams(start, source, lambda: zlib.decompressobj(wbits=31), _gunzipped)
    if start.startswith(_ZSTD) or _is_skippable(start):
        return _streams(start, source, _zstd_stream, _unzstd)
    return _as_it_is(start, source)


def _as_it_is(start: bytes, source: Iterator[bytes]) -> Iterator[bytes]:
    if start:
        yield start
    yield from source


def _streams(
    data: bytes,
    source: Iterator[bytes],
    begin: Callable[[], _S],
    pieces: Callable[[_S, bytes], Iterator[bytes]],
) -> Iterator[bytes]:
    """A stream may follow another; zeros behind the last one are filling, as gzip itself sees it."""
    while data:
        stream = begin()
        while not stream.eof:
            data = data or next(source, b"")
            if not data:
                raise damaged("The layer ends too early: its compression is not complete")
            yield from pieces(stream, data)
            data = b""
        data = stream.unused_data.lstrip(b"\0")
        while not data and (chunk := next(source, b"")):
            data = chunk.lstrip(b"\0")


def _gunzipped(stream: _Decompress, data: bytes) -> Iterator[bytes]:
    """What comes out for bytes that were not given before, up to the stream's end."""
    try:
        while not stream.eof:
            piece = stream.decompress(data, PIECE)
            data = stream.unconsumed_tail
            if piece:
                yield piece
            if not data and len(piece) < PIECE:
                return
    except zlib.error as error:
        raise damaged(f"The layer's compression is broken: {error}") from error


def _zstd_stream() -> zstd.ZstdDecompressor:
    return zstd.ZstdDecompressor(options={int(zstd.DecompressionParameter.window_log_max): _WINDOW})


def _unzstd(stream: zstd.ZstdDecompressor, data: bytes) -> Iterator[bytes]:
    """As `_gunzipped`."""
    try:
        while data or not (stream.needs_input or stream.eof):
            piece = stream.decompress(data, PIECE)
            data = b""
            if piece:
                yield piece
    except zstd.ZstdError as error:
        raise damaged(f"The layer's compression is broken: {error}") from error


def _is_skippable(start: bytes) -> bool:
    """A frame with something else in it (RFC 8878, 3.1.2), which zstd passes over by itself."""
    return start[1:4] == b"\x2a\x4d\x18" and start[:1] >= b"\x50" and start[:1] <= b"\x5f"
