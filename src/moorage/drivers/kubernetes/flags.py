"""The flags of `docker run`, each with what becomes of it in a pod. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import msgspec

from . import dockerforms, mounts, security, values
from .draft import Draft
from .values import BadValue

Apply = Callable[[Draft, str], None]
Effect = Literal["effect", "warned", "refused", "no meaning"]


class Flag(msgspec.Struct, frozen=True, kw_only=True):
    """One flag of `docker run`: what it does here, in words, and how. `bare`: it is a switch."""

    effect: Effect
    how: str
    apply: Apply | None = None
    bare: bool = False


_SHARED_MEMORY = "/dev/shm"  # noqa: S108


def _env(draft: Draft, value: str) -> None:
    name, equals, text = value.partition("=")
    if not name:
        raise BadValue(f"NAME=value is expected, not {value!r}")
    if not equals:
        draft.refuse(
            f"runArgs: --env {name} takes its value from this machine, which the cluster does not have: "
            f'write "{name}": "${{localEnv:{name}}}" in containerEnv.'
        )
        return
    draft.environment[name] = text


def _annotation(draft: Draft, value: str) -> None:
    name, _, text = value.partition("=")
    draft.pod_annotations[values.label_key(name)] = text


def _label(draft: Draft, value: str) -> None:
    """Docker's labels may be any text, as annotations may; their names have to fit."""
    name, _, text = value.partition("=")
    try:
        draft.pod_annotations[values.label_key(name)] = text
    except BadValue:
        draft.warn(f"runArgs: --label {name} is left out: the name fits no label and no annotation.")


def _publish(draft: Draft, value: str) -> None:
    for port, protocol in dockerforms.ports(value):
        draft.expose(port, protocol)
    draft.warn(f"runArgs: --publish {value} publishes nothing on this machine; `moorage forward` does.")


def _expose(draft: Draft, value: str) -> None:
    for port, protocol in dockerforms.ports(value):
        draft.expose(port, protocol)


def _tmpfs(draft: Draft, value: str) -> None:
    path, _, options = value.partition(":")
    given = dict(option.partition("=")[::2] for option in options.split(",") if option)
    size = values.in_bytes(dockerforms.size(given["size"])) if given.get("size") else ""
    mounts.empty(draft, path, memory=True, size=size)


def _shared_memory(draft: Draft, value: str) -> None:
    mounts.empty(draft, _SHARED_MEMORY, memory=True, size=values.in_bytes(dockerforms.size(value)))


def _network(draft: Draft, value: str) -> None:
    if value == "host":
        draft.pod |= {"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"}
    elif value == "none":
        draft.refuse("runArgs: --network none: a pod always has a network; a NetworkPolicy can close it.")
    elif value not in ("bridge", "default"):
        draft.warn(f"runArgs: --network {value} is left out: a pod has the cluster's network.")


def _namespace(key: str, word: str) -> Apply:
    def apply(draft: Draft, value: str) -> None:
        if value == "host":
            draft.pod[key] = True
        elif value not in ("", "private", "shareable"):
            draft.refuse(f"runArgs: --{word} {value}: a container of a pod can share only the node's.")

    return apply


def _user_namespace(draft: Draft, value: str) -> None:
    if value == "host":
        draft.pod["hostUsers"] = True
    else:
        draft.warn(f"runArgs: --userns {value} is left out: the option hostUsers=false maps users of a pod.")


def _add_host(draft: Draft, value: str) -> None:
    name, separator, address = value.partition("=" if "=" in value else ":")
    if not separator:
        raise BadValue(f"name:address is expected, not {value!r}")
    if address == "host-gateway":
        draft.refuse(f"runArgs: --add-host {value}: a pod has no host whose address could be meant.")
        return
    draft.append(draft.pod, "hostAliases", {"ip": address.strip("[]"), "hostnames": [name]})


def _dns(key: str) -> Apply:
    def apply(draft: Draft, value: str) -> None:
        draft.append(draft.part(draft.pod, "dnsConfig"), key, value)

    return apply


def _dns_option(draft: Draft, value: str) -> None:
    name, colon, text = value.partition(":")
    draft.append(
        draft.part(draft.pod, "dnsConfig"), "options", {"name": name, **({"value": text} if colon else {})}
    )


def _cpus(draft: Draft, value: str) -> None:
    draft.limits["cpu"] = dockerforms.cpus(value)


def _memory(draft: Draft, value: str) -> None:
    draft.limits["memory"] = values.in_bytes(dockerforms.size(value))


def _reservation(draft: Draft, value: str) -> None:
    draft.requests["memory"] = values.in_bytes(dockerforms.size(value))


def _gpus(draft: Draft, value: str) -> None:
    if value == "all":
        count = 1
        draft.warn(f"runArgs: --gpus all asks for one {draft.options.gpu_resource}: a pod must say how many.")
    else:
        first = value.split(",")[0].removeprefix("count=")
        if not first.isdecimal():
            draft.refuse(
                f"runArgs: --gpus {value}: a pod can ask for a number of GPUs, not for certain ones."
            )
            return
        count = int(first)
    draft.limits[draft.options.gpu_resource] = str(count)


