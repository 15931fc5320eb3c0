"""Sees the arguments of every process: all that moorage starts, and others as often as one can look."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HOOK = """
import os, sys

def _note(event, arguments):
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        with open(os.environ["ARGV_LOG"], "a", errors="surrogateescape") as log:
            log.write(f"{arguments[:2]!r}\\n")

sys.addaudithook(_note)
"""


class Watch:
    """`arguments` are those seen so far; `env` makes a Python program report what it starts."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "argv.log"
        (folder / "sitecustomize.py").write_text(_HOOK)
        self._log.touch()
        self._seen: set[bytes] = set()
        self._over = threading.Event()
        self.env = {"PYTHONPATH": str(folder), "ARGV_LOG": str(self._log)}

    @property
    def started(self) -> str:
        """What the watched program itself has started, one line each."""
        return self._log.read_text(errors="replace")

    @property
    def others(self) -> list[str]:
        """Arguments of all processes of this machine, those in containers too, as often as one can look."""
        return [each.replace(b"\0", b" ").decode(errors="replace") for each in self._seen]

    def look(self) -> None:
        while not self._over.is_set():
            for name in os.listdir("/proc"):
                if name.isdecimal():
                    with contextlib.suppress(OSError), open(f"/proc/{name}/cmdline", "rb") as file:
                        self._seen.add(file.read())

    def end(self) -> None:
        self._over.set()


@contextmanager
def watched(folder: Path) -> Iterator[Watch]:
    """Look for as long as the block lasts."""
    folder.mkdir()
    watch = Watch(folder)
    thread = threading.Thread(target=watch.look, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.end()
        thread.join()
