"""The step that copies a local folder into a workspace that cannot see this machine's files."""

from __future__ import annotations

import pkgutil

from moorage.devcontainer.users import user_name
from moorage.errors import EngineError, HookError
from moorage.facts.folder import IGNORE_FILE, archive, ignore
from moorage.planner.learning import Result
from moorage.planner.steps import UploadSource
from moorage.workspace.carriage import Heard, Progress, carried
from moorage.workspace.site import Site

_LAST = ".moorage-upload-is-complete"
_CUT_OFF, _NO_TAR, _THERE = 3, 4, 5


class UploadFailed(EngineError):
    """The local folder did not arrive in the workspace; nothing of it is visible there."""

    code = "upload-failed"


class NoTar(HookError):
    """The image has no tar, which unpacks an upload."""

    code = "no-tar"


async def upload_source(site: Site, step: UploadSource) -> Result:
    """Complete or not visible; what is there already stays. Raises UploadFailed, NoTar, and as `archive`."""
    progress = Progress(site.reporter, str(step.__struct_config__.tag))
    chunks = archive(step.source, ignore(step.source), _LAST, progress)
    script = (pkgutil.get_data("moorage.workspace.apply", "upload.sh") or b"").decode()
    argv = ("/bin/sh", "-c", script, "upload", step.folder, user_name(step.user), _LAST)
    process = await site.driver.inside(step.container).run(argv, folder="/", stdin=True)
    heard = Heard()
    try:
        code = await carried(process, chunks, heard)
    finally:
        await process.close()
    if code not in (0, _THERE):
        raise _failed(step, code, heard.lines)
    return Result()


def _failed(step: UploadSource, code: int, lines: tuple[str, ...]) -> UploadFailed | NoTar:
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
