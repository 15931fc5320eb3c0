"""Podman of our own, as root and as a user of its own, each with its store, settings and networks apart.

Debian's packages, installed once. A service on a socket stands for Podman's API socket; the program in `bin`
has the same settings and no socket, for those who are to start one themselves.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from . import daemons, debs, dockerd, images, programs
from .layout import Layout
from .phase import Failed, phase, run, succeeds

PACKAGES = {
    "podman": "podman",
    "runc": "runc",
    "catatonit": "catatonit",
    "slirp4netns": "slirp4netns",
    "newuidmap": "uidmap",
    "fuse-overlayfs": "fuse-overlayfs",
    "/usr/lib/podman/netavark": "netavark",
    "/usr/lib/podman/aardvark-dns": "aardvark-dns",
    "iptables": "iptables",
}
DEVICES = (Path("/dev/fuse"), Path("/dev/net/tun"))
_SETTINGS = ("containers.conf", "storage.conf", "registries.conf")


@dataclass(frozen=True)
class Podman:
    """One store of Podman with its service: root's, or that of a user made for it."""

    layout: Layout
    rootless: bool

    @property
    def name(self) -> str:
        return "podman-rootless" if self.rootless else "podman"

    @property
    def user(self) -> str:
        return f"moorage-podman{self.layout.slot}" if self.rootless else "root"

    @cached_property
    def home(self) -> Path:
        """Settings and, for the user, everything: root's caches are not for other eyes."""
        return Path(f"/var/lib/moorage-engines{self.layout.slot}") if self.rootless else self.folder

    @property
    def folder(self) -> Path:
        """The service's pid file and log."""
        return self.layout.state / self.name

    @property
    def runtime(self) -> Path:
        return self.layout.runtime / self.name

    @property
    def socket(self) -> Path:
        return self.runtime / "service.sock"

    @property
    def host(self) -> str:
        return f"unix://{self.socket}"

    @property
    def program(self) -> Path:
        """Podman with these settings; started by root it becomes the user."""
        return self.home / "bin" / "podman"

    @property
    def environment(self) -> dict[str, str]:
        """What leads Podman to this store."""
        names = ("CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "CONTAINERS_REGISTRIES_CONF")
        found = {name: str(self.home / file) for name, file in zip(names, _SETTINGS, strict=True)}
        return {**found, "HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.runtime)}

    def as_user(self, command: Sequence[str]) -> list[str]:
        """The command as this Podman's user."""
        if not self.rootless:
            return list(command)
        ids = pwd.getpwnam(self.user)
        become = [f"--reuid={ids.pw_uid}", f"--regid={ids.pw_gid}", "--init-groups"]
        return ["setpriv", *become, "--", *command]


def up(podman: Podman, docker: str) -> None:
    """Start its service unless it answers, and have the images of the tests in its store.

    They come from our registry, or where that has none from the engine on `docker`.
    """
    if not dockerd.answers(podman.host):
        with phase(f"started {podman.name}"):
            _install()
            _user(podman)
            _settle(podman)
            daemons.ensure(_service(podman), lambda: dockerd.answers(podman.host))
            run([str(podman.program), "rm", "--all", "--force", "--time", "0"])
            run([str(podman.program), "volume", "prune", "--force"])
            run([str(podman.program), "image", "prune", "--force"])
    wanted = [f"docker.io/{_full(name)}" for each in images.EVERYDAY for name in (each.name, *each.aliases)]
    missing = [name for name in wanted if not succeeds([str(podman.program), "image", "exists", name])]
    if missing:
        with phase(f"made {len(missing)} images present in {podman.name}"):
            if not succeeds([str(podman.program), "pull", "--quiet", *missing], timeout=300):
                _load(podman, docker)


def down(podman: Podman) -> None:
    """End its containers, its service and its pause process; its store stays."""
    if podman.program.exists():
        succeeds([str(podman.program), "rm", "--all", "--force", "--time", "0"], timeout=120)
    daemons.stop(podman.folder, podman.name, grace=10)
    if podman.rootless and podman.program.exists():
        succeeds([str(podman.program), "system", "migrate"])
    if not podman.rootless:
        succeeds(["ip", "link", "del", _bridge(podman.layout)])
    for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
        if (point := line.split()[1]).startswith((f"{podman.home}/", f"{podman.runtime}/")):
            succeeds(["umount", "-l", point])
    shutil.rmtree(podman.runtime, ignore_errors=True)


def version(podman: Podman) -> str:
    return run([str(podman.program), "version", "--format", "{{.Client.Version}}"]).strip()


def _load(podman: Podman, docker: str) -> None:
    names = [name for each in images.EVERYDAY for name in (each.name, *each.aliases)]
    archive = podman.folder / "images.tar"
    run(["docker", "--host", docker, "save", "--output", str(archive), *names])
    run([str(podman.program), "load", "--quiet"], stdin=archive)
    archive.unlink()


def _install() -> None:
    with programs.nothing_starts():
        debs.install(PACKAGES)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def _user(podman: Podman) -> None:
    """A user with a range of ids below it, and the devices that its networks and layers need."""
    if not podman.rootless:
        return
    try:
        pwd.getpwnam(podman.user)
    except KeyError:
        run(["useradd", "--create-home", "--home-dir", str(podman.home), "--shell", "/bin/sh", podman.user])
    for table in ("/etc/subuid", "/etc/subgid"):
        if f"{podman.user}:" not in Path(table).read_text():
            raise Failed(f"{podman.user} has no range in {table}: see useradd(8).")
    # Podman binds a folder of its own over this one, or over the first above it that is there: /var/lib.
    Path("/var/lib/cni").mkdir(exist_ok=True)
    for device in DEVICES:
        if not device.exists():
            raise Failed(f"{device} is not there, which rootless Podman needs.")
        if not succeeds(podman.as_user(["test", "-w", str(device)])):
            device.chmod(0o666)  # as udev does on other machines


def _settle(podman: Podman) -> None:
    """Write the settings and the program."""
    shutil.rmtree(podman.runtime, ignore_errors=True)
    for folder in (podman.folder, podman.home / "bin", podman.home / "networks", podman.runtime):
        folder.mkdir(parents=True, exist_ok=True)
    podman.runtime.chmod(0o700)
    texts = (_containers(podman), _storage(podman), _registries(podman.layout))
    for name, text in zip(_SETTINGS, texts, strict=True):
        (podman.home / name).write_text(text)
    (podman.home / "networks" / "podman.json").write_text(json.dumps(_network(podman.layout)))
    podman.program.write_text(_wrapper(podman))
    podman.program.chmod(0o755)
    ids = pwd.getpwnam(podman.user)
    for path in (podman.home, podman.runtime, podman.home / "networks", podman.home / "networks/podman.json"):
        os.chown(path, ids.pw_uid, ids.pw_gid)


def _service(podman: Podman) -> daemons.Daemon:
    return daemons.Daemon(
        name=podman.name,
        folder=podman.folder,
        command=podman.as_user(["podman", "system", "service", "--time", "0", podman.host]),
        env=podman.environment,
    )


def _containers(podman: Podman) -> str:
    """crun refuses hybrid cgroups; limits cannot be raised here; shared-memory locks are one per machine."""
    subnet = f'default_subnet_pools = [{{"base" = "{_pool(podman.layout)}", "size" = 24}}]\n'
    return (
        '[containers]\ndefault_ulimits = ["nofile=20000:20000", "nproc=10000:10000"]\n'
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n'
        'events_logger = "file"\nlock_type = "file"\n'
        f'tmp_dir = "{podman.runtime}/libpod"\n'
        f'[network]\nnetwork_backend = "netavark"\nnetwork_config_dir = "{podman.home}/networks"\n{subnet}'
    )


def _storage(podman: Podman) -> str:
    store = podman.home / "storage"
    return (
        f'[storage]\ndriver = "overlay"\ngraphroot = "{store}"\nrunroot = "{podman.runtime}/containers"\n'
        f'rootless_storage_path = "{store}"\n'
    )


def _registries(layout: Layout) -> str:
    return (
        'unqualified-search-registries = ["docker.io"]\nshort-name-mode = "disabled"\n'
        '[[registry]]\nlocation = "docker.io"\n'
        f'[[registry.mirror]]\nlocation = "{layout.registry}"\ninsecure = true\n'
        f'[[registry]]\nlocation = "{layout.registry}"\ninsecure = true\n'
        f'[[registry]]\nlocation = "{layout.auth_registry}"\ninsecure = true\n'
    )


def _network(layout: Layout) -> dict[str, object]:
    """Podman's own network, with a bridge that no other slot has."""
    base = _pool(layout).rsplit(".", 2)[0]
    return {
        "name": "podman",
        "id": "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9",
        "driver": "bridge",
        "network_interface": _bridge(layout),
        "created": "2026-01-01T00:00:00Z",
        "subnets": [{"subnet": f"{base}.0.0/24", "gateway": f"{base}.0.1"}],
        "ipv6_enabled": False,
        "internal": False,
        "dns_enabled": False,
        "ipam_options": {"driver": "host-local"},
    }


def _wrapper(podman: Podman) -> str:
    exports = "\n".join(f"export {name}='{value}'" for name, value in podman.environment.items())
    become = " ".join(podman.as_user(['"$0"', '"$@"']))
    switch = f'[ "$(id -un)" = {podman.user} ] || exec {become}\n' if podman.rootless else ""
    return f'#!/bin/sh\n{switch}{exports}\nexec {shutil.which("podman")} "$@"\n'


def _pool(layout: Layout) -> str:
    return f"10.{170 + layout.slot}.0.0/16"


def _bridge(layout: Layout) -> str:
    return f"moor{layout.slot}-podman"


def _full(name: str) -> str:
    return name if "/" in name else f"library/{name}"
