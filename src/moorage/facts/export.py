"""The files of a workspace as they are now, put beside this machine's caches for a build of its image.

A repository that was cloned into a volume decides by its own files (design section 1, Authority), which only
its container can read.
"""

from __future__ import annotations

import io
import posixpath
import shutil
import tarfile
import tempfile
from hashlib import sha256
from pathlib import Path

from moorage.drivers.base import Inside
from moorage.facts.configuration import gone, lock_beside
from moorage.planner.questions import ConfigurationFile, ReadConfiguration


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
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        unpack(members, beside)
    shutil.rmtree(root, ignore_errors=True)
    beside.rename(root)
    top = root / Path(question.folder).name
    try:
        text = (top / question.path).read_bytes()
        lock = lock_beside(top / question.path, text)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise gone(question) from error
    return ConfigurationFile(path=question.path, text=text, root=str(top), commit=question.commit, lock=lock)


def unpack(members: tarfile.TarFile, into: Path) -> None:
    """Folders, files and links below `into`; without the history, which no build reads.

    Links come last, so that no file is ever written through one, and only those that stay inside are made.
    """
    links = []
    for member in members:
        name = posixpath.normpath(member.name)
        if not _is_wanted(name):
            continue
        target = into / name
        if member.isdir():
            target.mkdir(parents=True, exist_ok=True)
        elif member.isreg() and (content := members.extractfile(member)):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())
            target.chmod(0o755 if member.mode & 0o100 else 0o644)
        elif member.issym() or member.islnk():
            links.append((member, name))
    for member, name in links:
        _link(member, into, name)


def _link(member: tarfile.TarInfo, into: Path, name: str) -> None:
    folder = posixpath.dirname(name) if member.issym() else ""
    aim = posixpath.normpath(posixpath.join(folder, member.linkname))
    roundabout = posixpath.normpath(member.linkname) != member.linkname.rstrip("/")
    if member.linkname.startswith("/") or aim.startswith("..") or roundabout or (into / name).exists():
        return
    parent = into / posixpath.dirname(name)
    parent.mkdir(parents=True, exist_ok=True)
    if parent.resolve() != into.resolve() / posixpath.dirname(name):
        return  # behind another link "up" is elsewhere
    if member.issym():
        (into / name).symlink_to(member.linkname)
    elif (into / aim).is_file() and not (into / aim).is_symlink():
        (into / name).hardlink_to(into / aim)


def _is_wanted(name: str) -> bool:
    return not name.startswith(("/", "..")) and ".git" not in name.split("/")
