"""A process in a container of a pod, full duplex over one WebSocket (`Process` of the driver's contract)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from typing import Literal, Self

import msgspec

from .client import Cluster
from .errors import ClusterRefused, Status, of_status, read_status
from .kinds import POD
from .stream import V4, V5, Channels

_STDIN, _STDOUT, _STDERR, _STATUS, _RESIZE = range(5)
_CANNOT_START = (
    (re.compile(r"executable file not found|no such file or directory"), 127),
    (re.compile(r"permission denied|is a directory|exec format error"), 126),
)


class Execution:
    """One exec or attach. Its connection belongs to it; losing it ends only the input inside.

    `half_close`: whether the process can be told the end of its input (every API server since 1.30).
    """

    def __init__(self, channels: Channels, *, terminal: bool, request: str) -> None:
        self._channels = channels
        self._terminal = terminal
        self._request = request
        self._status = bytearray()
        self._code: int | None = None
        self._ended = False

    @classmethod
    async def start(
        cls,
        cluster: Cluster,
        pod: str,
        container: str,
        argv: tuple[str, ...],
        *,
        terminal: bool = False,
        stdin: bool = False,
        namespace: str = "",
    ) -> Self:
        """Start a program in a running container, as the container's user and in its folder.

        Raises ObjectMissing (no such pod), ClusterRefused (its container does not run), Forbidden with the
        rule that is missing, and what else `Cluster.call` raises.
        """
        words = tuple(("command", word) for word in argv)
        return await cls._open(cluster, pod, container, "exec", words, terminal, stdin, namespace)

    @classmethod
    async def attach(
        cls,
        cluster: Cluster,
        pod: str,
        container: str,
        *,
        terminal: bool = False,
        stdin: bool = False,
        namespace: str = "",
    ) -> Self:
        """The container's own process. Raises as `start`."""
        return await cls._open(cluster, pod, container, "attach", (), terminal, stdin, namespace)

    @classmethod
    async def _open(
        cls,
        cluster: Cluster,
        pod: str,
        container: str,
        verb: Literal["exec", "attach"],
        words: tuple[tuple[str, str], ...],
        terminal: bool,
        stdin: bool,
        namespace: str,
    ) -> Self:
        path = POD.path(namespace or cluster.access.namespace, pod, verb)
        flags = {"stdin": stdin, "stdout": True, "stderr": not terminal, "tty": terminal}
        query = (("container", container), *((name, "true") for name, on in flags.items() if on), *words)
        channels = await Channels.open(cluster, path, query, (V5, V4))
        return cls(channels, terminal=terminal, request=f"GET {path}")

    @property
    def half_close(self) -> bool:
        return self._channels.half_close

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """Chunks as they come: (1 stdout | 2 stderr, bytes); with a terminal all is 1.

        Raises ClusterLost, and for a process that could not be started for the container's sake
        ClusterRefused. A program that is not there is no error: code 127, and a line on stderr.
        """
        if self._ended:
            return
        async for channel, data in self._channels.pieces():
            if channel in (_STDOUT, _STDERR):
                yield (1 if self._terminal else channel), data
            elif channel == _STATUS:
                self._status += data
        words = self._conclude()
        if words:
            yield (1 if self._terminal else 2), words

    async def write(self, data: bytes) -> None:
        """Raises BrokenPipeError when the process, or the connection to it, is gone."""
        try:
            await self._channels.send(_STDIN, data)
        except (OSError, RuntimeError) as error:
            raise BrokenPipeError("the process no longer reads its input") from error

    async def close_input(self) -> None:
        """Raises ClusterRefused where the API server is too old for it (see `half_close`)."""
        if self._ended:
            return
        if not self.half_close:
            raise ClusterRefused(
                "This API server cannot end the input of a process alone.",
                evidence=(f"{self._request}: it speaks {V4} only",),
                hint="Use Kubernetes 1.30 or later, and proxies that let newer subprotocols through.",
            )
        with contextlib.suppress(OSError, RuntimeError):
            await self._channels.end(_STDIN)

    async def resize(self, columns: int, rows: int) -> None:
        """Best effort: the process may have just ended."""
        with contextlib.suppress(OSError, RuntimeError):
            size = msgspec.json.encode({"Width": columns, "Height": rows})
            await self._channels.send(_RESIZE, size)

    async def wait(self) -> int:
        """The exit code once output has ended; what nobody has read of it is dropped. Raises as `output`."""
        if not self._ended:
            async for _ in self.output():
                pass
        if self._code is None:
            raise self._channels.lost("it ended without an exit code")
        return self._code

    async def close(self) -> None:
        await self._channels.close()

    def _conclude(self) -> bytes:
        """Read the exit code from the status; the words of a program that could not be started."""
        self._ended = True
        status = read_status(bytes(self._status))
        if status is None:
            raise self._channels.lost("no status came")
        outcome = exit_code(status)
        if outcome is None:
            raise of_status(status, self._request)
        self._code, words = outcome
        return f"{words}\n".encode() if words else b""


def exit_code(status: Status) -> tuple[int, str] | None:
    """The code in a status of the error channel, and words where the program could not be started.

    None: it says something else than how a process ended.
    """
    if status.status == "Success":
        return 0, ""
    if status.reason == "NonZeroExitCode" and status.details is not None:
        for cause in status.details.causes or ():
            if cause.reason == "ExitCode" and cause.message.isdecimal():
                return int(cause.message), ""
    if re.search(r"OCI runtime exec failed|failed to exec in container|failed to start exec", status.message):
        for pattern, code in _CANNOT_START:
            if pattern.search(status.message):
                return code, status.message.rpartition("exec failed: ")[2] or status.message
    return None
