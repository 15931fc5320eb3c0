"""The engine's answers in the words of the spec. Pure, but for looks at the engine's disk and at SELinux."""

from __future__ import annotations

import os

from ...engine.containers import Inspected
from ...engine.info import Info, Version
from ...spec.observation import Container, EngineFacts


def as_container(found: Inspected) -> Container:
    """What was inspected, as the planner sees it."""
    config, state = found.Config, found.State
    networks = (found.NetworkSettings.Networks or {}).values()
    addresses = [address for each in networks for address in (each.IPAddress, each.GlobalIPv6Address)]
    pairs = (variable.partition("=") for variable in config.Env or ())
    return Container(
        id=found.Id,
        name=found.Name.removeprefix("/"),
        state=state.state,
        image=config.Image,
        image_id=found.Image,
        created=found.Created,
        started_at=state.StartedAt if state.StartedAt[:4] > "0001" else "",
        exit_code=state.ExitCode,
        error=state.Error,
        user=config.User,
        working_folder=config.WorkingDir,
        labels=config.Labels or {},
        environment={name: value for name, _, value in pairs},
        mounts=tuple((each.Type, each.Name or each.Source, each.Destination) for each in found.Mounts or ()),
        addresses=tuple(address for address in addresses if address),
    )


def as_facts(info: Info, version: Version, *, local: bool) -> EngineFacts:
    """What the engine is and offers; the disk's size is known only where its folder can be seen."""
    options = info.SecurityOptions or []
    components = {component.Name for component in version.Components or ()}
    podman = any("Podman" in name for name in components)
    runtimes = tuple(sorted(info.Runtimes or {}))
    devices = [device.ID for device in info.DiscoveredDevices or ()]
    return EngineFacts(
        product="podman" if podman else "docker",
        version=version.Version,
        platform=f"{version.Os or info.OSType}/{version.Arch}",
        cpus=info.NCPU,
        memory=info.MemTotal,
        storage=_storage(info.DockerRootDir) if local else 0,
        runtimes=runtimes,
        gpu="nvidia" in runtimes or any(device.startswith("nvidia.com/gpu") for device in devices),
        rootless=info.Rootless or _has(options, "rootless"),
        local=local,
        selinux=_has(options, "selinux") and (_enforced() if local else True),
        userns="remap" if _has(options, "userns") else "",
        buildkit=not podman,
    )


def _enforced() -> bool:
    """Whether SELinux only watches; where the kernel does not say, it is taken to enforce."""
    try:
        with open("/sys/fs/selinux/enforce") as file:  # noqa: PTH123
            return file.read(1) != "0"
    except OSError:
        return True


def _has(options: list[str], name: str) -> bool:
    return any(option.split(",")[0] == f"name={name}" for option in options)


def _storage(folder: str) -> int:
    try:
        disk = os.statvfs(folder)
    except (OSError, ValueError):
        return 0
    return disk.f_blocks * disk.f_frsize
