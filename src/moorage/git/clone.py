"""The program that clones a repository into a volume, from inside a container that has git and /bin/sh.

Pure: it only puts together what `clone.sh` gets. The same program runs in a helper container of an engine,
which gives it the input on standard input, and in an init container, which mounts it as a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from ..errors import MoorageError
from ..spec.giturl import read
from ..spec.source import GitSource
from . import failure
from .access import Access
from .client import ResolvedRef

AGENT_SOCKET = "/run/moorage-ssh-agent.sock"
STANDARD_INPUT = "-"
_INPUT_BROKEN, _LFS_MISSING, _NO_ROOM = 64, 65, 66


class CloneProgram(msgspec.Struct, frozen=True, kw_only=True):
    """What the container runs. `stdin` may hold a login: it must not be logged, and does not print.

    The folders `host_paths` are to be mounted read-only at the same place, the socket `ssh_agent` at
    AGENT_SOCKET. `needs_ssh_agent` without an `ssh_agent` will fail at any server that wants a key.
    """

    argv: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    stdin: bytes
    needs_ssh_agent: bool
    ssh_agent: str | None
    host_paths: tuple[str, ...]
    needs_host_network: bool

    def __repr__(self) -> str:
        return f"CloneProgram(environment={self.environment!r}, stdin=***)"

    __str__ = __repr__


def clone_program(
    source: GitSource,
    resolved: ResolvedRef,
    access: Access,
    *,
    directory: str,
    submodules: bool = False,
    lfs: bool = False,
    partial: bool = False,
    owner_uid: int | None = None,
    owner_gid: int | None = None,
    input_file: str = STANDARD_INPUT,
) -> CloneProgram:
    """Clone all branches and check out exactly `resolved.commit` into the absolute folder `directory`.

    A branch ends on its own name and follows origin, a pull request on `pr-N`, anything else is detached. The
    files are handed to the owner if one is given. `partial` leaves contents of older commits on the server.
    """
    address = read(access.url)
    scheme = address.scheme if address else "file"
    return CloneProgram(
        argv=("/bin/sh", "-c", script()),
        environment=(
            ("MOORAGE_CLONE_DIRECTORY", directory),
            ("MOORAGE_CLONE_URL", access.url),
            ("MOORAGE_CLONE_COMMIT", resolved.commit),
            ("MOORAGE_CLONE_REF", resolved.ref),
            ("MOORAGE_CLONE_BRANCH", _branch(source, resolved)),
            ("MOORAGE_CLONE_DEFAULT", resolved.default_branch or ""),
            ("MOORAGE_CLONE_FORMAT", "sha256" if len(resolved.commit) == 64 else "sha1"),
            ("MOORAGE_CLONE_FILTER", "blob:none" if partial else ""),
            ("MOORAGE_CLONE_SUBMODULES", "yes" if submodules else ""),
            ("MOORAGE_CLONE_LFS", "yes" if lfs else ""),
            ("MOORAGE_CLONE_OWNER", _owner(owner_uid, owner_gid)),
            ("MOORAGE_CLONE_PROTOCOLS", "https:http:ssh:git" + (":file" if scheme == "file" else "")),
            ("MOORAGE_CLONE_ORIGIN", access.credential.origin if access.credential else ""),
            ("MOORAGE_CLONE_INPUT", input_file),
            *((("SSH_AUTH_SOCK", AGENT_SOCKET),) if access.ssh_agent else ()),
        ),
        stdin=_input(access),
        needs_ssh_agent=scheme == "ssh",
        ssh_agent=access.ssh_agent,
        host_paths=access.host_paths,
        needs_host_network=access.loopback,
    )


def script() -> str:
    """The constant text of the program."""
    return Path(__file__).with_name("clone.sh").read_text("utf-8")


def failed(source: GitSource, code: int, lines: Sequence[str]) -> MoorageError:
    """The error for a clone that ended with this exit code and these last lines on standard error."""
    if code == _LFS_MISSING:
        return failure.LfsMissing(
            "Files in LFS were asked for, but the image that clones has no git-lfs.",
            hint="Choose an image with git-lfs by `-o gitImage=...`, or do without LFS.",
        )
    if code in (_INPUT_BROKEN, _NO_ROOM):
        hint = "Run the same command again; what was begun is removed first."
        return failure.GitFailed("The clone could not begin.", evidence=tuple(lines[-5:]), hint=hint)
    return failure.explained(source.url, lines)


def _branch(source: GitSource, resolved: ResolvedRef) -> str:
    return f"pr-{source.pull_request}" if source.pull_request else resolved.branch or ""


def _owner(uid: int | None, gid: int | None) -> str:
    if uid is None:
        return ""
    return str(uid) if gid is None else f"{uid}:{gid}"


def _input(access: Access) -> bytes:
    lines = []
    if access.credential:
        lines += [f"username {access.credential.username}", f"password {access.credential.password}"]
    lines += [f"known_hosts {line}" for line in access.known_hosts]
    lines += [f"ssh_config {line}" for line in access.ssh_config]
    return "".join(f"{line}\n" for line in [*lines, "end"]).encode()
