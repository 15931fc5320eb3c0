"""The driver's contract (design section 3): what every place that runs workspaces must offer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import msgspec

from moorage.spec.observation import Container, EngineFacts, Observation
from moorage.spec.run import Mount, RunSpec

if TYPE_CHECKING:
    from pathlib import Path


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver says of a spec before anything is created: reasons to refuse, and warnings."""

    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Helper(msgspec.Struct, frozen=True, kw_only=True):
    """A short-lived container that prepares something, such as a clone into a volume.

    Its fixed `name` is the lock; it removes itself when it ends, also when nobody watches it any more.
    `environment` may hold secrets: it travels in the request's body only. `stdin` is given and closed.
    """

    name: str
    image: str
    argv: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    stdin: bytes = b""
    mounts: tuple[Mount, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    user: str = "0:0"
    host_network: bool = False


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One workspace in a list: found by its labels alone, whether it has a container or only a volume."""

    workspace: str
    name: str
    source: str
    owner: str
    state: str
    container: str = ""
    labels: dict[str, str] = {}
    created: int = 0
    """Seconds since 1970."""


class Process(Protocol):
    """A process inside the workspace: full duplex, half-close, resize, exit status."""

    def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """Chunks as they come: (1 stdout | 2 stderr, bytes). With a terminal all is 1."""
        ...

    async def write(self, data: bytes) -> None: ...

    async def close_input(self) -> None: ...

    async def resize(self, columns: int, rows: int) -> None: ...

    async def wait(self) -> int:
        """The exit code (128 + n for signal n), once output has ended."""
        ...

    async def close(self) -> None:
        """Let go of the connection. What runs inside sees the end of its input."""
        ...


class Runs(Protocol):
    """Starts processes in one running container."""

    async def run(
        self,
        argv: tuple[str, ...],
        *,
        user: str = "",
        environment: Mapping[str, str] | None = None,
        folder: str = "",
        terminal: bool = False,
        stdin: bool = False,
    ) -> Process: ...


class Inside(Runs, Protocol):
    """A way into one running (for read and write also stopped) container."""

    async def read(self, path: str) -> bytes | None:
        """The file or folder as a tar archive; None when it is not there."""
        ...

    async def write(self, folder: str, archive: bytes) -> None:
        """Unpack a tar archive into an existing folder, owners and modes as in the archive."""
        ...

    async def exists(self, path: str) -> bool:
        """Whether the path is there, without reading it."""
        ...


class Stacks(Protocol):
    """Compose projects, one of whose services is a workspace's container."""

    async def create(
        self,
        spec: RunSpec,
        facts: EngineFacts,
        log: Callable[[str], None],
        *,
        replace: bool = False,
        start: bool = False,
    ) -> None:
        """Have Compose make `spec.stack`, with an override for its one service; start it where asked to.

        Only with `replace` a dev container that another tool made of this service is made anew. Another run
        on the same project may come before: then what it has made counts.
        """
        ...

    async def start(self, spec: RunSpec, facts: EngineFacts, log: Callable[[str], None]) -> None:
        """Have Compose start it, in its order. Containers that are there stay as they are."""
        ...

    async def start_again(self, project: str) -> None:
        """Start all containers of a project in their order, without Compose or its files."""
        ...

    async def stop(self, project: str, container: str, *, seconds: int = 10) -> None:
        """Stop them in the other order; where another workspace lives in the project, only `container`."""
        ...


class Driver(Protocol):
    """One place that runs workspaces. Every method raises `EngineError` or a subclass of it."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def facts(self) -> EngineFacts: ...

    def check(self, spec: RunSpec, facts: EngineFacts) -> Verdict: ...

    def render(self, spec: RunSpec, facts: EngineFacts) -> dict[str, object]: ...

    async def observe(
        self, container: str, *, volume: str = "", helper: str = "", workspace: str = ""
    ) -> Observation:
        """What exists under these names, journal included; at most two round trips for a running one.

        Where no container has the name, the one that bears the id of `workspace` counts.
        """
        ...

    async def create(self, spec: RunSpec, facts: EngineFacts) -> Container:
        """Create, not start. Raises `NameTaken` when another `up` was faster: observe again."""
        ...

    async def start(self, container: str) -> None: ...

    async def stop(self, container: str, *, seconds: int = 10) -> None: ...

    async def remove(self, container: str) -> None:
        """Remove the container alone, with its anonymous volumes; returns when it is gone."""
        ...

    async def delete(self, workspace: str) -> tuple[str, ...]:
        """Remove all that bears the workspace's id; returns what was removed once it is gone."""
        ...

    async def list(self) -> tuple[Listed, ...]: ...

    async def run_helper(self, helper: Helper, log: Callable[[str], None]) -> int:
        """Run to the end and give the exit code; a helper of that name already at work is waited for."""
        ...

    def inside(self, container: str) -> Inside: ...

    def stacks(self, cache: Path) -> Stacks:
        """What is done with whole Compose projects; `cache` may be deleted at any time."""
        ...
