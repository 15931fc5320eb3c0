"""Files by which the reference CLI knows which hooks of a container are done (specification notes, 4.2).

Each holds the time of the container's creation, or of its start: it is valid for these only. Ours
have them as well, so that a container can be used by both in turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ..devcontainer.lifecycle import CREATE_HOOKS
from ..spec.journal import DOTFILES
from .dialogue import Task

FOLDER = ".devcontainer"
"""In the remote user's home, where no other folder is asked for."""

_START_HOOK = "postStartCommand"


def name(hook: str) -> str:
    """The file's name; `hook` may be "dotfiles"."""
    return f".{hook}Marker"


def witnessed(given: Sequence[Task], created: str, started_at: str, folder: str = "") -> tuple[Task, ...]:
    """The tasks, the last of each hook with the file that says that the hook is done."""
    if not created:
        return tuple(given)
    last = {task.key.partition(":")[0]: place for place, task in enumerate(given)}
    texts = _texts(created, started_at)
    found = list(given)
    for hook, place in last.items():
        if hook in texts:
            witness = (f"{folder or FOLDER}/{name(hook)}", texts[hook])
            found[place] = msgspec.structs.replace(found[place], witness=witness)
    return tuple(found)


def done(files: Mapping[str, bytes], created: str, started_at: str) -> frozenset[str]:
    """The hooks (and "dotfiles") that these files, by name, tell to be done; an empty one always does."""
    texts = _texts(created, started_at)
    return frozenset(
        hook
        for hook, text in texts.items()
        if (data := files.get(name(hook))) is not None and data.decode(errors="replace").strip() in ("", text)
    )


def _texts(created: str, started_at: str) -> dict[str, str]:
    return {**dict.fromkeys(CREATE_HOOKS, created), _START_HOOK: started_at, DOTFILES: ""}
