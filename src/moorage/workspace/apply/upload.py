"""The step that copies a local folder into a workspace that cannot see this machine's files."""

from __future__ import annotations

import asyncio
import pkgutil
import time
from collections.abc import Iterator

from moorage.devcontainer.users import user_name
from moorage.drivers.base import Process
from moorage.errors import EngineError, HookError
from moorage.events import StepProgress
from moorage.facts.folder import IGNORE_FILE, archive, ignore
from moorage.planner.learning import Result
from moorage.planner.steps import UploadSource
from moorage.workspace.site import Site

_LAST = ".moorage-upload-is-complete"
_CUT_OFF, _NO_TAR, _THERE = 3, 4, 5
_EVERY = 1.0
"""Seconds between two words about progress."""
_NO_MORE = b""


class UploadFailed(EngineError):
    """The local folder did not arrive in the workspace; nothing of it is visible there."""

    code = "upload-failed"


class NoTar(HookError):
    """The image has no tar, which unpacks an upload."""

    code = "no-tar"


async def upload_source(site: Site, step: UploadSource) -> Result:
    """Complete or not visible; what is there already stays. Raises UploadFailed, NoTar, and as `archive`."""
    chunks = archive(step.source, ignore(step.source), _LAST, _Progress(site, step))
    script = (pkgutil.get_data("moorage.workspace.apply", "upload.sh") or b"").decode()
    argv = ("/bin/sh", "-c", script, "upload", step.folder, user_name(step.user), _LAST)
    process = await site.driver.inside(step.container).run(argv, folder="/", stdin=True)
    try:
        said, code = await _carried(process, chunks)
    finally:
        await process.close()
    if code not in (0, _THERE):
        raise _failed(step, code, said)
    return Result()


class _Progress:
    """Says now and then how far it is."""

    def __init__(self, site: Site, step: UploadSource) -> None:
        self._reporter = site.reporter
        self._step = str(step.__struct_config__.tag)
        self._next = time.monotonic() + _EVERY

    def __call__(self, files: int, size: int) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY
        text = f"{files} files, {size / 1e6:.0f} MB"
        self._reporter.emit(StepProgress(step=self._step, text=text, done=size))


async def _carried(process: Process, chunks: Iterator[bytes]) -> tuple[bytes, int]:
    """What the other side said, and its exit code. A failure here cuts the stream, which undoes it there."""
    feeding = asyncio.create_task(_fed(process, chunks))
    hearing = asyncio.create_task(_heard(process))
    try:
        await asyncio.wait((feeding, hearing), return_when=asyncio.FIRST_COMPLETED)
        if feeding.done():
            feeding.result()
        return await hearing, await process.wait()
    finally:
        for task in (feeding, hearing):
            task.cancel()
        await asyncio.gather(feeding, hearing, return_exceptions=True)


async def _fed(process: Process, chunks: Iterator[bytes]) -> None:
    while chunk := await asyncio.to_thread(next, chunks, _NO_MORE):
        try:
            await process.write(chunk)
        except (EngineError, ConnectionError):
            return  # the other side has ended; its exit code says why
    await process.close_input()


async def _heard(process: Process) -> bytes:
    said = b""
    async for _, data in process.output():
        said = (said + data)[-4096:]
    return said


def _failed(step: UploadSource, code: int, said: bytes) -> UploadFailed | NoTar:
    lines = tuple(said.decode(errors="replace").strip().splitlines()[-8:])
    if code == _NO_TAR:
        return NoTar(
            "The image has no tar, so the folder cannot be uploaded into it.",
            hint="Use an image with tar (busybox has it), or the repository's Git URL as the source.",
        )
    why = "was cut off" if code == _CUT_OFF else f"failed with exit code {code}"
    return UploadFailed(
        f"The upload of {step.source} {why}.",
        evidence=lines,
        hint=f"Run the same command again. Large files that nobody needs there can stand in {IGNORE_FILE}.",
    )
