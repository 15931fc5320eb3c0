"""The Compose project that a workspace's container is one service of: `Stack`. It holds no secret values."""

from __future__ import annotations

import msgspec

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
DEPENDS_ON = "com.docker.compose.depends_on"
ONE_OFF = "com.docker.compose.oneoff"


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """What Compose is asked to run, and where: the rest it reads from `files` itself.

    `files` are absolute; `folder` is where Compose runs, whose .env counts. `services` are started, ours
    (`service`) among them; those of `builds` have an image of their own to build. `parts` are hashes of what
    the resolved project says ("db.image" → hash), so that a change is told by its name. `entrypoint` and
    `command` are what the files give our service, None where they leave the image's own.
    """

    project: str
    service: str
    services: tuple[str, ...]
    files: tuple[str, ...]
    folder: str
    builds: tuple[str, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None


def remembered(stack: Stack) -> Stack:
    """What a label keeps: no words of the command, which may hold what nobody should read there."""
    return msgspec.structs.replace(stack, entrypoint=None, command=None, files=(), folder="", builds=())


def changes(before: Stack, after: Stack) -> str:
    """How two stacks differ, in words."""
    old, new = dict(before.parts), dict(after.parts)
    gone = [f"{name} removed" for name in old if name not in new]
    more = [f"{name} added" for name in new if name not in old]
    other = [f"{name} changed" for name in new if name in old and old[name] != new[name]]
    if before.project != after.project:
        other.append(f"project {before.project} → {after.project}")
    if before.service != after.service:
        other.append(f"service {before.service} → {after.service}")
    if before.services != after.services:
        other.append(f"it runs {', '.join(after.services)}")
    return ", ".join((*other, *more, *gone))
