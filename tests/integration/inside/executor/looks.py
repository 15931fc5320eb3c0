"""What is seen of a root, in a form that two builders' can be compared in. It runs inside as well."""

from __future__ import annotations

import hashlib
import os
import stat

NOT_OF_THE_IMAGE = frozenset(
    {".dockerenv", ".moorage", ".moorage-build", "context", "dev", "proc", "sys", "tests"}
    | {f"etc/{name}" for name in ("hosts", "hostname", "resolv.conf", "mtab")}
)


SINCE = 1_600_000_000
"""Seconds. Times before this one were set on purpose; all others are of whoever wrote the file."""


def look(top: str) -> dict[str, str]:
    """One line for each path. Times of files only where somebody has set them."""
    found: dict[str, str] = {}
    first: dict[tuple[int, int], str] = {}
    pending = [""]
    while pending:
        folder = pending.pop()
        for name in sorted(os.listdir(os.path.join(top, folder))):
            path = os.path.join(folder, name)
            if path in NOT_OF_THE_IMAGE:
                continue
            real = os.path.join(top, path)
            seen = os.lstat(real)
            found[path] = _told(real, path, seen, first)
            if stat.S_ISDIR(seen.st_mode):
                pending.append(path)
    return found


def _told(real: str, path: str, seen: os.stat_result, first: dict[tuple[int, int], str]) -> str:
    words = [stat.filemode(seen.st_mode), f"{seen.st_uid}:{seen.st_gid}"]
    if stat.S_ISLNK(seen.st_mode):
        words.append(f"-> {os.readlink(real)}")
    elif stat.S_ISREG(seen.st_mode):
        with open(real, "rb") as file:
            words += [str(seen.st_size), hashlib.file_digest(file, "sha256").hexdigest()[:16]]
        words.append(first.setdefault((seen.st_dev, seen.st_ino), path))
    elif not stat.S_ISDIR(seen.st_mode):
        words.append(str(seen.st_rdev))
    if not stat.S_ISDIR(seen.st_mode):
        words.append(str(int(seen.st_mtime)) if seen.st_mtime < SINCE else "new")
    for name in sorted(os.listxattr(real, follow_symlinks=False)):
        words.append(f"{name}={os.getxattr(real, name, follow_symlinks=False).hex()}")
    return " ".join(words)
