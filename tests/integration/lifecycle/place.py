"""The runner on this machine: real shells and processes, in a folder of the test's own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from importlib.resources import files
from pathlib import Path

from moorage.devcontainer.lifecycle import Command, HookName, Stage
from moorage.events import Event, LogLine, Reporter
from moorage.lifecycle.hooks import HookOutcome, HookRun, run_hooks
from moorage.spec import journal as places
from moorage.spec.journal import parse
from moorage.spec.observation import Journal

SHELLS = {"dash": ("/bin/dash",), "busybox": ("/bin/busybox", "sh"), "bash": ("/bin/bash", "--posix")}


class Local:
    """A `Process` of the contract."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        assert self.process.stdout
        while data := await self.process.stdout.read(65536):
            yield 1, data

    async def write(self, data: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(data)
        await self.process.stdin.drain()

    async def close_input(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()

    async def resize(self, columns: int, rows: int) -> None:
        raise NotImplementedError

    async def wait(self) -> int:
        return await self.process.wait()

    async def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            await self.process.stdin.wait_closed()
        transport = self.process._transport  # type: ignore[attr-defined]
        for number in (1, 2):
            if pipe := transport.get_pipe_transport(number):
                pipe.close()


class Recorder:
    """A reporter that keeps everything."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def text(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, LogLine)]


class Place:
    """A stand-in for one container: the runner's folders below a path of its own, one shell."""

    def __init__(
        self, root: Path, shell: tuple[str, ...], environment: Mapping[str, str] | None = None
    ) -> None:
        self.root = root
        self.shell = shell
        self.instance = "0123456789abcdef"
        self.home = root / "home"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "SHELL": shutil.which("bash") or "/bin/sh",
            "MOORAGE_SHELL": " ".join(shell),
        } | dict(environment or {})
        self.processes: list[asyncio.subprocess.Process] = []
        for folder in (self.state, self.logs, self.home, root / "bin"):
            folder.mkdir(parents=True, exist_ok=True)
        self.runner = root / "var/lib/moorage/runner.sh"
        self.runner.write_bytes(files("moorage.lifecycle").joinpath("runner.sh").read_bytes())
        (self.state / "journal").write_text("prepared\n")

    @property
    def state(self) -> Path:
        return Path(f"{self.root}{places.state(self.instance)}")

    @property
    def logs(self) -> Path:
        return Path(f"{self.root}{places.logs(self.instance)}")

    async def run(
        self,
        argv: tuple[str, ...],
        *,
        user: str = "",
        environment: Mapping[str, str] | None = None,
        folder: str = "",
        terminal: bool = False,
        stdin: bool = False,
    ) -> Local:
        moved = [f"{self.root}{word}" if word.startswith("/var/") else word for word in argv]
        assert moved[0] == "/bin/sh"
        process = await asyncio.create_subprocess_exec(
            *self.shell,
            *moved[1:],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self.environment | dict(environment or {}),
            cwd=folder or "/",
            start_new_session=True,
        )
        self.processes.append(process)
        return Local(process)

    async def read(self, path: str) -> bytes | None:
        raise NotImplementedError

    async def write(self, folder: str, archive: bytes) -> None:
        raise NotImplementedError

    def journal(self) -> Journal:
        folder = self.root / "var/lib/moorage"
        found = {
            str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }
        return parse(found, self.instance)

    def log(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self.logs.glob("*.log")))

    def hook_run(self, *stages: Stage, **changes: object) -> HookRun:
        given: dict[str, object] = {
            "instance": self.instance,
            "started_at": "2026-01-01T00:00:00Z",
            "user": "root",
            "folder": str(self.root),
            "stages": stages,
            "probe": "none",
            "container_environment": self.environment,
        }
        return HookRun(**(given | changes))  # type: ignore[arg-type]

    async def up(self, *stages: Stage, reporter: Reporter | None = None, **changes: object) -> HookOutcome:
        return await run_hooks(self, self.hook_run(*stages, **changes), reporter or Recorder())

    def own_processes(self) -> dict[int, str]:
        """Those whose environment or arguments name this place."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes()
                if str(self.root).encode() in line + (entry / "environ").read_bytes():
                    state = (entry / "stat").read_text().rpartition(") ")[2][0]
                    if state != "Z":
                        found[int(entry.name)] = line.replace(b"\0", b" ").decode(errors="replace")
        return found

    def worker(self) -> int:
        """The process id in the newest lock."""
        locks = sorted(self.state.glob("lock.*"), key=lambda path: int(path.suffix[1:]))
        return int(locks[-1].read_text().split()[0]) if locks else 0

    async def quiet(self, within: float = 3.0) -> None:
        """Until no process of this place is left."""
        end = time.monotonic() + within
        while self.own_processes():
            assert time.monotonic() < end, self.own_processes()
            await asyncio.sleep(0.02)

    async def end(self) -> None:
        """Leave nothing running, and let the event loop see it."""
        self.end_all()
        for process in self.processes:
            await process.wait()

    def end_all(self) -> None:
        for pid in self.own_processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def stage(hook: HookName, *scripts: str | tuple[str, ...], index: int = 0, **named: str) -> Stage:
    """One value of a hook: shell texts or argument lists, several side by side."""
    given = [(None, script) for script in scripts] + list(named.items())
    return Stage(
        hook=hook,
        index=index,
        origin="devcontainer.json",
        commands=tuple(
            Command(
                hook=hook,
                index=index,
                origin="devcontainer.json",
                key=key,
                argv=("/bin/sh", "-c", script) if isinstance(script, str) else script,
            )
            for key, script in given
        ),
    )


async def until(condition: Callable[[], bool], within: float = 5.0) -> None:
    """Wait for a callable to become true."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.005)
