"""The architecture of nodes that we may not see: a small pod says where it came to be."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import aclosing
from hashlib import sha256

import msgspec

from ...errors import MoorageError
from ...kube import objects
from ...kube.client import Cluster
from ...kube.errors import ObjectExists, ObjectMissing
from ...kube.kinds import POD
from ...kube.watch import Change, watch
from ...spec import names
from . import naming
from .causes.reading import Pod
from .options import Options
from .values import Json

_SECONDS = 60.0
_ROLE = "helper"
_ENDS = ("Succeeded", "Failed")
_KNOWN = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64", "armv7l": "arm"}
_KNOWN |= {name: name for name in ("ppc64le", "s390x", "riscv64")}


async def detected(cluster: Cluster, namespace: str, options: Options) -> str:
    """As images name it, such as amd64; "" where such a pod cannot be had within a minute.

    The pod's name follows from what it is: one whose client was killed is taken over by the next.
    """
    name, pod = helper(namespace, options)
    said: bytes | None = None
    try:
        async with asyncio.timeout(_SECONDS):
            while said is None:
                said = await _asked(cluster, namespace, name, pod)
    except (MoorageError, TimeoutError):
        return ""
    finally:
        with contextlib.suppress(MoorageError):
            await asyncio.shield(_remove(cluster, namespace, name))
    return _KNOWN.get(said.decode(errors="replace").strip(), "")


async def _asked(cluster: Cluster, namespace: str, name: str, pod: Json) -> bytes | None:
    """What the pod says, b"" where it fails; None where another's pod went or had failed before."""
    new = True
    try:
        await objects.create(cluster, pod, objects.Head)
    except ObjectExists:
        new = False
    phase = await _ended(cluster, namespace, name)
    if phase == "Failed":
        await _remove(cluster, namespace, name)
        return b"" if new else None
    try:
        return await cluster.call("GET", POD.path(namespace, name, "log")) if phase else None
    except ObjectMissing:
        return None


async def _remove(cluster: Cluster, namespace: str, name: str) -> None:
    await objects.delete(cluster, POD, name, namespace=namespace, grace=0)


async def tidy(cluster: Cluster, namespace: str) -> None:
    """Remove helpers that have ended and that nobody came back for; one that is still read is made anew."""
    label = f"{names.ROLE}={_ROLE}"
    found = await objects.find(cluster, POD, Pod, namespace=namespace, labels=label)
    for each in found.items:
        if each.status.phase in _ENDS:
            await _remove(cluster, namespace, each.metadata.name)


def helper(namespace: str, options: Options) -> tuple[str, Json]:
    """The pod with its name: allowed by every level of pod security, and at its end within a minute."""
    labels = {**dict(options.labels), naming.MANAGED_BY: naming.FIELD_MANAGER, names.ROLE: _ROLE}
    found = _pod(namespace, labels, options)
    text = msgspec.json.encode(found, order="deterministic")
    name = f"moorage-helper-{sha256(text).hexdigest()[:10]}"
    return name, {**found, "metadata": {"name": name, "namespace": namespace, "labels": labels}}


def _pod(namespace: str, labels: dict[str, str], options: Options) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": namespace, "labels": labels},
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": round(_SECONDS),
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "nodeSelector": {"kubernetes.io/os": "linux", **dict(options.node_selector)},
            "tolerations": list(options.tolerations),
            "imagePullSecrets": [{"name": each} for each in options.image_pull_secrets],
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65534,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "helper",
                    "image": options.helper_image,
                    "command": ["uname", "-m"],
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                    },
                }
            ],
        },
    }


async def _ended(cluster: Cluster, namespace: str, name: str) -> str:
    """The phase that it ended in; "" where somebody removed it."""
    changes = watch(cluster, POD, Pod, namespace=namespace, fields=f"metadata.name={name}")
    there = False
    async with aclosing(changes):
        async for change in changes:
            if not isinstance(change, Change):
                if not there:
                    return ""
                continue
            if change.deleted:
                return ""
            there = True
            if change.object.status.phase in _ENDS:
                return change.object.status.phase
    return ""
