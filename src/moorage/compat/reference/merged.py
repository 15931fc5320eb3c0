"""`mergedConfiguration` as the reference CLI prints it (reference: specification notes, 2.2). Pure.

Values keep the form in which they were written, unlike in `devcontainer.metadata.Merged`, which is for work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from moorage.devcontainer.host_requirements import size
from moorage.devcontainer.metadata import PERSISTED
from moorage.devcontainer.mounts import BadMount, parse_mount

_HOOKS = (
    "onCreateCommand",
    "updateContentCommand",
    "postCreateCommand",
    "postStartCommand",
    "postAttachCommand",
)
_LAST = ("waitFor", "remoteUser", "containerUser", "userEnvProbe", "otherPortsAttributes", "shutdownAction")
_LAST_SWITCH = ("overrideCommand", "updateRemoteUserUID")
_OVERLAID = ("remoteEnv", "containerEnv", "portsAttributes")
_REPLACED = frozenset((*PERSISTED, "entrypoint"))

Entry = Mapping[str, object]


def merged_configuration(configuration: Entry, entries: Sequence[Entry]) -> dict[str, object]:
    """The configuration with everything that its entries (image, Features, itself last) decide together."""
    found = dict(_merged(entries))
    kept = {key: found.get(key, value) for key, value in configuration.items() if key in found or _stays(key)}
    return {**kept, **found}


def _stays(key: str) -> bool:
    return key not in _REPLACED


def _merged(entries: Sequence[Entry]) -> Iterator[tuple[str, object]]:
    for key in ("init", "privileged"):
        yield key, any(entry.get(key) is True for entry in entries)
    for key in ("capAdd", "securityOpt"):
        if union := _union(entries, key):
            yield key, union
    if entrypoints := _values(entries, "entrypoint"):
        yield "entrypoints", entrypoints
    if mounts := _mounts(entries):
        yield "mounts", mounts
    if customizations := _customizations(entries):
        yield "customizations", customizations
    for key in _HOOKS:
        yield f"{key}s", _values(entries, key)
    for key in _LAST:
        if values := _values(entries, key):
            yield key, values[-1]
    for key in _OVERLAID:
        yield key, {name: value for each in _objects(entries, key) for name, value in each.items()}
    for key in _LAST_SWITCH:
        if switches := [entry[key] for entry in entries if isinstance(entry.get(key), bool)]:
            yield key, switches[-1]
    if ports := _ports(entries):
        yield "forwardPorts", ports
    if requirements := [each for each in _objects(entries, "hostRequirements") if each]:
        yield "hostRequirements", _requirements(requirements)


def _values(entries: Iterable[Entry], key: str) -> list[object]:
    """Those that JavaScript takes for true: lists and objects are, also empty ones."""
    return [value for entry in entries if (value := entry.get(key)) or isinstance(value, list | dict)]


def _objects(entries: Iterable[Entry], key: str) -> list[dict[str, object]]:
    return [value for value in _values(entries, key) if isinstance(value, dict)]


def _lists(entries: Iterable[Entry], key: str) -> Iterator[object]:
    return (item for value in _values(entries, key) if isinstance(value, list) for item in value)


def _union(entries: Iterable[Entry], key: str) -> list[object]:
    return _unique(_lists(entries, key))


def _unique(values: Iterable[object]) -> list[object]:
    return list({msgspec.json.encode(value): value for value in values}.values())


def _mounts(entries: Iterable[Entry]) -> list[object]:
    """Of mounts with one target the last, at its own place."""
    found: dict[object, object] = {}
    for mount in _lists(entries, "mounts"):
        target = _target(mount)
        found.pop(target, None)
        found[target] = mount
    return list(found.values())


def _target(mount: object) -> object:
    if isinstance(mount, dict):
        return mount.get("target")
    try:
        return parse_mount(str(mount)).target
    except BadMount:
        return mount


def _customizations(entries: Iterable[Entry]) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for each in _objects(entries, "customizations"):
        for tool, value in each.items():
            found.setdefault(tool, []).append(value)
    return found


def _ports(entries: Iterable[Entry]) -> list[object]:
    return _unique(_port(port) for port in _lists(entries, "forwardPorts"))


def _port(port: object) -> object:
    number = str(port).removeprefix("localhost:")
    return int(number) if number.isascii() and number.isdigit() else port


def _requirements(given: Sequence[Entry]) -> dict[str, object]:
    cpus = [each["cpus"] for each in given if isinstance(each.get("cpus"), int)]
    found: dict[str, object] = {"cpus": max([0, *(value for value in cpus if isinstance(value, int))])}
    for key in ("memory", "storage"):
        if sizes := [size(str(each[key])) for each in given if each.get(key)]:
            found[key] = str(max(sizes))
    if (gpu := _gpu([each.get("gpu") for each in given])) is not None:
        found["gpu"] = gpu
    return found


def _gpu(given: Sequence[object]) -> object:
    """Of nothing, "optional", true and an object the later one; the largest of several objects."""
    wanted = [value for value in given if value not in (None, False)]
    if not wanted or all(value == "optional" for value in wanted):
        return wanted[0] if wanted else None
    if len(wanted) == 1:
        return wanted[0]
    objects = [value for value in wanted if isinstance(value, dict)]
    found: dict[str, object] = {}
    if cores := [value["cores"] for value in objects if isinstance(value.get("cores"), int)]:
        found["cores"] = max(cores)
    if sizes := [size(str(value["memory"])) for value in objects if value.get("memory")]:
        found["memory"] = str(max(sizes))
    return found
