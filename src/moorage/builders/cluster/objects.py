"""A builder's objects, one pod and one claim: named by what they are like, so that names are the lock."""

from __future__ import annotations

import pkgutil
from hashlib import sha256

import msgspec

from moorage.builders.cluster.settings import ROOTLESS_USER, Json, Settings, buildkitd, labels

CONTAINER = "devcontainer"
"""The container's name is that of workspaces: what explains their pods explains this one."""
PLACE = "/run/moorage"
_ROOT_STATE = "/var/lib/buildkit"
_ROOTLESS_STATE = "/home/user/.local/share/buildkit"
_AUTHORITIES = f"/etc/ssl/certs:/etc/pki/tls/certs:{PLACE}/authorities"
"""Where Go's TLS looks for certificates (crypto/x509): its own places, and ours."""


def name(settings: Settings) -> str:
    """Of pod and claim: equal for equal settings, whoever asks."""
    spec = msgspec.json.encode(_spec(settings, "-"), order="sorted")
    return f"moorage-builder-{sha256(spec).hexdigest()[:10]}"


def pod(settings: Settings) -> Json:
    """The pod, in a namespace that may refuse it for its rights."""
    called = name(settings)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": called, "namespace": settings.namespace, "labels": labels(settings)},
        "spec": _spec(settings, called),
    }


def claim(settings: Settings) -> Json | None:
    """Where BuildKit keeps what it has made, longer than its pod lives; None where it keeps nothing."""
    if settings.address or not settings.cache_size:
        return None
    spec: Json = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": settings.cache_size}},
    }
    if settings.storage_class:
        spec["storageClassName"] = settings.storage_class
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name(settings), "namespace": settings.namespace, "labels": labels(settings)},
        "spec": spec,
    }


def script(called: str) -> str:
    """One of the texts that run in the pod."""
    return (pkgutil.get_data("moorage.builders.cluster", called) or b"").decode()


def socket(settings: Settings) -> str:
    """Where buildkitd listens, as clients in the pod call it."""
    return settings.address or f"unix://{PLACE}/buildkitd.sock"


def _spec(settings: Settings, called: str) -> Json:
    found: Json = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 5,
        "nodeSelector": {"kubernetes.io/os": "linux", **dict(settings.node_selector)},
        "tolerations": list(settings.tolerations),
        "imagePullSecrets": [{"name": each} for each in settings.pull_secrets],
        "containers": [_container(settings)],
        "volumes": _volumes(settings, called),
    }
    if settings.address:
        return found
    if settings.mode == "user-namespace":
        found["hostUsers"] = False
    if settings.mode == "rootless":
        found["securityContext"] = {"fsGroup": ROOTLESS_USER}
    return found


def _container(settings: Settings) -> Json:
    state = _ROOTLESS_STATE if settings.mode == "rootless" else _ROOT_STATE
    mounts = [{"name": "run", "mountPath": PLACE}, {"name": "contexts", "mountPath": "/var/tmp"}]  # noqa: S108
    mounts += [] if settings.address else [{"name": "state", "mountPath": state}]
    return {
        "name": CONTAINER,
        "image": settings.image,
        "command": ["sh", "-c", script("serve.sh"), "serve", str(settings.idle), *_daemon(settings)],
        "env": [
            {"name": "MOORAGE_PLACE", "value": PLACE},
            {"name": "MOORAGE_SETTINGS", "value": buildkitd(settings)},
            {"name": "MOORAGE_AUTHORITIES", "value": settings.authorities},
            {"name": "SSL_CERT_DIR", "value": _AUTHORITIES},
        ],
        "volumeMounts": mounts,
        "securityContext": _rights(settings),
    }


def _daemon(settings: Settings) -> list[str]:
    if settings.address:
        return []
    return ["rootlesskit", "buildkitd"] if settings.mode == "rootless" else ["buildkitd"]


def _rights(settings: Settings) -> Json:
    """What BuildKit's own containers need: to mount, and to make namespaces.

    With a user namespace all of it holds only inside; nothing of the node can be reached by it.
    """
    free: Json = {"seccompProfile": {"type": "Unconfined"}, "appArmorProfile": {"type": "Unconfined"}}
    if settings.address:
        return {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "runAsUser": ROOTLESS_USER,
            "runAsGroup": ROOTLESS_USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
    match settings.mode:
        case "privileged":
            return {"privileged": True, "runAsUser": 0}
        case "rootless":
            return free | {"runAsUser": ROOTLESS_USER, "runAsGroup": ROOTLESS_USER}
        case "user-namespace":
            return free | {"runAsUser": 0, "capabilities": {"add": ["ALL"]}, "procMount": "Unmasked"}


def _volumes(settings: Settings, called: str) -> list[Json]:
    found: list[Json] = [
        {"name": "run", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
        {"name": "contexts", "emptyDir": {}},
    ]
    if settings.address:
        return found
    kept: Json = {"persistentVolumeClaim": {"claimName": called}} if settings.cache_size else {"emptyDir": {}}
    return [*found, {"name": "state", **kept}]
