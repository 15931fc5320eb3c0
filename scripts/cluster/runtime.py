"""containerd of a node: where it keeps what, which registries it asks, how pods get a network."""

import json
import socket

from . import binaries
from .place import Node

PAUSE = "moorage-test/pause:latest"
# In the node's own /run.
SOCKET = "/run/containerd/containerd.sock"


def command(node: Node) -> list[str]:
    return [
        str(binaries.containerd(node.place.layout) / "containerd"),
        "--config",
        str(node.folder / "containerd.toml"),
    ]


def write(node: Node) -> None:
    """Its settings. Our registry stands for Docker Hub, so that images keep their public names."""
    place = node.place
    (node.folder / "containerd.toml").write_text(_settings(node))
    for name, server in (
        ("docker.io", f"http://{place.registry}"),
        (place.registry, f"http://{place.registry}"),
        (place.auth_registry, f"http://{place.auth_registry}"),
        (place.tls_registry, f"https://{place.tls_registry}"),
    ):
        folder = node.folder / "certs.d" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "hosts.toml").write_text(
            f'server = "{server}"\n[host."{server}"]\n  capabilities = ["pull", "resolve"]\n'
            f'  ca = "{place.certificates}/ca.crt"\n'
        )
    (node.folder / "cni").mkdir(exist_ok=True)
    (node.folder / "cni" / "10-pods.conflist").write_text(json.dumps(_network(node), indent=1))


def answers(node: Node) -> bool:
    """Whether its socket is open; it stands in the root of the node's first process."""
    from scripts.engines import daemons

    pid = daemons.running(node.folder, "containerd")
    path = f"/proc/{pid}/root{SOCKET}"
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def _settings(node: Node) -> str:
    return f"""version = 3
root = "{node.folder}/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.erofs",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.nri.v1.nri",
]
[grpc]
  address = "{SOCKET}"
[debug]
  level = "warn"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "docker.io/{PAUSE}"
[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = "{node.folder}/certs.d"
[plugins.'io.containerd.cri.v1.runtime']
  # Without CAP_SYS_RESOURCE nobody lowers it.
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["{binaries.network_plugins(node.place.layout)}"]
  conf_dir = "{node.folder}/cni"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = false
"""


def _network(node: Node) -> dict[str, object]:
    """A cable for each pod and routes between: every packet passes the firewall, where services are."""
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": node.pods}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": "/run/cni-addresses",
    }
    return {
        "cniVersion": "1.0.0",
        "name": "pods",
        "plugins": [
            {"type": "ptp", "ipMasq": False, "mtu": 1500, "ipam": addresses},
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }
