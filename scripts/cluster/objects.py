"""What every cluster has before anybody uses it: a default storage class, and names for its pods."""

import json

from .control_plane import PROVISIONER, STORAGE_CLASS, kubectl
from .place import Place


def apply(place: Place) -> None:
    """Create them or leave them as they are."""
    file = place.folder / "objects.json"
    items = [_storage_class(), _names(place), _where_names_are(place)]
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1))
    kubectl(place, "apply", "--server-side", "-f", str(file))


def _storage_class() -> dict[str, object]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": STORAGE_CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    }


def _names(place: Place) -> dict[str, object]:
    ports = [{"name": f"dns-{each.lower()}", "port": 53, "protocol": each} for each in ("UDP", "TCP")]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": "kube-system"},
        "spec": {"clusterIP": place.names_service, "ports": ports},
    }


def _where_names_are(place: Place) -> dict[str, object]:
    """CoreDNS runs on the host, so its service has no pods to select."""
    ports = [{"name": f"dns-{each.lower()}", "port": 53, "protocol": each} for each in ("UDP", "TCP")]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kube-dns-host",
            "namespace": "kube-system",
            "labels": {"kubernetes.io/service-name": "kube-dns"},
        },
        "addressType": "IPv4",
        "ports": ports,
        "endpoints": [{"addresses": [place.address]}],
    }
