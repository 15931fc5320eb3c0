"""Settings of the machine that kubelet changes: kept, and put back when the cluster goes."""

import contextlib
import json
from pathlib import Path

from .place import Place

_CHANGED = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
            "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes")  # fmt: skip
_ROOT = Path("/proc/sys")


def remember(place: Place) -> None:
    found = {name: (_ROOT / name).read_text() for name in _CHANGED if (_ROOT / name).exists()}
    (place.folder / "kernel.json").write_text(json.dumps(found))


def restore(place: Place) -> None:
    try:
        kept = json.loads((place.folder / "kernel.json").read_text())
    except (OSError, ValueError):
        return
    for name, value in kept.items():
        with contextlib.suppress(OSError):
            (_ROOT / name).write_text(value)
