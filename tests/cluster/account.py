"""A user of one namespace who may do what `moorage kubernetes rbac` prints, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cluster.cluster import Cluster

NAME = "user"
RIGHTS = ("--cluster-role", "view", "--helper")
"""All that a namespace's Role can hold; the rest is for the whole cluster."""


def user(cluster: Cluster, namespace: str, folder: Path) -> Path:
    """A kubeconfig with a user's token and the printed Role bound to it."""
    apply_rights(cluster, namespace)
    return kubeconfig(cluster, namespace, folder)


def apply_rights(cluster: Cluster, namespace: str) -> None:
    """Bind the Role of the namespace."""
    (role,) = printed(namespace, *RIGHTS)
    cluster.apply(namespace, role, bound(role, namespace))


@contextmanager
def wide_rights(cluster: Cluster, namespace: str, *rights: str) -> Iterator[None]:
    """The printed ClusterRole, bound for the whole cluster until the block ends."""
    name = f"moorage-{namespace}"
    (role,) = (each for each in printed(namespace, "--name", name, *rights) if each["kind"] == "ClusterRole")
    cluster.apply("default", role, bound(role, namespace))
    try:
        yield
    finally:
        cluster.kubectl("delete", f"clusterrole/{name}", f"clusterrolebinding/{name}")


def printed(namespace: str, *rights: str) -> list[dict[str, Any]]:
    """What `moorage kubernetes rbac` says."""
    command = [sys.executable, "-m", "moorage", "kubernetes", "rbac", f"--namespace={namespace}"]
    done = subprocess.run([*command, "--output=json", *rights], capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)["items"]
    return found


def bound(role: dict[str, Any], namespace: str) -> dict[str, Any]:
    """The binding of a Role or ClusterRole to the user of this namespace."""
    kind, name = role["kind"], role["metadata"]["name"]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": f"{kind}Binding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": namespace}],
    }


def kubeconfig(cluster: Cluster, namespace: str, folder: Path) -> Path:
    """A kubeconfig of a ServiceAccount of its own, which has no right yet."""
    cluster.apply(namespace, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME}})
    token = cluster.kubectl("--namespace", namespace, "create", "token", NAME, "--duration=4h")
    shown = cluster.kubectl("config", "view", "--raw", "--minify", "--flatten", "--output=json")
    config: dict[str, Any] = json.loads(shown)
    config["users"] = [{"name": NAME, "user": {"token": token}}]
    config["contexts"] = [
        {
            "name": NAME,
            "context": {"cluster": config["clusters"][0]["name"], "user": NAME, "namespace": namespace},
        }
    ]
    config["current-context"] = NAME
    path = folder / "user.kubeconfig"
    path.write_text(json.dumps(config))
    path.chmod(0o600)
    return path
