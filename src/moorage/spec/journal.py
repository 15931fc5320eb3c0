"""Where the runner inside a container keeps its journal, and how its files become a `Journal`.

Everything is in the container's writable layer and under the instance's own folder, so a home folder that
outlives the container, or an image committed from it, never counts as work done (design section 4).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from .observation import Journal

FOLDER = "/var/lib/moorage"
"""Small: `runner.sh`, and per instance `prepared`, `journal`, `env.<probe>`, locks. One look reads it whole.

`prepared` tells of the container and its home; `journal` is the runner's alone, so that preparing twice, by
two clients at once, loses nothing of what has happened since.
"""

LOGS = "/var/log/moorage"
"""Per instance one log a run. Large: only `moorage logs` reads it."""

RUNNER = f"{FOLDER}/runner.sh"
DOTFILES = "dotfiles"
"""The key under which the journal has the dotfiles."""

_OWN = frozenset({"PWD", "OLDPWD", "SHLVL", "_"})


def state(instance: str) -> str:
    """The folder of the journal of this container instance."""
    return f"{FOLDER}/{instance}"


def logs(instance: str) -> str:
    """The folder of the logs of this container instance."""
    return f"{LOGS}/{instance}"


def stage_key(hook: str, index: int, started_at: str = "") -> str:
    """One value of a hook in the journal; postStartCommand is due anew at every start, so it has that too."""
    return f"{hook}:{index}@{started_at}" if hook == "postStartCommand" else f"{hook}:{index}"


def parse(files: Mapping[str, bytes], instance: str = "") -> Journal:
    """What the files say of this instance; names are relative to `FOLDER` ("<instance>/journal").

    Without an instance the only journal there is counts; with several none does. Lines not understood, and
    a last line that was cut off, are passed over.
    """
    found = {name.split("/")[0] for name in files if name.endswith(("/journal", "/prepared"))}
    owner = instance or (found.pop() if len(found) == 1 else "")
    text = files.get(f"{owner}/prepared", b"") + files.get(f"{owner}/journal", b"")
    probes = {
        name.split("/env.")[1]: environment(data)
        for name, data in files.items()
        if name.startswith(f"{owner}/env.") and name.count(".") == 1
    }
    return msgspec.structs.replace(_told(text), probes=probes)


def environment(data: bytes) -> dict[str, str]:
    """Read NUL-separated NAME=value entries (as /proc/PID/environ), without what is one shell's own."""
    entries = (entry.partition("=") for entry in data.decode(errors="surrogateescape").split("\0"))
    return {name: value for name, equals, value in entries if equals and name and name not in _OWN}


def _told(text: bytes) -> Journal:
    prepared = running = False
    owed, failed, code = "", "", 0
    done: dict[str, None] = {}
    ran: dict[str, str] = {}
    for line in text.decode(errors="surrogateescape").split("\n")[:-1]:
        word, _, rest = line.partition(" ")
        if word == "prepared":
            prepared = True
        elif word == "owes":
            owed = rest
        elif word == "owned":
            owed = ""
        elif word in ("run", "over"):
            running = word == "run"
        elif word == "was":
            digest, _, key = rest.partition(" ")
            ran[key] = digest
        elif word == "done":
            done[rest] = None
            failed, code = ("", 0) if failed == rest else (failed, code)
        elif word == "failed":
            number, _, failed = rest.partition(" ")
            code = int(number) if number.isdecimal() else 1
    return Journal(
        prepared=prepared,
        owed=owed,
        done=tuple(done),
        failed=failed,
        exit_code=code,
        running=running,
        dotfiles=DOTFILES in done,
        ran=ran,
    )
