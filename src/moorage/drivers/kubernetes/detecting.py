"""The architecture of nodes that we may not see: a small pod says where it came to be."""

from __future__ import annotations

import asyncio
import contextlib
import os
from contextlib import aclosing

from ...errors import MoorageError
from ...kube import objects
from ...kube.client import Cluster
from ...kube.kinds import POD
from ...kube.watch import Change, watch
from . import naming
from .causes.reading import Pod
from .options import Options

_SECONDS = 60.0
_KNOWN = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64", "armv7l": "arm"}
_KNOWN |= {name: name for name in ("ppc64le", "s390x", "riscv64")}


async def detected(cluster: Cluster, namespace: str, options: Options) -> str:
    """As images name it, such as amd64; "" where such a pod cannot be had within a minute."""
    name = f"moorage-helper-{os.urandom(5).hex()}"
    try:
        async with asyncio.timeout(_SECONDS):
            await objects.create(cluster, helper(name, namespace, options), objects.Head)
            ended = await _ended(cluster, namespace, name)
            said = await cluster.call("GET", POD.path(namespace, name, "log")) if ended else b""
    except (MoorageError, TimeoutError):
        return ""
    finally:
        with contextlib.suppress(MoorageError):
            await asyncio.shield(objects.delete(cluster, POD, name, namespace=namespace, grace=0))
    return _KNOWN.get(said.decode(errors="replace").strip(), "")


def helper(name: str, namespace: str, options: Options) -> dict[str, object]:
    """The pod: allowed by every level of pod security, and gone by itself if nobody removes it."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {**dict(options.labels), naming.MANAGED_BY: naming.FIELD_MANAGER},
        },
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


async def _ended(cluster: Cluster, namespace: str, name: str) -> bool:
    changes = watch(cluster, POD, Pod, namespace=namespace, fields=f"metadata.name={name}")
    async with aclosing(changes):
        async for change in changes:
            if isinstance(change, Change) and change.object.status.phase in ("Succeeded", "Failed"):
                return change.object.status.phase == "Succeeded"
    return False
