"""The flags of `docker run`, each with what it does to a container-create request. Pure."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from . import mounts
from .draft import Draft, Json
from .ports import exposed, published
from .security import option
from .values import (
    BadValue,
    device,
    environment_file,
    fields,
    gpus,
    integer,
    is_cdi,
    nanoseconds,
    pair,
    rate,
    size,
    switch,
    ulimit,
)

Apply = Callable[[Draft, str], None]


class Flag(msgspec.Struct, frozen=True, kw_only=True):
    """One flag; `bare`: it is a switch, which takes a value only after `=`."""

    apply: Apply
    bare: bool = False


# ── forms of setting ──


def _config(key: str, convert: Callable[[str], object] = str) -> Flag:
    def apply(draft: Draft, value: str) -> None:
        draft.config[key] = convert(value)

    return Flag(apply=apply)


def _host(key: str, convert: Callable[[str], object] = str) -> Flag:
    def apply(draft: Draft, value: str) -> None:
        draft.host[key] = convert(value)

    return Flag(apply=apply)


def _host_switch(key: str) -> Flag:
    return Flag(apply=_host(key, switch).apply, bare=True)


def _list(key: str, convert: Callable[[str], object] = str) -> Flag:
    return Flag(apply=lambda draft, value: draft.append(draft.host, key, convert(value)))


def _map(key: str, convert: Callable[[str], tuple[str, object]] = pair) -> Flag:
    return Flag(apply=lambda draft, value: draft.put(draft.host, key, *convert(value)))


def _health(key: str, convert: Callable[[str], object]) -> Flag:
    return Flag(apply=lambda draft, value: draft.put(draft.config, "Healthcheck", key, convert(value)))


def _device_rate(key: str, convert: Callable[[str], int]) -> Flag:
    def apply(draft: Draft, value: str) -> None:
        path, limit = rate(value)
        draft.append(draft.host, key, {"Path": path, "Rate": convert(limit)})

    return Flag(apply=apply)


def _ignored(*, bare: bool = False) -> Flag:
    return Flag(apply=lambda draft, value: None, bare=bare)


def _warned(text: str, *, bare: bool = False) -> Flag:
    return Flag(apply=lambda draft, value: draft.warnings.append(text.format(value=value)), bare=bare)


# ── flags with more to them ──


def _env(draft: Draft, value: str) -> None:
    name, equals, text = value.partition("=")
    if not name:
        raise BadValue(f"NAME=value or NAME is expected, not {value!r}")
    draft.variable(name, text if equals else None)


def _env_file(draft: Draft, value: str) -> None:
    for name, text in environment_file(draft.machine.read(value)):
        draft.variable(name, text)


def _label(draft: Draft, value: str) -> None:
    name, _, text = value.partition("=")
    if not name:
        raise BadValue(f"name=value or a name is expected, not {value!r}")
    draft.labels[name] = text


def _label_file(draft: Draft, value: str) -> None:
    for name, text in environment_file(draft.machine.read(value)):
        draft.labels[name] = text or ""


def _publish(draft: Draft, value: str) -> None:
    draft.published.extend(published(value))


def _expose(draft: Draft, value: str) -> None:
    draft.exposed.extend(exposed(value))


def _volume(draft: Draft, value: str) -> None:
    kind, text = mounts.volume(value)
    if kind == "anonymous":
        draft.volumes.append(text)
    else:
        draft.append(draft.host, "Binds", text)


def _mount(draft: Draft, value: str) -> None:
    draft.append(draft.host, "Mounts", mounts.parsed(value))


def _tmpfs(draft: Draft, value: str) -> None:
    path, _, options = value.partition(":")
    if not path.startswith("/"):
        raise BadValue(f"an absolute path is expected, not {value!r}")
    draft.put(draft.host, "Tmpfs", path, options)


def _device(draft: Draft, value: str) -> None:
    if is_cdi(value):
        draft.append(draft.host, "DeviceRequests", {"Driver": "cdi", "DeviceIDs": [value]})
    else:
        draft.append(draft.host, "Devices", device(value))


def _network(draft: Draft, value: str) -> None:
    """A name, a mode such as host, or name=…,alias=…,ip=…"""
    settings: Json = {}
    if "=" not in value:
        draft.networks[value] = settings
        return
    given = [pair(field) for field in fields(value)]
    for key, text in given:
        match key:
            case "name":
                pass
            case "alias":
                draft.append(settings, "Aliases", text)
            case "ip":
                draft.put(settings, "IPAMConfig", "IPv4Address", text)
            case "ip6":
                draft.put(settings, "IPAMConfig", "IPv6Address", text)
            case "link-local-ip":
                draft.put(settings, "IPAMConfig", "LinkLocalIPs", [text])
            case "mac-address":
                settings["MacAddress"] = text
            case "driver-opt":
                draft.put(settings, "DriverOpts", *pair(text))
            case "gw-priority":
                settings["GwPriority"] = integer(text)
            case _:
                raise BadValue(f"a network has no setting {key!r}")
    name = dict(given).get("name")
    if not name:
        raise BadValue(f"name=… is missing in {value!r}")
    draft.networks[name] = settings


def _address(key: str) -> Flag:
    return Flag(apply=lambda draft, value: draft.put(draft.attachment, "IPAMConfig", key, value))


def _mac_address(draft: Draft, value: str) -> None:
    (draft.attachment if draft.modern else draft.config)["MacAddress"] = value


def _name(draft: Draft, value: str) -> None:
    draft.labels["dev.moorage.alias"] = value
    draft.warnings.append(
        f"runArgs: --name {value} is not used as the container's name, which moorage needs to find it again "
        "and to keep two starts apart; the name stands in the label dev.moorage.alias."
    )


def _platform(draft: Draft, value: str) -> None:
    draft.platform = value


def _entrypoint(draft: Draft, value: str) -> None:
    draft.entrypoint = value


def _restart(draft: Draft, value: str) -> None:
    name, _, count = value.partition(":")
    if name not in ("no", "always", "on-failure", "unless-stopped"):
        raise BadValue(f"no, always, on-failure[:n] or unless-stopped is expected, not {value!r}")
    policy: Json = {"Name": name}
    if count:
        policy["MaximumRetryCount"] = integer(count)
    draft.host["RestartPolicy"] = policy


def _log_driver(draft: Draft, value: str) -> None:
    draft.log_driver = value


def _log_option(draft: Draft, value: str) -> None:
    draft.log_options.update([pair(value)])


def _no_healthcheck(draft: Draft, value: str) -> None:
    if switch(value):
        draft.config["Healthcheck"] = {"Test": ["NONE"]}


def _cpus(text: str) -> int:
    try:
        return round(float(text) * 1_000_000_000)
    except ValueError as error:
        raise BadValue(f"a number of CPUs such as 1.5 is expected, not {text!r}") from error


def _swap(text: str) -> int:
    return -1 if text == "-1" else size(text)


def _weight(draft: Draft, value: str) -> None:
    path, weight = rate(value)
    draft.append(draft.host, "BlkioWeightDevice", {"Path": path, "Weight": integer(weight)})


TABLE: dict[str, Flag] = {
    # environment, labels, command
    "env": Flag(apply=_env),
    "env-file": Flag(apply=_env_file),
    "label": Flag(apply=_label),
    "label-file": Flag(apply=_label_file),
    "annotation": _map("Annotations"),
    "user": _config("User"),
    "workdir": _config("WorkingDir"),
    "hostname": _config("Hostname"),
    "domainname": _config("Domainname"),
    "entrypoint": Flag(apply=_entrypoint),
    "stop-signal": _config("StopSignal"),
    "stop-timeout": _config("StopTimeout", integer),
    "init": _host_switch("Init"),
    "name": Flag(apply=_name),
    "platform": Flag(apply=_platform),
    "group-add": _list("GroupAdd"),
    # files
    "volume": Flag(apply=_volume),
    "mount": Flag(apply=_mount),
    "tmpfs": Flag(apply=_tmpfs),
    "volumes-from": _list("VolumesFrom"),
    "volume-driver": _host("VolumeDriver"),
    "read-only": _host_switch("ReadonlyRootfs"),
    "storage-opt": _map("StorageOpt"),
    # network
    "network": Flag(apply=_network),
    "network-alias": Flag(apply=lambda draft, value: draft.append(draft.attachment, "Aliases", value)),
    "link": _list("Links"),
    "ip": _address("IPv4Address"),
    "ip6": _address("IPv6Address"),
    "link-local-ip": Flag(
        apply=lambda draft, value: draft.put(draft.attachment, "IPAMConfig", "LinkLocalIPs", [value])
    ),
    "mac-address": Flag(apply=_mac_address),
    "publish": Flag(apply=_publish),
    "publish-all": _host_switch("PublishAllPorts"),
    "expose": Flag(apply=_expose),
    "add-host": _list("ExtraHosts", lambda text: text if ":" in text else text.replace("=", ":", 1)),
    "dns": _list("Dns"),
    "dns-option": _list("DnsOptions"),
    "dns-search": _list("DnsSearch"),
    # security and namespaces
    "privileged": _host_switch("Privileged"),
    "cap-add": _list("CapAdd"),
    "cap-drop": _list("CapDrop"),
    "security-opt": Flag(apply=option),
    "ipc": _host("IpcMode"),
    "pid": _host("PidMode"),
    "uts": _host("UTSMode"),
    "userns": _host("UsernsMode"),
    "cgroupns": _host("CgroupnsMode"),
    "cgroup-parent": _host("CgroupParent"),
    "sysctl": _map("Sysctls"),
    "runtime": _host("Runtime"),
    "isolation": _host("Isolation"),
    # devices
    "device": Flag(apply=_device),
    "device-cgroup-rule": _list("DeviceCgroupRules"),
    "gpus": _list("DeviceRequests", gpus),
    # resources
    "memory": _host("Memory", size),
    "memory-reservation": _host("MemoryReservation", size),
    "memory-swap": _host("MemorySwap", _swap),
    "memory-swappiness": _host("MemorySwappiness", integer),
    "shm-size": _host("ShmSize", size),
    "cpus": _host("NanoCpus", _cpus),
    "cpu-shares": _host("CpuShares", integer),
    "cpu-period": _host("CpuPeriod", integer),
    "cpu-quota": _host("CpuQuota", integer),
    "cpu-rt-period": _host("CpuRealtimePeriod", integer),
    "cpu-rt-runtime": _host("CpuRealtimeRuntime", integer),
    "cpuset-cpus": _host("CpusetCpus"),
    "cpuset-mems": _host("CpusetMems"),
    "pids-limit": _host("PidsLimit", integer),
    "ulimit": _list("Ulimits", ulimit),
    "oom-kill-disable": _host_switch("OomKillDisable"),
    "oom-score-adj": _host("OomScoreAdj", integer),
    "blkio-weight": _host("BlkioWeight", integer),
    "blkio-weight-device": Flag(apply=_weight),
    "device-read-bps": _device_rate("BlkioDeviceReadBps", size),
    "device-write-bps": _device_rate("BlkioDeviceWriteBps", size),
    "device-read-iops": _device_rate("BlkioDeviceReadIOps", integer),
    "device-write-iops": _device_rate("BlkioDeviceWriteIOps", integer),
    # health, logs, restarts
    "health-cmd": _health("Test", lambda text: ["CMD-SHELL", text]),
    "health-interval": _health("Interval", nanoseconds),
    "health-timeout": _health("Timeout", nanoseconds),
    "health-start-period": _health("StartPeriod", nanoseconds),
    "health-start-interval": _health("StartInterval", nanoseconds),
    "health-retries": _health("Retries", integer),
    "no-healthcheck": Flag(apply=_no_healthcheck, bare=True),
    "log-driver": Flag(apply=_log_driver),
    "log-opt": Flag(apply=_log_option),
    "restart": Flag(apply=_restart),
    # without meaning for a workspace
    "rm": _warned(
        "runArgs: --rm is left out, because a stopped workspace must be there to be started again.", bare=True
    ),
    "kernel-memory": _warned("runArgs: --kernel-memory no longer exists in engines and is left out."),
    "attach": _ignored(),
    "cidfile": _ignored(),
    "detach": _ignored(bare=True),
    "detach-keys": _ignored(),
    "disable-content-trust": _ignored(bare=True),
    "interactive": _ignored(bare=True),
    "pull": _ignored(),
    "quiet": _ignored(bare=True),
    "sig-proxy": _ignored(bare=True),
    "tty": _ignored(bare=True),
}
