"""What leaves the environment before anything of the user's runs, and how it cannot be found afterwards.

The first thing of all is a new start of ourselves with the rest: /proc/PID/environ shows what a process was
started with, whatever it has unset since. The values come back in memory that is closed at once, and the kernel
is asked to keep our memory and descriptors from others (prctl(2), PR_SET_DUMPABLE): who has no CAP_SYS_PTRACE,
which containers do not have by default, cannot read them, not even as the same user.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

from moorage.inside.envbuilder.table import OWN_PREFIX, PREFIX, VARIABLES

_LOGINS = ("DOCKER_CONFIG", "DOCKER_AUTH_CONFIG", "DEVCONTAINERS_OCI_AUTH", "REGISTRY_AUTH_FILE")
_AGENT = ("CODER_AGENT_TOKEN",)
_PR_SET_DUMPABLE = 4
_MOST = 64 << 20


class Parted(msgspec.Struct, frozen=True):
    """The environment in two: what stays, and what is taken out. Prints neither."""

    kept: dict[str, str]
    taken: dict[str, str]

    def __repr__(self) -> str:
        return "Parted(…)"

    __str__ = __repr__


def parted(environ: Mapping[str, str]) -> Parted:
    """All options go, by both their names, and logins; of what is the agent's only its token."""
    old = {variable.old for variable in VARIABLES if variable.old}
    leaving = {
        name
        for name in environ
        if name.startswith((PREFIX, OWN_PREFIX)) or name in old or name in (*_LOGINS, *_AGENT)
    }
    return Parted(
        {name: value for name, value in environ.items() if name not in leaving},
        {name: environ[name] for name in leaving},
    )


def handed_on(taken: Mapping[str, str]) -> dict[str, str]:
    """What the init command, which is the agent, gets back."""
    return {name: taken[name] for name in _AGENT if name in taken}


def begin_anew(command: list[str], environ: Mapping[str, str]) -> None:
    """Become `command` with the rest of the environment, and one more argument: where the taken part is."""
    both = parted(environ)
    descriptor = os.memfd_create("given")
    os.set_inheritable(descriptor, True)
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(msgspec.json.encode({_hex(k): _hex(v) for k, v in both.taken.items()}))
    os.execve(command[0], [*command, str(descriptor)], both.kept)  # noqa: S606 - a list, no shell


def received(descriptor: int) -> dict[str, str]:
    """The taken part, which is in no descriptor from here on."""
    hide()
    data = os.pread(descriptor, _MOST, 0)
    os.close(descriptor)
    found = msgspec.json.decode(data, type=dict[str, str])
    return {_text(name): _text(value) for name, value in found.items()}


def hide() -> None:
    """Nobody may look into this process; what it starts is as any other again."""
    import ctypes  # only where there is something to hide

    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _hex(text: str) -> str:
    """An environment has bytes, which JSON does not."""
    return os.fsencode(text).hex()


def _text(data: str) -> str:
    return os.fsdecode(bytes.fromhex(data))
