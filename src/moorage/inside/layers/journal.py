"""What was unpacked into a root in place, so that half of it is known as half whoever was killed."""

from __future__ import annotations

from pathlib import Path

import msgspec

from moorage.inside.layers.boot import SETTLED, boot, is_there, write_durably
from moorage.inside.layers.errors import RootHalf


class State(msgspec.Struct, frozen=True, kw_only=True):
    """`layers` are the diff ids that are in the root as a whole, lowest first; `unpacking` is the one that
    was begun and, as far as anybody knows, not ended.
    """

    layers: tuple[str, ...] = ()
    unpacking: str = ""
    boot: str = SETTLED

    @property
    def whole(self) -> bool:
        """Whether the root holds these layers, each from its first to its last byte."""
        return not self.unpacking and is_there(self.boot)


class Journal:
    """A file that the layers cannot reach: outside of the root, or in what is guarded in it. Blocking."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> State:
        """The state as it was written last. One that cannot be read is not whole."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=State)
        except FileNotFoundError:
            return State()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return State(unpacking="unknown")

    def begin(self, diff_id: str) -> None:
        """To be told before a layer's first member is written. Raises RootHalf: nothing makes that whole."""
        if not self.read().whole:
            raise RootHalf(
                "The container's file system holds half of a layer of an earlier start",
                hint="Clear it, or start a new container.",
            )
        self._write(State(layers=self.read().layers, unpacking=diff_id, boot=boot()))

    def end(self) -> None:
        """To be told after the layer's digest was found right."""
        state = self.read()
        self._write(State(layers=(*state.layers, state.unpacking), boot=boot()))

    def settled(self) -> None:
        """To be told after a sync: the root outlasts a loss of power."""
        self._write(msgspec.structs.replace(self.read(), boot=SETTLED))

    def forget(self) -> None:
        """To be told before the root is cleared: it holds who knows what."""
        self._write(State(unpacking="none", boot=boot()))

    def cleared(self) -> None:
        """To be told once the root is empty."""
        self._write(State(boot=boot()))

    def _write(self, state: State) -> None:
        write_durably(self._path, msgspec.json.encode(state))
