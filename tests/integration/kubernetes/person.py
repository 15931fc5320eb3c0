"""moorage on a cluster from the outside: as a person uses it who may do no more than the printed Role."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.account import NAME, user
from tests.cluster.cluster import Cluster
from tests.outside import Cli, Result

IMAGE = "moorage-test/devcontainer:latest"
"""What has bash, coreutils and a user vscode."""
NOT_OF_WORKSPACES = (
    "configmap/kube-root-ca.crt",
    "serviceaccount/default",
    f"serviceaccount/{NAME}",
    "role.rbac.authorization.k8s.io/moorage",
    "role.rbac.authorization.k8s.io/moorage-builder",
)


class Person:
    """moorage with the least rights in a namespace of its own, and a home of its own."""

    def __init__(self, cluster: Cluster, namespace: str, home: Path) -> None:
        self.cluster, self.namespace = cluster, namespace
        self.cli = Cli(home, "unix:///nonexistent.sock")
        config = home / "config.toml"
        config.write_text(
            f'[registries]\ninsecure = ["{cluster.registry}"]\n'
            f'[registries.mirrors]\n"docker.io" = ["http://{cluster.registry}"]\n'
        )
        self.cli.env |= {"KUBECONFIG": str(user(cluster, namespace, home)), "MOORAGE_CONFIG": str(config)}

    def __call__(self, command: str, *arguments: str | Path) -> Result:
        return self.cli(*self.words(command, *arguments), timeout=150)

    def words(self, command: str, *arguments: str | Path) -> tuple[str | Path, ...]:
        return command, "--driver", "kubernetes", "-o", f"namespace={self.namespace}", *arguments

    def ok(self, command: str, *arguments: str | Path) -> Result:
        result = self(command, *arguments)
        assert result.code == 0, result.stderr + result.stdout
        return result

    def left(self) -> list[str]:
        """What a workspace leaves in the namespace."""
        kinds = "deployments,replicasets,pods,configmaps,secrets,persistentvolumeclaims,serviceaccounts,roles"
        found = self.cluster.kubectl("--namespace", self.namespace, "get", kinds, "--output=name").split()
        return [name for name in found if name not in NOT_OF_WORKSPACES]
