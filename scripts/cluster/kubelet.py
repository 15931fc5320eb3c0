"""kubelet and kube-proxy of a node."""

import json

from . import binaries, runtime
from .place import DOMAIN, Node

READY_FOR_MANY_PODS = 200


def command(node: Node) -> list[str]:
    state = node.folder / "kubelet"
    return [
        *_kube(node, "kubelet"),
        f"--config={node.folder / 'kubelet.json'}",
        f"--kubeconfig={node.place.certificates / node.name}.kubeconfig",
        f"--root-dir={state}",
        f"--cert-dir={state / 'pki'}",
        f"--hostname-override={node.name}",
        f"--node-ip={node.address}",
    ]


def proxy_command(node: Node) -> list[str]:
    return [*_kube(node, "kube-proxy"), f"--config={node.folder / 'kube-proxy.json'}"]


def write(node: Node) -> None:
    """Their settings, once: kube-proxy ends when its file changes."""
    for name, settings in (("kubelet", _settings(node)), ("kube-proxy", _proxy(node))):
        file = node.folder / f"{name}.json"
        if not file.exists():
            file.write_text(json.dumps(settings, indent=1))


def _kube(node: Node, program: str) -> list[str]:
    return [str(binaries.kubernetes(node.place.layout) / "kube"), program]


def _settings(node: Node) -> dict[str, object]:
    place = node.place
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.address,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(place.certificates / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{runtime.SOCKET}",
        "oomScoreAdj": 0,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{node.cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "clusterDNS": [place.names_service],
        "clusterDomain": DOMAIN,
        "resolvConf": str(node.folder / "resolv.conf"),
        "podLogsDir": "/var/log/pods",
        "maxPods": READY_FOR_MANY_PODS,
        "serializeImagePulls": False,
        "registryPullQPS": 0,
        "eventRecordQPS": 0,
        "nodeLeaseDurationSeconds": 16,
        "nodeStatusUpdateFrequency": "4s",
        # The disk of a developer is full: that is no reason to evict pods or to remove images.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
    }


def _proxy(node: Node) -> dict[str, object]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(node.place.certificates / "kube-proxy.kubeconfig")},
        "hostnameOverride": node.name,
        "bindAddress": node.address,
        "clusterCIDR": node.place.network,
        "oomScoreAdj": 0,
        "mode": "nftables",
        "nftables": {"minSyncPeriod": "200ms"},
        # These settings are the machine's: not ours to change.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
