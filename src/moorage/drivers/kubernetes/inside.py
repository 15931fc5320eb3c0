"""The way into a workspace's pod: processes over the API's exec, as any user; files as tar archives."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping

import msgspec

from ...errors import EngineError
from ...kube.client import Cluster
from ...kube.errors import ClusterRefused, ObjectMissing
from ...kube.execution import Execution
from ...spec import journal
from . import naming
from .attended import Attended
from .errors import NoTar, NotRunning
from .staying import Staying

_SCRIPT = f"{journal.FOLDER}/pod/inside.sh"
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHELLS_OWN = re.compile(
    r"IFS|OPTIND|OPTARG|OPTERR|LINENO|RANDOM|SRANDOM|SECONDS|EPOCH\w+|E?UID|PPID|GROUPS|DIRSTACK|FUNCNAME"
    r"|BASH\w*|SHELLOPTS|POSIXLY_CORRECT|moor_\w*"
)
_MISSING, _NO_TAR = 3, 4


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What one look inside gave: files are those of the instance's journal, by name.

    `content`: the project's folder is there.
    """

    instance: str
    user: str = ""
    folder: str = ""
    content: bool = False
    environment: dict[str, str] = {}
    files: dict[str, bytes] = {}


class KubernetesInside:
    """The contract's `Inside` for one pod."""

    def __init__(self, cluster: Cluster, namespace: str, pod: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._staying: Staying | None = None
        self.pod = pod

    async def run(
        self,
        argv: tuple[str, ...],
        *,
        user: str = "",
        environment: Mapping[str, str] | None = None,
        folder: str = "",
        terminal: bool = False,
        stdin: bool = False,
    ) -> Execution | Staying | Attended:
        """What is to run goes in by standard input: arguments of an exec are in the API server's log.

        Raises NotRunning, and what `Execution.start` raises.
        """
        given = (argv, user, environment or {}, folder)
        if terminal:
            path = f"{journal.FOLDER}/in.{os.urandom(8).hex()}"
            await self._given("stash", path, described(*given, stdin=stdin))
            return await self._start(("enter", path), terminal=True, stdin=stdin)
        process = await self._shell()
        word = os.urandom(12).hex() if stdin and process.half_close else ""
        await _feed(process, described(*given, stdin=stdin, word=word), end=not stdin)
        return Attended(process, b"\0" + word.encode()) if word else process

    async def read(self, path: str) -> bytes | None:
        """Raises NoTar for a folder in an image without tar."""
        code, data, said = await self._finished(("read", path))
        if code == _MISSING:
            return None
        if code == _NO_TAR:
            raise _no_tar(path)
        kind, _, rest = data.partition(b"\n")
        if code or kind not in (b"tar", b"file"):
            raise self._failed(f"{path} could not be read", code, said)
        return rest if kind == b"tar" else _archived(path, rest)

    async def write(self, folder: str, archive: bytes) -> None:
        """Raises NoTar."""
        code, said = await self._given("write", folder, archive)
        if code == _NO_TAR:
            raise _no_tar(folder)
        if code:
            raise self._failed(f"Files could not be written to {folder}", code, said)

    async def exists(self, path: str) -> bool:
        code, _, _ = await self._finished(("exists", path))
        return code == 0

    async def look(self) -> Told:
        """The container's instance with its environment and journal, in one round trip. Raises NotRunning.

        The shell that looked stays for the next `run`, until `leave`.
        """
        await self.leave()
        mark = f"\n{os.urandom(12).hex()}\n"
        shell = Staying(await self._start(("look", mark.strip()), stdin=True))
        try:
            data, said, stays = await shell.until(mark.encode())
            if not stays:
                code = await shell.wait()
                raise self._failed("The workspace's first process has not made it ready", code, said)
        except BaseException:
            await shell.close()
            raise
        self._staying = shell
        return told(data)

    async def leave(self) -> None:
        """Nobody goes inside any more."""
        shell, self._staying = self._staying, None
        if shell is not None:
            await shell.leave()

    async def _shell(self) -> Execution | Staying:
        """Something that waits for what is to be run: the shell that has just looked, or a new one."""
        shell, self._staying = self._staying, None
        if shell is not None:
            if shell.is_fresh:
                return shell
            await shell.leave()
        return await self._start(("enter",), stdin=True)

    async def _finished(self, words: tuple[str, ...]) -> tuple[int, bytes, bytes]:
        if self._staying is None:
            return await _collected(await self._start(words))
        process = await self._shell()
        await _feed(process, described(("/bin/sh", _SCRIPT, *words), "", {}, "", stdin=False), end=True)
        return await _collected(process)

    async def _given(self, verb: str, path: str, data: bytes) -> tuple[int, bytes]:
        process = await self._start((verb, path), stdin=True)
        await _feed(process, data, end=True)
        code, _, said = await _collected(process)
        return code, said

    async def _start(
        self, words: tuple[str, ...], *, terminal: bool = False, stdin: bool = False
    ) -> Execution:
        try:
            return await Execution.start(
                self._cluster,
                self.pod,
                naming.CONTAINER,
                ("/bin/sh", _SCRIPT, *words),
                terminal=terminal,
                stdin=stdin,
                namespace=self._namespace,
            )
        except (ObjectMissing, ClusterRefused) as error:
            raise NotRunning(
                f"The pod {self.pod} does not run any more.",
                evidence=(error.message, *error.evidence),
                hint="Run `moorage up` again.",
            ) from error

    def _failed(self, sentence: str, code: int, said: bytes) -> EngineError:
        return NotRunning(
            f"{sentence} (pod {self.pod}, exit code {code}).",
            evidence=tuple(said.decode(errors="replace").splitlines()[-5:]),
            hint="See whether the workspace still runs, then run the command again.",
        )


def described(
    argv: tuple[str, ...],
    user: str,
    environment: Mapping[str, str],
    folder: str,
    *,
    stdin: bool,
    word: str = "",
) -> bytes:
    """What `inside.sh enter` reads: one line a value, further lines of a value begin with "+".

    `word`: what it is to say when a process with `stdin` has ended (see `Attended`).
    """
    plain = {name: value for name, value in environment.items() if _exportable(name)}
    odd = tuple(f"{name}={value}" for name, value in environment.items() if name not in plain)
    words = ("env", *odd, *argv) if odd else argv
    lines = [("U", user), ("D", folder), *(("E", f"{name}={value}") for name, value in plain.items())]
    lines += [("A", word) for word in words] + ([("I", word or "open")] if stdin else [])
    text = "".join(kind + value.replace("\n", "\n+") + "\n" for kind, value in lines)
    return f"{text}go\n".encode(errors="surrogateescape")


def told(data: bytes) -> Told:
    """Read what `inside.sh look` prints; what is cut off is passed over."""
    head: dict[str, str] = {}
    files: dict[str, bytes] = {}
    place = 0
    while (end := data.find(b"\n", place)) >= 0:
        name, _, value = data[place:end].decode(errors="surrogateescape").partition(" ")
        place = end + 1
        if name in ("instance", "user", "folder", "content"):
            head[name] = value
        elif value == "rest":
            files[name], place = data[place:], len(data)
        elif value.isdecimal() and place + int(value) <= len(data):
            files[name] = data[place : place + int(value)]
            place += int(value)
        else:
            break
    environment = journal.environment(files.pop("environ", b""))
    return Told(
        instance=head.get("instance", ""),
        user=head.get("user", ""),
        folder=head.get("folder", ""),
        content=head.get("content") == "yes",
        environment=environment,
        files=files,
    )


def _exportable(name: str) -> bool:
    return bool(_PLAIN.fullmatch(name)) and not _SHELLS_OWN.fullmatch(name)


async def _feed(process: Execution | Staying, data: bytes, *, end: bool) -> None:
    """A process that does not want its input any more says so by its exit code."""
    with contextlib.suppress(BrokenPipeError):
        await process.write(data)
        if end and process.half_close:
            await process.close_input()


async def _collected(process: Execution | Staying) -> tuple[int, bytes, bytes]:
    streams: dict[int, list[bytes]] = {1: [], 2: []}
    try:
        async for stream, data in process.output():
            streams[stream].append(data)
        code = await process.wait()
    finally:
        await process.close()
    return code, b"".join(streams[1]), b"".join(streams[2])


def _archived(path: str, data: bytes) -> bytes:
    from ...engine.ustar import Entry, pack  # for images without tar

    return pack([Entry(name=path.rstrip("/").rpartition("/")[2], data=data)])


def _no_tar(path: str) -> NoTar:
    return NoTar(
        f"The workspace's image has no tar, which {path} would go through.",
        hint="Install tar in the image.",
    )
