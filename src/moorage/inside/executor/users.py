"""Users and groups of the image, by its own /etc/passwd and /etc/group, as the engines read them."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable

import msgspec

from moorage.inside.layers.errors import LayerRefused
from moorage.inside.layers.root import Root

_LARGEST = 16 << 20
_MOST_LINKS = 40
_MOST_ID = 2**32 - 2


class UnknownUser(LookupError):
    """A name that the image's files do not have."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What a process of a user is."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    home: str = "/"


class _User(msgspec.Struct, frozen=True):
    name: str
    uid: int
    gid: int
    home: str


class _Group(msgspec.Struct, frozen=True):
    name: str
    gid: int
    members: frozenset[str]


class Users:
    """Both files as they are now; one that is not there has nobody."""

    def __init__(self, passwd: str, group: str) -> None:
        self._users = [user for line in passwd.splitlines() if (user := _user(line))]
        self._groups = [found for line in group.splitlines() if (found := _group(line))]

    def identity(self, written: str) -> Identity:
        """Who a process is under USER: a number need not be in the files, and then has the group 0.

        Raises UnknownUser.
        """
        name, colon, group = written.partition(":")
        user = self._find(name or "0")
        uid = user.uid if user else _number(name, "user")
        home = (user.home if user else "") or "/"
        if colon and group:
            gid = self._gid(group)
            return Identity(uid=uid, gid=gid, groups=(gid,), home=home)
        gid = user.gid if user else 0
        member_of = [each.gid for each in self._groups if user and user.name in each.members]
        return Identity(uid=uid, gid=gid, groups=tuple(dict.fromkeys((gid, *member_of))), home=home)

    def owner(self, written: str) -> tuple[int, int]:
        """Whose a file is under --chown and WORKDIR: a number that is no user is its own group.

        Raises UnknownUser.
        """
        name, colon, group = written.partition(":")
        user = self._find(name) if name and not name.isdecimal() else None
        uid = user.uid if user else _number(name or "0", "user")
        if colon and group:
            return uid, self._gid(group)
        return uid, user.gid if user else uid

    def _find(self, name: str) -> _User | None:
        by_name = next((user for user in self._users if user.name == name), None)
        if by_name or not name.isdecimal():
            return by_name
        return next((user for user in self._users if user.uid == int(name)), None)

    def _gid(self, name: str) -> int:
        found = next((group.gid for group in self._groups if group.name == name), None)
        return _number(name, "group") if found is None else found


def read(root: Root) -> Users:
    """The users of the image below this root. Blocking."""
    return Users(_text(root, "etc/passwd"), _text(root, "etc/group"))


def _text(root: Root, path: str) -> str:
    """A file below the root, through links as a process in it would see them; "" where there is none."""
    for _ in range(_MOST_LINKS):
        folder, _, name = path.rpartition("/")
        try:
            place = root.folder(folder, make=False)
        except LayerRefused:
            return ""
        if place is None:
            return ""
        try:
            target = os.readlink(name, dir_fd=place.fd)
        except FileNotFoundError:
            return ""
        except OSError:
            return _content(place.fd, name)
        path = posixpath.join("/", place.path, target).lstrip("/")
    return ""


def _content(folder: int, name: str) -> str:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, dir_fd=folder), "rb") as file:
        return file.read(_LARGEST).decode("utf-8", "surrogateescape")


def _user(line: str) -> _User | None:
    fields = line.strip().split(":")
    if len(fields) < 4 or not all(number.isdecimal() for number in fields[2:4]):
        return None
    return _User(fields[0], int(fields[2]), int(fields[3]), fields[5] if len(fields) > 5 else "")


def _group(line: str) -> _Group | None:
    fields = line.strip().split(":")
    if len(fields) < 3 or not fields[2].isdecimal():
        return None
    return _Group(fields[0], int(fields[2]), _names(fields[3:4]))


def _names(fields: Iterable[str]) -> frozenset[str]:
    return frozenset(name for field in fields for name in field.split(",") if name)


def _number(name: str, what: str) -> int:
    if not name.isdecimal() or int(name) > _MOST_ID:
        raise UnknownUser(f"the image has no {what} {name}")
    return int(name)
