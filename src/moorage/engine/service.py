"""Podman's API for as long as a command runs, where no socket of Podman's listens.

`podman system service` answers on a socket in a folder that only we can enter, and ends with us: the kernel
ends it when this process dies in whatever way (prctl(2), PR_SET_PDEATHSIG). Containers stay: they are no
children of the service.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from .endpoint import Endpoint
from .errors import EngineNotRunning

_PREFIX = "moorage-podman-"
_SECONDS = 20.0
_GRACE = 5.0


def private_socket(environ: Mapping[str, str]) -> str:
    """A path for one service of this process; its folder is made when the service starts."""
    from secrets import token_hex  # only where a service is to be started

    runtime = environ.get("XDG_RUNTIME_DIR", "")
    base = runtime if runtime and os.access(runtime, os.W_OK) else "/tmp"  # noqa: S108  the folder is ours alone
    return f"{base}/{_PREFIX}{os.getpid()}-{token_hex(4)}/podman.sock"


class Service:
    """The service of one endpoint, started when it is first needed."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._folder = Path(endpoint.socket).parent
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()

    async def ready(self) -> None:
        """Have it listen. Raises EngineNotRunning with what it said when it does not."""
        async with self._lock:
            if self._process is None or self._process.returncode is not None:
                await self._start()

    async def stop(self) -> None:
        """End it and remove its folder; nothing happens to one that was never started."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):  # it alone: what containers need may be in its group
            process.terminate()
        try:
            async with asyncio.timeout(_GRACE):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        _remove(self._folder)

    async def _start(self) -> None:
        import signal

        from ..child import dies_with_us  # a warm Docker never needs it

        _sweep(self._folder.parent)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        with (self._folder / "log").open("wb") as log:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self._endpoint.service,
                    self._endpoint.host,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl+C is ours; it is ended when we are done
                    preexec_fn=dies_with_us(signal.SIGTERM),
                )
            except OSError as error:
                raise self._failed(f"{self._endpoint.service[0]}: {error.strerror or error}") from error
        await self._listening(self._process)

    async def _listening(self, process: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                while not await answers(self._endpoint.socket):
                    if process.returncode is not None:
                        raise self._failed(f"it ended with exit code {process.returncode}")
                    await asyncio.sleep(0.01)
        except TimeoutError as error:
            raise self._failed(f"it did not listen within {_SECONDS:.0f} s") from error

    def _failed(self, why: str) -> EngineNotRunning:
        try:
            said = (self._folder / "log").read_text(errors="replace").strip().splitlines()[-8:]
        except OSError:
            said = []
        _remove(self._folder)
        words = " ".join(self._endpoint.service)
        return EngineNotRunning(
            "Podman's service could not be started.",
            evidence=(f"{words}: {why}", *said),
            hint=f"See what `{words}` says, or start Podman's own: `systemctl --user start podman.socket`.",
        )


async def answers(socket: str) -> bool:
    """Whether somebody listens on the socket."""
    try:
        _, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    writer.close()
    return True


def _sweep(base: Path) -> None:
    """Remove the folders of runs that were killed."""
    for folder in base.glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            if owner.isdecimal() and not _lives(int(owner)) and folder.lstat().st_uid == os.getuid():
                _remove(folder)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _remove(folder: Path) -> None:
    for name in ("podman.sock", "log"):
        (folder / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()
