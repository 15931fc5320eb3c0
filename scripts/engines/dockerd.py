"""Docker engines of our own, each with its data, sockets, bridge and containerd apart from any other."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from . import binaries, daemons, debs
from .layout import Layout
from .phase import phase, run, succeeds

NEW, OLD = "29", "20.10"


@dataclass(frozen=True)
class Engine:
    """One dockerd: ``index`` keeps its addresses from those of the other."""

    layout: Layout
    version: str

    @property
    def index(self) -> int:
        return (NEW, OLD).index(self.version)

    @property
    def folder(self) -> Path:
        return self.layout.state / f"docker-{self.version}"

    @property
    def runtime(self) -> Path:
        return self.layout.runtime / self.version

    @property
    def socket(self) -> Path:
        return self.runtime / "docker.sock"

    @property
    def host(self) -> str:
        return f"unix://{self.socket}"

    @property
    def bridge(self) -> str:
        return f"moor{self.layout.slot}-{self.version.partition('.')[0]}"


def up(engine: Engine) -> None:
    """Start ``engine`` unless it answers already."""
    if answers(engine.host):
        return
    debs.install({"iptables": "iptables", "ip": "iproute2", "ps": "procps"})  # ps: for docker top
    programs = _programs(engine)
    with phase(f"started Docker {engine.version}"):
        _clear(engine)
        _bridge(engine)
        _settings(engine)
        daemons.ensure(
            daemons.Daemon(
                name="dockerd",
                folder=engine.folder,
                command=["dockerd", "--config-file", str(engine.folder / "daemon.json")],
                env={"PATH": f"{programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
            ),
            lambda: answers(engine.host),
        )
        _forget(engine)


def down(engine: Engine) -> None:
    """End it with everything that it made on the host but its data."""
    daemons.stop(engine.folder, "dockerd", grace=30)
    _clear(engine)
    succeeds(["ip", "link", "del", engine.bridge])


def _clear(engine: Engine) -> None:
    """What a dockerd that was killed leaves behind: its containerd and shims, mounts, sockets."""
    for pid in _strays(engine):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
        point = line.split()[1]
        if point.startswith((f"{engine.folder}/", f"{engine.runtime}/")):
            succeeds(["umount", "-l", point])
    shutil.rmtree(engine.runtime, ignore_errors=True)


def _strays(engine: Engine) -> list[int]:
    """Processes of containerd that name this engine's exec root."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            program, *arguments = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            mine = any(word.startswith(f"{engine.runtime}/exec/") for word in arguments)
            if mine and Path(program).name.startswith("containerd"):
                found.append(int(folder.name))
    return found


def _forget(engine: Engine) -> None:
    """Remove what tests of an earlier life left: nobody uses an engine that has just come up."""
    docker = ["docker", "--host", engine.host]
    if left := run([*docker, "ps", "--all", "--quiet"]).split():
        run([*docker, "rm", "--force", "--volumes", *left])
    if left := run([*docker, "volume", "ls", "--quiet"]).split():
        run([*docker, "volume", "rm", "--force", *left])
    run([*docker, "network", "prune", "--force"])


def answers(host: str) -> bool:
    """Whether an engine speaks on ``host``; asked over the socket, so that no client is needed."""
    connection = http.client.HTTPConnection("localhost", timeout=5)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(5)
    try:
        connection.sock.connect(host.removeprefix("unix://"))
        connection.request("GET", "/_ping")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _programs(engine: Engine) -> str:
    """The folders of its programs, as a beginning of PATH."""
    if engine.version == NEW:
        return str(binaries.built(engine.layout))
    root = debs.unpacked(
        engine.layout, "docker-20.10", "bookworm", ["docker.io", "containerd", "runc", "tini"]
    )
    debs.install({"/usr/lib/x86_64-linux-gnu/libdevmapper.so.1.02.1": "libdevmapper1.02.1"})
    init = root / "usr/bin/docker-init"
    if not init.exists():
        init.symlink_to("tini-static")
    return f"{root}/usr/bin:{root}/usr/sbin"


def _bridge(engine: Engine) -> None:
    # Set beforehand: a dockerd that has to switch forwarding on also makes DROP the policy for everybody.
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    if not succeeds(["ip", "link", "show", engine.bridge]):
        run(["ip", "link", "add", engine.bridge, "type", "bridge"])
        run(["ip", "addr", "add", engine.layout.subnet(engine.index), "dev", engine.bridge])
    run(["ip", "link", "set", engine.bridge, "up"])


def _settings(engine: Engine) -> None:
    for folder in (engine.folder, engine.runtime):
        folder.mkdir(parents=True, exist_ok=True)
    (engine.folder / "daemon.pid").unlink(missing_ok=True)
    settings = {
        "hosts": [engine.host],
        "data-root": str(engine.folder / "data"),
        "exec-root": str(engine.runtime / "exec"),
        "pidfile": str(engine.folder / "daemon.pid"),
        "bridge": engine.bridge,
        "default-address-pools": [{"base": engine.layout.pool(engine.index), "size": 24}],
        "registry-mirrors": [f"http://{engine.layout.registry}"],
        "insecure-registries": [engine.layout.cluster_network],
        # Two dockerds would flush one another's chains: ports are published through docker-proxy alone.
        "iptables": False,
        "ip6tables": False,
        "group": str(os.getgid()),
        "log-level": "warn",
        "shutdown-timeout": 2,
    }
    (engine.folder / "daemon.json").write_text(json.dumps(settings, indent=1))
