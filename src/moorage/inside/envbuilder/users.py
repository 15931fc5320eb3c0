"""Whom a name of `USER`, containerUser or remoteUser means, with all groups, by the image's files. Pure."""

from __future__ import annotations

import msgspec

from moorage.devcontainer.users import find_user, user_name
from moorage.errors import ConfigurationError


class UserMissing(ConfigurationError):
    """The image has no user, or no group, of the name that is asked for."""

    code = "envbuilder-user-missing"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """`groups` are the supplementary ones, as initgroups(3) sets them."""

    name: str = "root"
    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    home: str = "/root"


def person(user: str, passwd: str, group: str) -> Person:
    """`user` is NAME or ID, maybe with `:GROUP`; texts of /etc/passwd and /etc/group. Raises UserMissing.

    As engines have it: an id that no file has gets the group 0 and the home `/`; a group that is given leaves
    the supplementary ones out.
    """
    name, _, given = user.partition(":")
    name = name or "root"
    found = find_user(passwd, name)
    if found is None and name == "root":
        return Person()  # an image without users has this one all the same
    if found is None and not (name.isascii() and name.isdigit()):
        raise UserMissing(
            f"The image has no user {user_name(user)}.",
            evidence=tuple(f"/etc/passwd: {line}" for line in passwd.splitlines()[-3:]),
            hint="Correct remoteUser or containerUser, or add the user in the Dockerfile.",
        )
    uid = found.uid if found else int(name)
    gid = _group(given, group) if given else found.gid if found else 0
    return Person(
        name=found.name if found else name,
        uid=uid,
        gid=gid,
        groups=() if given or not found else _memberships(found.name, gid, group),
        home=found.home or "/" if found else "/",
    )


def _memberships(name: str, primary: int, group: str) -> tuple[int, ...]:
    listed = [
        int(fields[2])
        for fields in _records(group)
        if name in fields[3].split(",") and fields[2].isascii() and fields[2].isdigit()
    ]
    return tuple(dict.fromkeys((primary, *listed)))


def _group(given: str, group: str) -> int:
    for fields in _records(group):
        if fields[0] == given and fields[2].isascii() and fields[2].isdigit():
            return int(fields[2])
    if given.isascii() and given.isdigit():
        return int(given)
    raise UserMissing(
        f"The image has no group {given}.", hint="Correct remoteUser or containerUser, or add the group."
    )


def _records(text: str) -> list[list[str]]:
    return [fields for line in text.splitlines() if len(fields := line.split(":")) >= 4]