def _group(draft: Draft, value: str) -> None:
    if not value.isdecimal():
        draft.refuse(f"runArgs: --group-add {value}: a pod takes the numbers of groups only.")
        return
    draft.append(draft.pod_security, "supplementalGroups", int(value))


def _sysctl(draft: Draft, value: str) -> None:
    name, equals, text = value.partition("=")
    if not equals:
        raise BadValue(f"name=value is expected, not {value!r}")
    draft.append(draft.pod_security, "sysctls", {"name": name, "value": text})


def _hostname(draft: Draft, value: str) -> None:
    draft.pod["hostname"] = values.dns_label(value.lower())


def _user(draft: Draft, value: str) -> None:
    draft.user = value


def _entrypoint(draft: Draft, value: str) -> None:
    draft.entrypoint = value


def _platform(draft: Draft, value: str) -> None:
    parts = value.split("/")
    if parts[0] not in ("linux", ""):
        raise BadValue(f"a platform such as linux/arm64 is expected, not {value!r}")
    draft.architecture = parts[1] if len(parts) > 1 else ""


def _working_folder(draft: Draft, value: str) -> None:
    draft.container["workingDir"] = value


def _read_only(draft: Draft, value: str) -> None:
    draft.security["readOnlyRootFilesystem"] = True


def _init(draft: Draft, value: str) -> None:
    draft.pod["shareProcessNamespace"] = True


def _privileged(draft: Draft, value: str) -> None:
    draft.security["privileged"] = True


def _grace(draft: Draft, value: str) -> None:
    draft.pod["terminationGracePeriodSeconds"] = max(0, values.integer(value))


def _runtime(draft: Draft, value: str) -> None:
    draft.pod["runtimeClassName"] = values.dns_name(value)


def _restart(draft: Draft, value: str) -> None:
    if not re.fullmatch(r"no|always|unless-stopped|on-failure(:[0-9]+)?", value):
        raise BadValue(f"no, always, on-failure[:n] or unless-stopped is expected, not {value!r}")
    if value == "no":
        draft.warn("runArgs: --restart no is left out: a Deployment's pod always comes back.")


def _name(draft: Draft, value: str) -> None:
    draft.pod_annotations["dev.moorage.alias"] = value
    draft.warn(
        f"runArgs: --name {value} is not used as a name, which moorage needs to find the workspace again; it "
        "stands in the annotation dev.moorage.alias."
    )


def _does(how: str, apply: Apply, *, bare: bool = False) -> Flag:
    return Flag(effect="effect", how=how, apply=apply, bare=bare)


def _refused(how: str, *, bare: bool = False) -> Flag:
    return Flag(effect="refused", how=how, bare=bare)


def _warned(how: str, *, bare: bool = False) -> Flag:
    return Flag(effect="warned", how=how, bare=bare)


def _nothing(how: str, *, bare: bool = False) -> Flag:
    return Flag(effect="no meaning", how=how, bare=bare)


_FILE = "it is a file of this machine; write its lines in containerEnv."
_CGROUP = "a pod has no such limit; Kubernetes shares the node by requests and limits."
_NET = "addresses and names of a pod are given by the cluster's network."
_HEALTH = "a workspace is not ended or passed over for its health, so a pod gets no probes."
_TERMINAL = "It is about the terminal that docker run was typed in."

