"""The way through kubectl (or a drop-in such as oc): its `proxy` brings its own authentication.

`kubectl proxy` listens on a Unix socket in a folder that only we can enter, and ends with us: the kernel
ends it when this process dies in whatever way (prctl(2), PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_hex

import msgspec

from .access import Access, User
from .errors import BadClusterOption, ClusterUnreachable

_PREFIX = "moorage-kubectl-"
_SECONDS = 30.0
_GRACE = 3.0
_PR_SET_PDEATHSIG = 1
_NEVER = "^$"


class Through:
    """One `kubectl proxy`, started when it is first needed. `program`: the words before `proxy`."""

    def __init__(
        self, program: tuple[str, ...], arguments: tuple[str, ...], environ: Mapping[str, str]
    ) -> None:
        self._command = (*program, *arguments)
        self._environ = environ
        self._folder = Path(_base(environ)) / f"{_PREFIX}{os.getpid()}-{token_hex(4)}"
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()

    @property
    def socket(self) -> str:
        """Where it listens once it is ready."""
        return str(self._folder / "socket")

    async def ready(self) -> None:
        """Have it listen. Raises ClusterUnreachable with what it said when it does not."""
        async with self._lock:
            if self._process is None or self._process.returncode is not None:
                await self._start()

    async def stop(self) -> None:
        """End it and remove its folder; nothing happens to one that was never started."""
        process, self._process = self._process, None
        if process is not None:
            await _end(process)
        _remove(self._folder)

    def words(self) -> tuple[str, ...]:
        """Its last lines: where authentication fails, it knows why."""
        try:
            return tuple((self._folder / "log").read_text(errors="replace").strip().splitlines()[-6:])
        except OSError:
            return ()

    async def _start(self) -> None:
        _sweep(self._folder.parent)
        _remove(self._folder)
        self._folder.mkdir(mode=0o700)
        words = (*self._command, "proxy", f"--unix-socket={self.socket}", f"--reject-paths={_NEVER}")
        with (self._folder / "log").open("wb") as log:
            try:
                process = await asyncio.create_subprocess_exec(
                    *words,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=dict(self._environ),
                    start_new_session=True,  # Ctrl+C is ours; without a terminal nothing can prompt there
                    preexec_fn=_ends_with(os.getpid()),
                )
            except OSError as error:
                raise self._failed(f"{words[0]}: {error.strerror or error}") from error
        try:
            await self._listening(process)
        except BaseException:
            await _end(process)
            _remove(self._folder)
            raise
        self._process = process

    async def _listening(self, process: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                while not await _answers(self.socket):
                    if process.returncode is not None:
                        raise self._failed(f"it ended with exit code {process.returncode}")
                    await asyncio.sleep(0.01)
        except TimeoutError as error:
            raise self._failed(f"it did not listen within {_SECONDS:.0f} s") from error

    def _failed(self, why: str) -> ClusterUnreachable:
        words = " ".join((*self._command, "proxy"))
        return ClusterUnreachable(
            "The way to the cluster through the program in `path` is closed.",
            evidence=(f"{words}: {why}", *self.words()),
            hint=f"See what `{words}` says, or leave `path` out: moorage needs no kubectl.",
        )


def through(path: str, *, config: str, context: str, environ: Mapping[str, str], home: str) -> Through:
    """For the option `path`: a program, or a program and its first words ("k3s kubectl").

    Raises BadClusterOption when there is no such program.
    """
    words = (path,) if _program(path, environ, home) else tuple(path.split())
    program = _program(words[0], environ, home) if words else None
    if program is None:
        raise BadClusterOption(
            f"{path} is not a program that moorage can start.",
            hint="Give the path of kubectl or a drop-in in the option `path`, or leave it out.",
        )
    arguments = [f"--kubeconfig={config}"] if config else []
    arguments += [f"--context={context}"] if context else []
    return Through((program, *words[1:]), tuple(arguments), environ)


def led_through(access: Access, way: Through) -> Access:
    """The access as it is on the near side of the proxy, which adds credentials and TLS itself."""
    return msgspec.structs.replace(
        access,
        server="http://localhost",
        socket=way.socket,
        user=User(impersonation=access.user.impersonation),
        origin=f"{access.origin}, through option path",
    )


def _program(word: str, environ: Mapping[str, str], home: str) -> str | None:
    name = f"{home}/{word[2:]}" if word.startswith("~/") else word
    return shutil.which(name, path=environ.get("PATH", os.defpath))


def _base(environ: Mapping[str, str]) -> str:
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    return runtime if runtime and os.access(runtime, os.W_OK) else "/tmp"  # noqa: S108 - the folder is ours alone


async def _answers(socket: str) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    writer.close()
    return True


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_GRACE):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _ends_with(parent: int) -> Callable[[], None] | None:
    """What the child does before it becomes kubectl: ask the kernel for an end together with us."""
    if sys.platform != "linux":
        return None
    import ctypes
    import signal

    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # we died before it could ask
            os._exit(1)

    return ask


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
    for name in ("socket", "log"):
        (folder / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()
