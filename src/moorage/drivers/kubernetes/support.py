"""What each property of devcontainer.json, each kind of mount and each flag of runArgs does in a pod.

The reference page is generated from these rows, and tests hold them against `render`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from .flags import TABLE

Effect = Literal["effect", "warned", "refused", "not needed", "this machine"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line. `effect`: it works in the pod; `this machine`: moorage does it, wherever the workspace is."""

    name: str
    effect: Effect
    how: str


def rows() -> tuple[Row, ...]:
    """The properties in the order of the specification's reference, then mounts, then runArgs."""
    return (*PROPERTIES, *MOUNTS, *_flags())


def _flags() -> Iterator[Row]:
    for name, flag in sorted(TABLE.items()):
        effect: Effect = "not needed" if flag.effect == "no meaning" else flag.effect
        how = f"{flag.how[:1].upper()}{flag.how[1:]}"
        yield Row(name=f"runArgs: --{name}", effect=effect, how=how)


def _row(name: str, effect: Effect, how: str) -> Row:
    return Row(name=name, effect=effect, how=how)


_RUNNER = "Runs in the pod, also when a pod takes another's place with no client present."

PROPERTIES: tuple[Row, ...] = (
    _row("$schema", "not needed", "Ignored everywhere."),
    _row("name", "effect", "A label; objects are named by the workspace's id."),
    _row("features", "effect", "Part of the image, which is built before the pod is made."),
    _row("overrideFeatureInstallOrder", "effect", "Part of the image."),
    _row("secrets", "this machine", "Values come from `--secrets-file` and go in by standard input."),
    _row("initializeCommand", "this machine", "Runs before anything is created in the cluster."),
    _row("image", "effect", "The container's image, by digest. The nodes pull it."),
    _row("build", "effect", "Built by the option `builder` and pushed to `buildRepository`."),
    _row(
        "appPort",
        "effect",
        "A port of the pod. Nothing is published on this machine: `moorage forward` does.",
    ),
    _row("runArgs", "effect", "Each flag as in the list below."),
    _row(
        "workspaceMount",
        "effect",
        "The claim is mounted at the parent of its target. Its source must be the project.",
    ),
    _row("workspaceFolder", "effect", "Where hooks, `exec` and `shell` start."),
    _row("dockerComposeFile", "refused", "A workspace in a cluster is one container so far."),
    _row("service", "refused", "As `dockerComposeFile`."),
    _row("runServices", "refused", "As `dockerComposeFile`."),
    _row("init", "effect", "The pod's containers share processes, and the pod's first one buries the dead."),
    _row("privileged", "effect", "`securityContext.privileged`; refused where pod security forbids it."),
    _row("capAdd", "effect", "`capabilities.add`; refused where pod security forbids one."),
    _row(
        "securityOpt",
        "effect",
        "seccomp, apparmor, SELinux, no-new-privileges; profiles in files are refused.",
    ),
    _row("mounts", "effect", "By kind, as in the list below."),
    _row("onCreateCommand", "effect", _RUNNER),
    _row("updateContentCommand", "effect", _RUNNER),
    _row("postCreateCommand", "effect", _RUNNER),
    _row("postStartCommand", "effect", _RUNNER),
    _row("postAttachCommand", "effect", "Runs at every `up`."),
    _row("waitFor", "effect", "As on an engine."),
    _row("containerUser", "effect", "`runAsUser`, by the number that the image's /etc/passwd gives it."),
    _row(
        "remoteUser",
        "effect",
        "Hooks and tools become this user in the container, by setpriv or su of the image.",
    ),
    _row("userEnvProbe", "effect", "As on an engine."),
    _row("containerEnv", "effect", "In a Secret that the container's environment is taken from."),
    _row("remoteEnv", "effect", "As on an engine; goes in by standard input."),
    _row(
        "overrideCommand", "effect", "Where it is false the image's own entrypoint and command are started."
    ),
    _row("updateRemoteUserUID", "not needed", "Files are on a claim, which is given to the remote user."),
    _row("portsAttributes", "this machine", "Labels for `forward`."),
    _row("otherPortsAttributes", "this machine", "Kept for tools."),
    _row("forwardPorts", "this machine", "What `moorage forward` opens, over the API server."),
    _row("shutdownAction", "this machine", "Kept for tools."),
    _row(
        "hostRequirements",
        "effect",
        "Requests of CPU and memory, at least so much storage, a GPU as a limit.",
    ),
    _row("customizations", "this machine", "Kept for tools."),
)

MOUNTS: tuple[Row, ...] = (
    _row(
        "mounts: volume", "effect", "A claim of the workspace, filled with what the image has there at first."
    ),
    _row(
        "mounts: volume without a source",
        "effect",
        "An empty directory, filled in the same way, gone with the pod.",
    ),
    _row(
        "mounts: volume claim/NAME",
        "effect",
        "A claim that is there already; it stays when the workspace goes.",
    ),
    _row("mounts: volume secret/NAME", "effect", "A Secret of the namespace, read-only."),
    _row("mounts: volume configmap/NAME", "effect", "A ConfigMap of the namespace, read-only."),
    _row("mounts: tmpfs", "effect", "An empty directory in memory; tmpfs-size is its limit."),
    _row(
        "mounts: bind",
        "refused",
        "A path of this machine. The option `bindMounts` leaves it out (skip) or takes the node's (node).",
    ),
    _row(
        "mounts: bind of an engine's socket",
        "refused",
        "Nodes do not lend their engine. Use docker-in-docker.",
    ),
)
