"""Why a container does not run, or not for long."""

from __future__ import annotations

import re

from ....git import failure
from .. import naming
from .cause import Cause, clipped
from .reading import ContainerStatus, Seen, Terminated

_OURS = naming.CONTAINER
_NO_SHELL = (
    r'exec: "/bin/sh": stat /bin/sh: no such file|"/bin/sh": executable file not found|fork/exec /bin/sh'
)


def starting(status: ContainerStatus, seen: Seen) -> Cause | None:
    """What a container waits for, or how it ended; None for one that runs or has done its work."""
    ended = status.terminated
    if status.running or (
        status.waiting is None and ended is not None and ended.exit_code == 0 and not _main(status)
    ):
        return None
    if status.waiting is not None and (
        found := _waiting(status, status.waiting.reason, status.waiting.message)
    ):
        return found
    if ended is None:
        return None
    return _ended(status, ended, seen)


def last_end(status: ContainerStatus, seen: Seen) -> Cause | None:
    """How a container that runs again ended before; None if it never did."""
    before = status.last_state.terminated if status.last_state else None
    return _ended(status, before, seen) if before else None


def _main(status: ContainerStatus) -> bool:
    return status.name == _OURS


def _waiting(status: ContainerStatus, reason: str, message: str) -> Cause | None:
    evidence = (clipped(message),) if message else ()
    if reason == "CreateContainerConfigError":
        return _configuration(status, message)
    if reason in ("RunContainerError", "StartError", "CreateContainerError", "PostStartHookError"):
        return _start(status, message) or Cause(
            code="container-start",
            sentence=f"The node could not start the container {status.name}.",
            evidence=evidence,
            hint="See the node's words above; runArgs, mounts and the pod template are the usual causes.",
        )
    return None


def _configuration(status: ContainerStatus, message: str) -> Cause:
    evidence = (clipped(message),)
    if "runAsNonRoot" in message:
        return Cause(
            code="run-as-root",
            sentence="The image runs as root or as a user by name, which the pod's security forbids.",
            evidence=evidence,
            hint="Set containerUser or remoteUser to a user of the image that is not root.",
            hopeless=True,
        )
    if match := re.search(r'(secret|configmap) "([^"]*)" not found', message):
        return Cause(
            code="mount-missing",
            sentence=f"The {match[1]} {match[2]} that the container takes variables from is not there.",
            evidence=evidence,
            hint="Create it, or correct the pod template.",
            hopeless=True,
        )
    return Cause(
        code="container-configuration",
        sentence=f"The container {status.name} cannot be made as it is configured.",
        evidence=evidence,
        hint="See the node's words above.",
        hopeless=True,
    )


def _start(status: ContainerStatus, message: str) -> Cause | None:
    evidence = (clipped(message),)
    if re.search(_NO_SHELL, message):
        return Cause(
            code="no-shell",
            sentence="The image has no /bin/sh, which a workspace needs.",
            evidence=evidence,
            hint="Use an image with a shell.",
            hopeless=True,
        )
    if "exec format error" in message:
        return _foreign(evidence)
    if re.search(r"no such file or directory|executable file not found|permission denied", message):
        return Cause(
            code="container-command",
            sentence=f"The first process of the container {status.name} cannot be started.",
            evidence=evidence,
            hint="Check the image's entrypoint and command, and `--entrypoint` in runArgs.",
            hopeless=True,
        )
    if re.search(r"unable to find (user|group)|no users found|no matching entries", message):
        return Cause(
            code="container-user",
            sentence="The user that the container is to run as is not in the image.",
            evidence=evidence,
            hint="Correct containerUser, or create the user in the Dockerfile.",
            hopeless=True,
        )
    return None


def _ended(status: ContainerStatus, ended: Terminated, seen: Seen) -> Cause | None:
    if ended.reason == "OOMKilled":
        return _memory(status, seen)
    tail = tuple(clipped(line) for line in seen.logs.get(status.name, ()))
    if ended.message and (found := _start(status, ended.message)):
        return found
    if any("exec format error" in line for line in tail):
        return _foreign(tail[-3:])
    if status.name == naming.CLONE and ended.exit_code:
        return _clone(seen, ended, tail)
    if not _main(status):
        return _before(status, ended, tail)
    return _crash(status, ended, tail)


def _memory(status: ContainerStatus, seen: Seen) -> Cause:
    return Cause(
        code="out-of-memory",
        sentence="The container reached its limit of memory and was ended.",
        evidence=(
            f"{status.name}: OOMKilled, {status.restart_count} restarts",
            *(clipped(line) for line in seen.logs.get(status.name, ())[-5:]),
        ),
        hint="Raise limits.memory in the option resources, or let fewer things run at once.",
        hopeless=status.restart_count > 1,
    )


def _foreign(evidence: tuple[str, ...]) -> Cause:
    return Cause(
        code="image-architecture",
        sentence="The image is made for another architecture than the node's.",
        evidence=evidence,
        hint="Choose nodes by the option architecture, or build the image for this one.",
        hopeless=True,
    )


def _clone(seen: Seen, ended: Terminated, tail: tuple[str, ...]) -> Cause:
    error = failure.explained(seen.source, tail)
    return Cause(
        code="clone-failed",
        sentence=f"The repository could not be cloned in the cluster: {error.message}",
        evidence=(f"exit code {ended.exit_code}", *tail[-10:]),
        hint=error.hint,
        hopeless=not isinstance(error, failure.HostUnreachable),
    )


def _before(status: ContainerStatus, ended: Terminated, tail: tuple[str, ...]) -> Cause:
    return Cause(
        code="init-container",
        sentence=f"The container {status.name}, which runs before the workspace, failed.",
        evidence=(
            f"exit code {ended.exit_code}",
            *((clipped(ended.message),) if ended.message else ()),
            *tail[-10:],
        ),
        hint="See its last lines, or what `command` it has in the pod template.",
        hopeless=status.restart_count > 0 or status.name == naming.POPULATE,
    )


def _crash(status: ContainerStatus, ended: Terminated, tail: tuple[str, ...]) -> Cause:
    how = f"signal {ended.signal}" if ended.signal else f"exit code {ended.exit_code}"
    told = (clipped(ended.message),) if ended.message else ()
    return Cause(
        code="crash-loop",
        sentence=f"The workspace's container ends again and again ({how}, {status.restart_count} restarts).",
        evidence=(how, *told, *tail[-10:]),
        hint='Let "overrideCommand" be true, or give the image a command that keeps running.',
        hopeless=status.restart_count > 0,
    )
