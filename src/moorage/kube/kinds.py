"""The kinds of objects that moorage works with, and where the API server has them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from .errors import ObjectInvalid


class Kind(msgspec.Struct, frozen=True):
    """One kind of object: group and version as apiVersion has them, its plural in paths."""

    version: str
    name: str
    plural: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        return self.version.rpartition("/")[0]

    def path(self, namespace: str = "", name: str = "", sub: str = "") -> str:
        """The path of all of them, of those in a namespace, of one, or of a subresource of one."""
        from .client import quoted  # both modules know paths

        root = f"/apis/{self.version}" if "/" in self.version else f"/api/{self.version}"
        place = f"/namespaces/{quoted(namespace)}" if self.namespaced and namespace else ""
        words = [quoted(each) for each in (name, sub) if each]
        return "/".join([f"{root}{place}/{self.plural}", *words])


CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
EVENT = Kind("v1", "Event", "events")
LIMIT_RANGE = Kind("v1", "LimitRange", "limitranges")
NAMESPACE = Kind("v1", "Namespace", "namespaces", False)
NODE = Kind("v1", "Node", "nodes", False)
CLAIM = Kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
VOLUME = Kind("v1", "PersistentVolume", "persistentvolumes", False)
POD = Kind("v1", "Pod", "pods")
QUOTA = Kind("v1", "ResourceQuota", "resourcequotas")
SECRET = Kind("v1", "Secret", "secrets")
SERVICE = Kind("v1", "Service", "services")
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount", "serviceaccounts")
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
REPLICA_SET = Kind("apps/v1", "ReplicaSet", "replicasets")
STATEFUL_SET = Kind("apps/v1", "StatefulSet", "statefulsets")
JOB = Kind("batch/v1", "Job", "jobs")
LEASE = Kind("coordination.k8s.io/v1", "Lease", "leases")
NETWORK_POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
DISRUPTION_BUDGET = Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
ROLE = Kind("rbac.authorization.k8s.io/v1", "Role", "roles")
ROLE_BINDING = Kind("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings")
CLUSTER_ROLE = Kind("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", False)
CLUSTER_ROLE_BINDING = Kind(
    "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", False
)
STORAGE_CLASS = Kind("storage.k8s.io/v1", "StorageClass", "storageclasses", False)
VOLUME_ATTACHMENT = Kind("storage.k8s.io/v1", "VolumeAttachment", "volumeattachments", False)

KINDS: tuple[Kind, ...] = tuple(each for each in list(globals().values()) if isinstance(each, Kind))


def kind_of(manifest: Mapping[str, object]) -> Kind:
    """The kind that a manifest says it is. Raises ObjectInvalid for one that moorage does not know."""
    version, name = manifest.get("apiVersion"), manifest.get("kind")
    for kind in KINDS:
        if kind.version == version and kind.name == name:
            return kind
    raise ObjectInvalid(
        f"moorage does not know objects of the kind {name} ({version}).",
        hint="Use a kind that moorage creates, or apply it with kubectl.",
    )
