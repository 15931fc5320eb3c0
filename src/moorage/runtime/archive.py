"""The tree as tar and gzip: the same tree gives the same bytes."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Mapping
from hashlib import sha256

import msgspec

from moorage.runtime.tree import Entry, File, Link, Tree, folders

_LEVEL = 9
_GZIP = 31  # zlib's way to say: with gzip's header, which then holds neither name nor time


class Archive(msgspec.Struct, frozen=True):
    """`data` is gzip; `diff_id` the digest of what is in it, as image configurations name layers."""

    data: bytes
    digest: str
    diff_id: str


def archive(tree: Tree, prefix: str, modes: Mapping[str, int] | None = None) -> Archive:
    """Sorted entries below `prefix`, owner 0, all of the same time. `modes` are those of further folders."""
    plain = _tar(tree, prefix.strip("/"), modes or {})
    packer = zlib.compressobj(_LEVEL, wbits=_GZIP)
    data = packer.compress(plain) + packer.flush()
    return Archive(data, _digest(data), _digest(plain))


def _tar(tree: Tree, prefix: str, modes: Mapping[str, int]) -> bytes:
    whole = {f"{prefix}/{path}" if prefix else path: entry for path, entry in tree.items()}
    listed: dict[str, Entry | int] = {**dict.fromkeys(folders(whole), 0o755), **modes, **whole}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as out:
        for path in sorted(listed):
            _add(out, path, listed[path])
    return stream.getvalue()


def _add(out: tarfile.TarFile, path: str, entry: Entry | int) -> None:
    header = tarfile.TarInfo(path)
    match entry:
        case File(content, executable):
            header.size, header.mode = len(content), 0o755 if executable else 0o644
            out.addfile(header, io.BytesIO(content))
        case Link(target):
            header.type, header.linkname, header.mode = tarfile.SYMTYPE, target, 0o777
            out.addfile(header)
        case mode:
            header.type, header.mode = tarfile.DIRTYPE, mode
            out.addfile(header)


def _digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"
