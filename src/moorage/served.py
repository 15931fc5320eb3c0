"""A program that serves us on a private Unix socket for as long as we run.

It listens in a folder that only we can enter, and ends with us: the kernel ends it when this process dies in
whatever way. Only the program itself is ended: what it has started for others may be in its group.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import private
from .child import dies_with_us
from .errors import MoorageError


class Served:
    """Started when it is first needed. `socket`: folder and name, as `private.name` with `prefix` makes them.

    `failed` makes the error of why it does not serve, in one clause, and its last lines. `environ` None is
    our own. Times in seconds.
    """

    def __init__(
        self,
        command: Sequence[str],
        socket: str,
        *,
        prefix: str,
        failed: Callable[[str, tuple[str, ...]], MoorageError],
        environ: Mapping[str, str] | None = None,
        patience: float,
        grace: float,
    ) -> None:
        self.socket = socket
        self._command = tuple(command)
        self._folder = Path(socket).parent
        self._prefix = prefix
        self._error = failed
        self._environ = environ
        self._patience, self._grace = patience, grace
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()

    async def ready(self) -> None:
        """Have it listen. Raises what `failed` makes when it does not."""
        async with self._lock:
            if self._process is None or self._process.returncode is not None:
                self._process = await self._started()

    async def stop(self) -> None:
        """End it and remove its folder; nothing happens to one that was never started."""
        process, self._process = self._process, None
        if process is not None:
            await self._end(process)
            self._remove(self._folder)

    def words(self) -> tuple[str, ...]:
        """Its last lines."""
        try:
            return tuple((self._folder / "log").read_text(errors="replace").strip().splitlines()[-8:])
        except OSError:
            return ()

    async def _started(self) -> asyncio.subprocess.Process:
        for left in private.abandoned(str(self._folder.parent), self._prefix):
            self._remove(Path(left))
        self._remove(self._folder)
        self._folder.mkdir(mode=0o700)
        process = None
        try:
            process = await self._spawned()
            await self._listening(process)
        except BaseException:
            if process is not None:
                await self._end(process)
            self._remove(self._folder)
            raise
        return process

    async def _spawned(self) -> asyncio.subprocess.Process:
        with (self._folder / "log").open("wb") as log:
            try:
                return await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self._environ,
                    start_new_session=True,  # Ctrl+C is ours; without a terminal nothing can prompt there
                    preexec_fn=dies_with_us(signal.SIGTERM),
                )
            except OSError as error:
                raise self._error(f"{self._command[0]}: {error.strerror or error}", self.words()) from error

    async def _listening(self, process: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(self._patience):
                while not await answers(self.socket):
                    if process.returncode is not None:
                        raise self._error(f"it ended with exit code {process.returncode}", self.words())
                    await asyncio.sleep(0.01)
        except TimeoutError as error:
            raise self._error(f"it did not listen within {self._patience:.0f} s", self.words()) from error

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(self._grace):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        await asyncio.sleep(0)  # asyncio closes what belongs to it one turn later

    def _remove(self, folder: Path) -> None:
        for name in (Path(self.socket).name, "log"):
            (folder / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            folder.rmdir()


async def answers(socket: str) -> bool:
    """Whether somebody listens on the socket."""
    try:
        _, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    writer.close()
    return True
