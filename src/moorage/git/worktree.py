"""Where a folder's repository begins, found by looking for `.git` and without starting git.

The root is what is mounted by default, and a linked worktree also needs the main repository's `.git` folder.
Standard library only, two or three system calls: every warm start goes through here.
"""

from __future__ import annotations

import os
import posixpath

import msgspec

_LIMIT = 64 * 1024


class Worktree(msgspec.Struct, frozen=True, kw_only=True):
    """A checked-out repository: `root` holds `.git`, `git_dir` is what that stands for.

    `common_dir` is the main repository's folder if this is a linked worktree, otherwise None.
    """

    root: str
    git_dir: str
    common_dir: str | None = None


def find(folder: str) -> Worktree | None:
    """The repository that an absolute folder belongs to, or None. A broken `.git` entry counts as none."""
    while True:
        git_dir = _git_dir(folder)
        if git_dir is not None:
            return Worktree(root=folder, git_dir=git_dir, common_dir=_common_dir(git_dir))
        if folder in ("/", ""):
            return None
        folder = posixpath.dirname(folder)


def root(folder: str) -> str | None:
    """The folder that holds `.git`: this one or the nearest above."""
    found = find(folder)
    return found.root if found else None


def common_dir(folder: str) -> str | None:
    """The main repository's `.git` folder, where `folder` lies in a linked worktree; otherwise None."""
    found = find(folder)
    return found.common_dir if found else None


def relative_common_dir(folder: str) -> str | None:
    """As `common_dir`, where the worktree names the main repository by a relative path (Git 2.48 and newer).

    Only then does it find it in another place, such as a container.
    """
    found = find(folder)
    if found is None or found.common_dir is None:
        return None
    text = _read(posixpath.join(found.root, ".git")) or ""
    return None if posixpath.isabs(text.removeprefix("gitdir:").strip()) else found.common_dir


def _git_dir(folder: str) -> str | None:
    """gitrepository-layout(5): `.git` is a folder, or a file with a `gitdir: PATH` line."""
    entry = posixpath.join(folder, ".git")
    text = _read(entry)
    if text is None:
        return entry if _exists(posixpath.join(entry, "HEAD")) else None
    if not text.startswith("gitdir:"):
        return None
    target = posixpath.normpath(posixpath.join(folder, text.removeprefix("gitdir:").strip()))
    return target if _exists(posixpath.join(target, "HEAD")) else None


def _common_dir(git_dir: str) -> str | None:
    text = _read(posixpath.join(git_dir, "commondir"))
    return posixpath.normpath(posixpath.join(git_dir, text.strip())) if text else None


def _exists(path: str) -> bool:
    try:
        os.lstat(path)  # HEAD may be a symbolic link to a branch that has no commit yet
    except (OSError, ValueError):
        return False
    return True


def _read(path: str) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    try:
        return os.read(descriptor, _LIMIT).decode("utf-8", "surrogateescape")
    except OSError:  # a folder
        return None
    finally:
        os.close(descriptor)
