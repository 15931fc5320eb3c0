"""The files of a workspace as they are now, put beside this machine's caches for a build of its image.

A repository that was cloned into a volume decides by its own files (design section 1, Authority), which only
its container can read.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from hashlib import sha256
from pathlib import Path

from moorage.drivers.base import Inside
from moorage.facts import bounded
from moorage.facts.archive.members import Limits
from moorage.facts.archive.unpack import leave_out, unpack
from moorage.facts.configuration import gone, lock_beside
from moorage.planner.questions import ConfigurationFile, ReadConfiguration

_LIMITS = Limits(members=5_000_000, file=1 << 40, total=1 << 41, depth=400)
"""It is in memory already: what is bounded is what it can make of itself on this disk."""


async def exported(inside: Inside, question: ReadConfiguration, cache: Path) -> ConfigurationFile:
    """All files below the workspace's folder in a folder of the cache, which they replace as a whole.

    Archives from a container are not trusted (see `unpack`).
    Raises ConfigurationGone.
    """
    archive = await inside.read(question.folder)
    if archive is None:
        raise gone(question)
    root = cache / sha256(question.container.encode()).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=cache))
    unpack(io.BytesIO(archive), beside, limits=_LIMITS, objection=leave_out, wanted=_is_wanted)
    shutil.rmtree(root, ignore_errors=True)
    beside.rename(root)
    top = root / Path(question.folder).name
    try:
        text = bounded.read(str(top / question.path))
        lock = lock_beside(top / question.path, text)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise gone(question) from error
    return ConfigurationFile(path=question.path, text=text, root=str(top), commit=question.commit, lock=lock)


def _is_wanted(name: str) -> bool:
    """Without the history, which no build reads."""
    return ".git" not in name.split("/")
