"""What leaves the environment before anything of the user's runs.

It is in our memory from there on, which nobody may look into (`executor.unseen`): who has no CAP_SYS_PTRACE,
which containers do not have by default, reads neither that nor our environment, not even as the same user.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from moorage.inside.envbuilder.table import OWN_PREFIX, PREFIX, VARIABLES

_LOGINS = ("DOCKER_CONFIG", "DOCKER_AUTH_CONFIG", "DEVCONTAINERS_OCI_AUTH", "REGISTRY_AUTH_FILE")
_AGENT = ("CODER_AGENT_TOKEN",)


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