TABLE: dict[str, Flag] = {
    # environment, labels, command
    "env": _does("A variable of the container, kept in a Secret.", _env),
    "env-file": _refused(_FILE),
    "label": _does("An annotation of the pod.", _label),
    "label-file": _warned("it is a file of this machine."),
    "annotation": _does("An annotation of the pod.", _annotation),
    "user": _does("`runAsUser`; a name is looked up in the image.", _user),
    "workdir": _does("`workingDir`.", _working_folder),
    "hostname": _does("`hostname` of the pod.", _hostname),
    "domainname": _warned("the cluster's DNS decides about the pod's domain."),
    "entrypoint": _does("The image's entrypoint, where `overrideCommand` is false.", _entrypoint),
    "stop-signal": _warned("the image's own stop signal, or TERM, ends a pod's container."),
    "stop-timeout": _does("`terminationGracePeriodSeconds`.", _grace),
    "init": _does(
        "The pod's containers share processes, and its first one buries the dead.", _init, bare=True
    ),
    "name": _does("An annotation; objects are named by the workspace's id.", _name),
    "platform": _does("A node selector for the architecture.", _platform),
    "group-add": _does("`supplementalGroups`, by number.", _group),
    # files
    "volume": _does("As in `mounts`.", lambda draft, value: mounts.add(draft, mounts.short(value))),
    "mount": _does("As in `mounts`.", lambda draft, value: mounts.add(draft, mounts.parsed(value))),
    "tmpfs": _does("An empty directory in memory.", _tmpfs),
    "volumes-from": _refused("volumes of another container cannot be had; mount claim/NAME."),
    "volume-driver": _warned("the option storageClass chooses what claims are made of."),
    "read-only": _does("`readOnlyRootFilesystem`.", _read_only, bare=True),
    "storage-opt": _warned("use the option resources with limits.ephemeral-storage."),
    # network
    "network": _does("`host` is the node's network; others are left out, `none` is refused.", _network),
    "network-alias": _warned(_NET),
    "link": _refused("there are no containers to link to."),
    "ip": _warned(_NET),
    "ip6": _warned(_NET),
    "link-local-ip": _warned(_NET),
    "mac-address": _warned(_NET),
    "publish": _does("A port of the pod; `moorage forward` brings it to this machine.", _publish),
    "publish-all": _warned("`moorage forward` brings ports to this machine.", bare=True),
    "expose": _does("A port of the pod.", _expose),
    "add-host": _does("`hostAliases`; `host-gateway` is refused.", _add_host),
    "dns": _does("`dnsConfig.nameservers`.", _dns("nameservers")),
    "dns-option": _does("`dnsConfig.options`.", _dns_option),
    "dns-search": _does("`dnsConfig.searches`.", _dns("searches")),
    # security and namespaces
    "privileged": _does("`privileged`, where pod security allows it.", _privileged, bare=True),
    "cap-add": _does("`capabilities.add`, where pod security allows it.", security.add_capability),
    "cap-drop": _does("`capabilities.drop`.", security.drop_capability),
    "security-opt": _does("As `securityOpt`.", security.option),
    "ipc": _does("`host` is the node's; others are refused.", _namespace("hostIPC", "ipc")),
    "pid": _does("`host` is the node's; others are refused.", _namespace("hostPID", "pid")),
    "uts": _refused("a pod always has a host name of its own."),
    "userns": _does("`host` is `hostUsers: true`.", _user_namespace),
    "cgroupns": _warned("the node's runtime decides."),
    "cgroup-parent": _warned("the kubelet decides."),
    "sysctl": _does("`sysctls` of the pod, where the kubelet allows it.", _sysctl),
    "runtime": _does("`runtimeClassName`.", _runtime),
    "isolation": _refused("it is for Windows."),
    "device": _refused("a node's devices come by a device plugin: use the option resources."),
    "device-cgroup-rule": _refused("a node's devices come by a device plugin: use the option resources."),
    "gpus": _does("A limit of the option gpuResource.", _gpus),
    # resources
    "memory": _does("A limit of memory.", _memory),
    "memory-reservation": _does("A request of memory.", _reservation),
    "memory-swap": _warned(_CGROUP),
    "memory-swappiness": _warned(_CGROUP),
    "shm-size": _does("An empty directory in memory at /dev/shm.", _shared_memory),
    "cpus": _does("A limit of CPUs.", _cpus),
    "cpu-shares": _warned("use the option resources with requests.cpu."),
    "cpu-period": _warned(_CGROUP),
    "cpu-quota": _warned(_CGROUP),
    "cpu-rt-period": _warned(_CGROUP),
    "cpu-rt-runtime": _warned(_CGROUP),
    "cpuset-cpus": _warned(_CGROUP),
    "cpuset-mems": _warned(_CGROUP),
    "pids-limit": _warned("the kubelet sets it for all pods of a node."),
    "ulimit": _warned("the node's runtime sets it for all containers."),
    "oom-kill-disable": _warned(_CGROUP, bare=True),
    "oom-score-adj": _warned("Kubernetes sets it by requests and limits."),
    "blkio-weight": _warned(_CGROUP),
    "blkio-weight-device": _warned(_CGROUP),
    "device-read-bps": _warned(_CGROUP),
    "device-write-bps": _warned(_CGROUP),
    "device-read-iops": _warned(_CGROUP),
    "device-write-iops": _warned(_CGROUP),
    # health, logs, restarts
    "health-cmd": _warned(_HEALTH),
    "health-interval": _warned(_HEALTH),
    "health-timeout": _warned(_HEALTH),
    "health-start-period": _warned(_HEALTH),
    "health-start-interval": _warned(_HEALTH),
    "health-retries": _warned(_HEALTH),
    "no-healthcheck": _nothing("A pod has no probes anyhow.", bare=True),
    "log-driver": _warned("the node keeps the logs."),
    "log-opt": _warned("the node keeps the logs."),
    "restart": _does("A Deployment's pod always comes back; `no` is left out.", _restart),
    "rm": _warned("a stopped workspace must be there to be started again.", bare=True),
    "kernel-memory": _warned("it no longer exists."),
    # without meaning for a workspace
    "attach": _nothing(_TERMINAL),
    "cidfile": _nothing(_TERMINAL),
    "detach": _nothing(_TERMINAL, bare=True),
    "detach-keys": _nothing(_TERMINAL),
    "disable-content-trust": _nothing("The image is named by its digest.", bare=True),
    "interactive": _nothing(_TERMINAL, bare=True),
    "pull": _nothing("The image is named by its digest."),
    "quiet": _nothing(_TERMINAL, bare=True),
    "sig-proxy": _nothing(_TERMINAL, bare=True),
    "tty": _nothing(_TERMINAL, bare=True),
}
