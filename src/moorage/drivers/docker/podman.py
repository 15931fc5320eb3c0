"""What Podman's Docker-compatible API leaves out of a container-create request without a word."""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.client import Engine
from .draft import Json

_LOST = {
    ("VolumeOptions", "NoCopy"): "volume-nocopy",
    ("VolumeOptions", "Subpath"): "volume-subpath",
    ("BindOptions", "NonRecursive"): "bind-recursive=disabled",
    ("BindOptions", "ReadOnlyNonRecursive"): "bind-recursive=writable",
    ("BindOptions", "ReadOnlyForceRecursive"): "bind-recursive=readonly",
    ("BindOptions", "CreateMountpoint"): "bind-create-src",
}


def refusals(host: Json) -> Iterator[str]:
    """What of a HostConfig would be ignored and matters, in the words of devcontainer.json. Pure."""
    if host.get("DeviceRequests"):
        yield "runArgs: Podman's API gives no GPUs to a container (--gpus, CDI devices)."
    for mount in _mounts(host):
        if mount["Type"] == "image":
            yield f"The mount at {mount['Target']}: Podman's API mounts no images."
        for (part, name), word in _LOST.items():
            options = mount.get(part)
            if isinstance(options, dict) and options.get(name):
                yield f"The mount at {mount['Target']}: Podman's API ignores {word}."


async def provide(engine: Engine, host: Json) -> None:
    """Make the volumes that are to have labels or a driver: Podman takes those only when a volume is made.

    Nothing happens to one that exists.
    """
    for mount in _mounts(host):
        options = mount.get("VolumeOptions")
        if mount["Type"] != "volume" or not mount.get("Source") or not isinstance(options, dict):
            continue
        driver = options.get("DriverConfig", {})
        body = {"Name": mount["Source"], "Labels": options.get("Labels", {})}
        body |= {"Driver": driver.get("Name", "local"), "DriverOpts": driver.get("Options", {})}
        await engine.post("/volumes/create", json=body)


def _mounts(host: Json) -> list[Json]:
    found = host.get("Mounts", [])
    assert isinstance(found, list)
    return found
