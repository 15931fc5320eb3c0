"""A node: namespaces of this machine in which containerd, kubelet and kube-proxy run.

Network, mounts and processes are its own, so that ending its first process ends all of it: pods with their
mounts, interfaces and firewall rules too. Only its cgroups have to be removed one by one.
"""

import shutil
from collections.abc import Callable, Sequence

from scripts.engines import daemons
from scripts.engines.phase import Failed

from . import binaries, certificates, cgroups, kubelet, network, runtime
from .place import Node

INIT = "init"
PROGRAMS = ("containerd", "kubelet", "kube-proxy")
# /run and /var are the node's own: sockets, locks and records stand there under fixed names.
_SCRIPT = """
set -e
resolver=$(readlink -f /etc/resolv.conf)
mount --make-rshared /
mount --bind "$1/var" /var
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p "${resolver%/*}" /run/lock
[ -e "$resolver" ] || : > "$resolver"
mount --bind "$1/resolv.conf" "$resolver"
: > "$1/ready"
exec "$2" -- sleep infinity
"""


def up(node: Node) -> None:
    """Start ``node`` up to its containerd, unless it runs; its disk is as it was. Needs no API server."""
    if daemons.running(node.folder, INIT) is None:
        stop(node)
        cgroups.make(node.cgroup)
        network.connect(node, _init(node))
    runtime.write(node)
    _start(node, "containerd", runtime.command(node), ready=lambda: runtime.answers(node))


def join(node: Node) -> None:
    """Start what makes it a node of the cluster: it is ready some seconds later."""
    if daemons.running(node.folder, "kubelet") is None:
        certificates.of_node(node)
    kubelet.write(node)
    _start(node, "kubelet", kubelet.command(node))
    _start(node, "kube-proxy", kubelet.proxy_command(node))


def stop(node: Node) -> None:
    """End ``node`` with all that runs on it, at once: a power cut."""
    for program in (INIT, *PROGRAMS):
        daemons.stop(node.folder, program, grace=0)
    cgroups.remove(node.cgroup)
    network.disconnect(node)


def down(node: Node) -> None:
    """End ``node`` and remove what it had."""
    stop(node)
    shutil.rmtree(node.folder, ignore_errors=True)


def runs(node: Node) -> bool:
    return all(daemons.running(node.folder, each) for each in (INIT, *PROGRAMS))


def _init(node: Node) -> int:
    """Start the process that keeps the namespaces; they are entered by its id."""
    for folder in ("var/lib", "var/log", "var/tmp", "tmp"):
        (node.folder / folder).mkdir(parents=True, exist_ok=True)
    if not (node.folder / "var/run").is_symlink():
        (node.folder / "var/run").symlink_to("/run")
    (node.folder / "ready").unlink(missing_ok=True)
    (node.folder / "resolv.conf").write_text(f"nameserver {node.place.address}\n")
    programs = binaries.containerd(node.place.layout)
    apart = ["--net", "--mount", "--propagation", "slave", "--pid", "--fork", "--kill-child", "--mount-proc"]
    inside = ["sh", "-c", _SCRIPT, "sh", str(node.folder), str(programs / "docker-init")]
    daemon = daemons.Daemon(INIT, node.folder, ["unshare", *apart, *inside], env={})
    daemons.ensure(daemon, (node.folder / "ready").exists, deadline=20)
    return _pid(node)


def _pid(node: Node) -> int:
    pid = daemons.running(node.folder, INIT)
    if pid is None:
        raise Failed(f"{node.name} does not run.")
    return pid


def _start(
    node: Node, program: str, command: Sequence[str], *, ready: Callable[[], bool] = lambda: True
) -> None:
    spaces = f"/proc/{_pid(node)}/ns"
    enter = ["nsenter", f"--net={spaces}/net", f"--mount={spaces}/mnt", f"--pid={spaces}/pid_for_children"]
    programs = f"{binaries.containerd(node.place.layout)}:{binaries.kubernetes(node.place.layout)}"
    environment = {
        "PATH": f"{programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "TMPDIR": str(node.folder / "tmp"),
    }
    daemon = daemons.Daemon(program, node.folder, [*enter, "--", *command], env=environment)
    daemons.ensure(daemon, ready)
