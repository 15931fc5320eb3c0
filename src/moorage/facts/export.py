"""The files of a workspace as they are now, put beside this machine's caches for a build of its image.

A repository that was cloned into a volume decides by its own files (design section 1, Authority), which only
its container can read.
"""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
from hashlib import sha256
from pathlib import Path

from moorage.drivers.base import Inside
from moorage.facts.configuration import gone
from moorage.planner.questions import ConfigurationFile, ReadConfiguration


async def exported(inside: Inside, question: ReadConfiguration, cache: Path) -> ConfigurationFile:
    """All files below the workspace's folder in a folder of the cache, which they replace as a whole.

    Archives from a container are not trusted: the `data` filter keeps every path and link inside.
    Raises ConfigurationGone.
    """
    archive = await inside.read(question.folder)
    if archive is None:
        raise gone(question)
    root = cache / sha256(question.container.encode()).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=cache))
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        members.extractall(beside, filter=_harmless)  # noqa: S202 - the filter is the check
    shutil.rmtree(root, ignore_errors=True)
    beside.rename(root)
    top = root / Path(question.folder).name
    try:
        text = (top / question.path).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise gone(question) from error
    return ConfigurationFile(path=question.path, text=text, root=str(top), commit=question.commit)


def _harmless(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """Without the history, which no build reads, and without what would land outside."""
    if "/.git/" in f"/{member.name}/":
        return None
    try:
        return tarfile.data_filter(member, folder)
    except tarfile.FilterError:
        return None
