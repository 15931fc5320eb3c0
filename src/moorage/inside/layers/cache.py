"""Unpacked layers on a disk, each in a folder of its own that is there only when it is whole.

    <cache>/layers/sha256-<hex of the diff id>/files         the layer, its deletions as an overlay has them
    <cache>/layers/sha256-<hex of the diff id>/layer.json    what is known of it, and if the disk has it all
    <cache>/partial/…                                        what is being unpacked, or was when somebody died

A rename shows a layer, so whoever is killed leaves nothing half under its name. It counts in this boot only,
until `settle` has made sure that the disk has it: syncing each layer would cost more than unpacking it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from moorage.inside.layers.boot import SETTLED, boot, is_there, write_durably
from moorage.inside.layers.unpack import Unpacked

_FILES = "files"
_RECORD = "layer.json"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One layer of the cache. `opaque` as in `unpack`; `boot` is when it was written."""

    diff_id: str
    opaque: str
    unpacked: Unpacked
    boot: str = SETTLED


class LayerCache:
    """`opaque` is the attribute that deletions are written with (see `unpack`); others' layers do not count.

    Many may use one cache at the same time. Blocking; raises OSError where the disk does not do as told.
    """

    def __init__(self, folder: Path, opaque: str) -> None:
        self._layers = folder / "layers"
        self._partial = folder / "partial"
        self.opaque = opaque

    def find(self, diff_id: str) -> Kept | None:
        """A layer that is there, whole, and not of a boot that ended before the disk had it."""
        try:
            kept = msgspec.json.decode((self._place(diff_id) / _RECORD).read_bytes(), type=Kept)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        usable = kept.diff_id == diff_id and kept.opaque == self.opaque and is_there(kept.boot)
        return kept if usable else None

    def files(self, diff_id: str) -> Path:
        """The folder to mount."""
        return self._place(diff_id) / _FILES

    @contextlib.contextmanager
    def beside(self) -> Iterator[Path]:
        """An empty folder to unpack into and then to `keep`; it goes away at the end if it was not kept."""
        self._partial.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=self._partial))
        with _locked(folder):
            (folder / _FILES).mkdir()
            try:
                yield folder / _FILES
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def keep(self, files: Path, diff_id: str, unpacked: Unpacked) -> Kept:
        """Show a layer that was unpacked to its end and checked. One that somebody was faster with stays."""
        kept = Kept(diff_id=diff_id, opaque=self.opaque, unpacked=unpacked, boot=boot())
        (files.parent / _RECORD).write_bytes(msgspec.json.encode(kept))
        self._layers.mkdir(parents=True, exist_ok=True)
        place = self._place(diff_id)
        try:
            files.parent.rename(place)
        except OSError:
            found = self.find(diff_id)
            if found is not None:
                return found
            self.remove(diff_id)
            files.parent.rename(place)
        return kept

    def settle(self, diff_ids: Iterable[str]) -> None:
        """Make the disk have these layers, so that they outlast a loss of power. May take seconds."""
        found = [kept for diff_id in diff_ids if (kept := self.find(diff_id)) and kept.boot != SETTLED]
        if not found:
            return
        os.sync()
        for kept in found:
            settled = msgspec.structs.replace(kept, boot=SETTLED)
            write_durably(self._place(kept.diff_id) / _RECORD, msgspec.json.encode(settled))

    def remove(self, diff_id: str) -> None:
        """Take a layer away, all at once for whoever looks."""
        with self.beside() as files, contextlib.suppress(FileNotFoundError):
            self._place(diff_id).rename(files / "removed")

    def sweep(self) -> None:
        """Remove what was being unpacked by those who were killed."""
        for folder in self._partial.glob("*"):
            if (folder / _FILES).is_dir():  # else somebody may be about to lock it
                with contextlib.suppress(OSError), _locked(folder, wait=False):
                    shutil.rmtree(folder, ignore_errors=True)

    def _place(self, diff_id: str) -> Path:
        """Without a colon, which separates the folders of an overlay."""
        return self._layers / diff_id.replace(":", "-")


@contextlib.contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """The kernel lets go of it when its holder dies."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(fd)
