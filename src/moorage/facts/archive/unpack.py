"""Takes an archive out into a folder of its own; whatever it says, nothing outside is touched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from moorage.engine.ustar import BadArchive
from moorage.facts.archive.members import Limits, Member, TooMuch, members

Objection = Callable[[Member, str], None]
"""What is done with a member that cannot be as the archive has it: raise, or return to leave it out."""


def refuse(member: Member, reason: str) -> None:
    """The objection of whoever wants all or nothing."""
    raise BadArchive(f"{member.name!r} {reason}")


def leave_out(member: Member, reason: str) -> None:
    """The objection of whoever wants what can be had."""
    del member, reason


def unpack(
    archive: BinaryIO,
    into: Path,
    *,
    limits: Limits | None = None,
    objection: Objection = refuse,
    wanted: Callable[[str], bool] = lambda name: True,
) -> None:
    """Files, folders and links in the empty folder `into`, without owners, times, and modes but the
    executable bit. `wanted` sees each path.

    Links are made last, so that no file is ever written through one, and only where they stay inside.
    Blocking. Raises BadArchive, TooMuch, and BadArchive for what the file system does not take.
    """
    place = _Place(into, limits or Limits(), objection)
    links = []
    for member, data in members(archive, place.limits):
        name, reason = _path(member, place.limits.depth)
        if reason:
            objection(member, reason)
        elif name and wanted(name):
            if member.kind in ("link", "hard link"):
                links.append((member, name))
            else:
                place.put(member, name, data)
    for member, name in links:
        place.link(member, name)


class _Place:
    """The folder that is filled."""

    def __init__(self, into: Path, limits: Limits, objection: Objection) -> None:
        self.limits = limits
        self._into = into
        self._real = into.resolve()
        self._objection = objection
        self._folders = {""}
        self._made = 0

    def put(self, member: Member, name: str, data: Iterator[bytes]) -> None:
        """A file or a folder."""
        try:
            if member.kind == "folder":
                self._folder(name)
            else:
                self._folder(name.rpartition("/")[0])
                self._file(self._into / name, data, 0o755 if member.executable else 0o644)
        except FileExistsError:
            self._objection(member, "is there twice")
        except NotADirectoryError:
            self._objection(member, "is below a file")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise BadArchive(f"{member.name!r} cannot be written: {reason}") from error

    def link(self, member: Member, name: str) -> None:
        """A link of either kind, if it cannot lead out."""
        reason = "is a link that leads out" if _aim_leads_out(member, name) else ""
        if not reason:
            try:
                reason = self._link(member, name)
            except (FileExistsError, NotADirectoryError):
                reason = "is there twice"
            except OSError as error:
                raise BadArchive(f"{member.name!r} cannot be written: {error.strerror}") from error
        if reason:
            self._objection(member, reason)

    def _link(self, member: Member, name: str) -> str:
        above = name.rpartition("/")[0]
        self._folder(above)
        if (self._into / above).resolve() != self._real / above:
            return "is behind a link"
        if member.kind == "link":
            (self._into / name).symlink_to(member.target)
            return ""
        aim = self._into / os.path.normpath(member.target)
        if aim.resolve() != self._real / os.path.normpath(member.target) or not aim.is_file():
            return "is a link to a file that is not in the archive"
        (self._into / name).hardlink_to(aim)
        return ""

    def _folder(self, name: str) -> None:
        if name in self._folders:
            return
        self._folder(name.rpartition("/")[0])
        self._count()
        try:
            (self._into / name).mkdir()
        except FileExistsError:
            if not (self._into / name).is_dir() or (self._into / name).is_symlink():
                raise NotADirectoryError(name) from None
        self._folders.add(name)

    def _file(self, path: Path, data: Iterator[bytes], mode: int) -> None:
        self._count()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, mode), "wb") as file:
            for chunk in data:
                file.write(chunk)
            os.fchmod(file.fileno(), mode)

    def _count(self) -> None:
        self._made += 1
        if self._made > self.limits.members:
            raise TooMuch(f"it has more than {self.limits.members} files and folders")


def _path(member: Member, depth: int) -> tuple[str, str]:
    """The path below the folder ("" is the folder itself), or why there is none."""
    name = member.name.rstrip("/") or member.name
    if not name or name.startswith("/") or "\0" in name:
        return "", "is no relative path"
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        return "", "leads out of the archive"
    if len(parts) > depth:
        return "", f"is more than {depth} folders deep"
    if member.kind is None:
        return "", f"is {member.other}"
    if not parts and member.kind != "folder":
        return "", "has no name"
    return "/".join(parts), ""


def leads_out(path: str, target: str) -> bool:
    """Whether a symbolic link at this path would lead out of the folder that the path is in.

    Judged by what is written, so ".." may only come first: behind another link it is elsewhere.
    """
    plain = "/".join(part for part in target.split("/") if part not in ("", ".")) or "."
    start = path.rpartition("/")[0]
    aim = os.path.normpath(f"{start}/{plain}" if start else plain)
    roundabout = os.path.normpath(plain) != plain
    absolute = not target or target.startswith("/")
    return absolute or roundabout or "\0" in plain or aim == ".." or aim.startswith("../")


def _aim_leads_out(member: Member, name: str) -> bool:
    """A hard link's target is a path of the archive, not of the folder it is in."""
    return leads_out(name if member.kind == "link" else "", member.target)
