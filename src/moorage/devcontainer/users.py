"""Who a container and its hooks run as, and how the remote user gets the ids of the user outside."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from moorage.devcontainer.metadata import Merged

_SHORT_USER = re.compile(r"-[ditPq]*u(?P<value>.*)", re.DOTALL)


class User(msgspec.Struct, frozen=True, kw_only=True):
    """One line of /etc/passwd."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str


class Unchanged(msgspec.Struct, frozen=True):
    """The ids stay; `reason` is the end of a sentence that begins with "because"."""

    reason: str


class UidChange(msgspec.Struct, frozen=True, kw_only=True):
    """New texts of /etc/passwd and /etc/group, and whose files to hand over.

    `home` is the folder below which files of the old ids get the new ones, or "" where that would touch more
    than one user's own files.
    """

    user: str
    home: str
    old_uid: int
    old_gid: int
    new_uid: int
    new_gid: int
    passwd: str
    group: str


def container_user(merged: Merged, run_args: Sequence[str], image_user: str) -> str:
    """The user of the container's first process: runArgs, containerUser, the image's USER, "" for none."""
    return run_args_user(run_args) or merged.container_user or image_user


def remote_user(merged: Merged, run_args: Sequence[str], image_user: str) -> str:
    """The user of hooks, exec and tools: remoteUser, else the container's, else root. May be `user:group`."""
    return merged.remote_user or container_user(merged, run_args, image_user) or "root"


def user_name(user: str) -> str:
    """The user of `user:group`."""
    return user.partition(":")[0]


def run_args_user(run_args: Sequence[str]) -> str | None:
    """The last `-u` or `--user` of `docker run` arguments, in any of their spellings."""
    found: str | None = None
    for place, argument in enumerate(run_args):
        following = run_args[place + 1] if place + 1 < len(run_args) else None
        if argument == "--user":
            found = following
        elif argument.startswith("--user="):
            found = argument.removeprefix("--user=")
        elif short := _SHORT_USER.fullmatch(argument):
            found = short["value"].removeprefix("=") or following
    return found or None


def find_user(passwd: str, name_or_uid: str) -> User | None:
    """The first user of that name in the text of /etc/passwd, else of that numeric id."""
    users = [user for line in passwd.splitlines() if (user := _user(line)) is not None]
    by_name = next((user for user in users if user.name == name_or_uid), None)
    if by_name is not None or not _is_number(name_or_uid):
        return by_name
    return next((user for user in users if user.uid == int(name_or_uid)), None)


def plan_uid(passwd: str, group: str, user: str, uid: int, gid: int) -> UidChange | Unchanged:
    """What to change so that `user` has these ids, following the specification's rules.

    An id that somebody else has is never taken: a taken uid stops the change, a taken group id, or a primary
    group that others share, leaves the group as it is and changes the uid alone.
    """
    name = user_name(user)
    if name == "root" or _is_number(name):
        return Unchanged(f"{name} is not a user whose ids can change")
    there = find_user(passwd, name)
    if there is None:
        return Unchanged(f"/etc/passwd has no user {name}")
    if (there.uid, there.gid) == (uid, gid):
        return Unchanged(f"{name} has the ids {uid}:{gid} already")
    owner = find_user(passwd, str(uid)) if there.uid != uid else None
    if owner is not None:
        return Unchanged(f"the id {uid} belongs to {owner.name}")
    new_gid = gid if _group_may_change(passwd, group, there, gid) else there.gid
    if (there.uid, there.gid) == (uid, new_gid):
        return Unchanged(f"the group id {gid} cannot be given to {name}'s group")
    return _change(passwd, group, there, uid, new_gid)


def _change(passwd: str, group: str, user: User, uid: int, gid: int) -> UidChange:
    return UidChange(
        user=user.name,
        home=_own_home(passwd, user),
        old_uid=user.uid,
        old_gid=user.gid,
        new_uid=uid,
        new_gid=gid,
        passwd=_rewritten(passwd, {0: user.name}, {2: str(uid), 3: str(gid)}),
        group=group if gid == user.gid else _rewritten(group, {2: str(user.gid)}, {2: str(gid)}),
    )


def _group_may_change(passwd: str, group: str, user: User, gid: int) -> bool:
    taken = any(fields[2:3] == [str(gid)] for fields in _records(group))
    shared = any(fields[3:4] == [str(user.gid)] and fields[0] != user.name for fields in _records(passwd))
    return not taken and not shared and user.gid != 0


def _own_home(passwd: str, user: User) -> str:
    """The home folder if it is this user's alone."""
    home = user.home.rstrip("/")
    homes = [
        fields[5].rstrip("/") for fields in _records(passwd) if len(fields) > 5 and fields[0] != user.name
    ]
    inside_another = any(other == home or other.startswith(f"{home}/") for other in homes)
    deep_enough = home.startswith("/") and ".." not in home.split("/")
    return home if deep_enough and not inside_another else ""


def _rewritten(text: str, where: dict[int, str], fields: dict[int, str]) -> str:
    """The text with some fields changed in the first record that matches; all else as it was."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        parts = line.split(":")
        if len(parts) > max(fields) and all(parts[place] == value for place, value in where.items()):
            lines[number] = ":".join(fields.get(place, part) for place, part in enumerate(parts))
            break
    return "\n".join(lines)


def _records(text: str) -> list[list[str]]:
    return [line.split(":") for line in text.splitlines() if line]


def _user(line: str) -> User | None:
    fields = line.split(":")
    if len(fields) < 7 or not _is_number(fields[2]) or not _is_number(fields[3]):
        return None
    return User(name=fields[0], uid=int(fields[2]), gid=int(fields[3]), home=fields[5], shell=fields[6])


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
