"""What a container may do: securityOpt, capabilities and users in a pod's words, and what is forbidden."""

from __future__ import annotations

from ...spec.run import RunSpec
from .draft import Draft
from .values import BadValue, Json

_BASELINE_CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
_BASELINE_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)
"""What Kubernetes' Pod Security Standards let a pod have in "baseline"."""


def capability(text: str) -> str:
    """Without Docker's prefix, in capitals. Raises BadValue."""
    name = text.strip().upper().removeprefix("CAP_")
    if not name.replace("_", "").isalnum():
        raise BadValue(f"a capability such as SYS_PTRACE is expected, not {text!r}")
    return name


def option(draft: Draft, text: str) -> None:
    """One `securityOpt`, or `--security-opt` of runArgs. Raises BadValue."""
    name, separator, value = text.partition("=")
    if not separator and ":" in text:  # Docker's older spelling
        name, _, value = text.partition(":")
    match name, value:
        case "seccomp", "unconfined":
            draft.security["seccompProfile"] = {"type": "Unconfined"}
        case "seccomp", "builtin":
            draft.security["seccompProfile"] = {"type": "RuntimeDefault"}
        case "seccomp", _:
            draft.refuse(
                f"securityOpt seccomp={value} is a file of this machine, which a node does not have. "
                "Install the profile on the nodes and name it by the option securityContext."
            )
        case "apparmor", _ if value:
            draft.security["appArmorProfile"] = _apparmor(value)
        case "no-new-privileges", _:
            draft.security["allowPrivilegeEscalation"] = value == "false"
        case "label", _ if value:
            _label(draft, value)
        case "systempaths", "unconfined":
            draft.security["procMount"] = "Unmasked"
            if draft.options.host_users is not False:
                draft.refuse(
                    "securityOpt systempaths=unconfined needs a pod in a user namespace of its own: "
                    "set the option hostUsers to false."
                )
        case _:
            raise BadValue(f"an option such as seccomp=unconfined is expected, not {text!r}")


def describe(draft: Draft, spec: RunSpec) -> None:
    """What the spec itself asks for."""
    if spec.privileged:
        draft.security["privileged"] = True
    for name in spec.cap_add:
        add_capability(draft, name)
    for text in spec.security_opt:
        option(draft, text)


def add_capability(draft: Draft, text: str) -> None:
    draft.append(draft.part(draft.security, "capabilities"), "add", capability(text))


def drop_capability(draft: Draft, text: str) -> None:
    draft.append(draft.part(draft.security, "capabilities"), "drop", capability(text))


def identify(draft: Draft) -> None:
    """Who the container runs as, and which group the files of its claims get. Raises BadValue.

    Where pod security is "restricted", the container is the remote user's from the start, as nobody can
    become another one in it.
    """
    known, named = draft.known, draft.user
    user, remote = known.user, known.remote
    if draft.known.level == "restricted" and remote is not None and remote.uid and not (user and user.uid):
        user, named = remote, named or remote.name or str(remote.uid)
    elif draft.known.level == "restricted" and user is not None and not named:
        named = str(user.uid)  # an image's user by name counts as one that may be root
    if named:
        name, _, group = named.partition(":")
        uid = int(name) if name.isdecimal() else user.uid if user else None
        gid = int(group) if group.isdecimal() else user.gid if user else None
        if uid is None:
            raise BadValue(f"the id of the user {name!r} has to be known, and the image does not tell it")
        draft.security["runAsUser"] = uid
        if gid is not None:
            draft.security["runAsGroup"] = gid
    group_id = _files_group(draft)
    if group_id and "fsGroup" not in draft.pod_security:
        draft.pod_security |= {"fsGroup": group_id, "fsGroupChangePolicy": "OnRootMismatch"}


def _files_group(draft: Draft) -> int:
    """The group of whoever works with the files, 0 for root. A user's number alone stands for it as well."""
    for each in (draft.known.remote, draft.known.user):
        if each is not None and each.uid:
            return each.gid
    found = draft.security.get("runAsGroup") or draft.security.get("runAsUser")
    return found if isinstance(found, int) else 0


def restrict(draft: Draft) -> None:
    """Settings that a namespace's level demands, and refusals for what it forbids."""
    level = draft.known.level
    if level in ("baseline", "restricted"):
        for text in _beyond_baseline(draft):
            draft.refuse(f"Pod security {level!r} of the namespace {draft.known.namespace} forbids {text}.")
    if level == "restricted":
        _restricted(draft)


def plain(draft: Draft, uid: int | None = None) -> Json:
    """The security of a container of ours beside the workspace's: as little as its level asks for."""
    if draft.known.level != "restricted":
        return {} if uid is None else {"runAsUser": uid}
    found: Json = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    user = draft.security.get("runAsUser")
    return found | ({"runAsUser": user} if user is not None else {})


def _beyond_baseline(draft: Draft) -> list[str]:
    security, pod = draft.security, draft.pod
    capabilities = draft.part(security, "capabilities") if "capabilities" in security else {}
    added = capabilities.get("add", [])
    assert isinstance(added, list)
    found = ["a privileged container"] if security.get("privileged") else []
    found += [f"the capability {name}" for name in added if name not in _BASELINE_CAPABILITIES]
    found += [f"{key} of the node" for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key)]
    if security.get("seccompProfile") == {"type": "Unconfined"}:
        found.append("seccomp=unconfined")
    if security.get("appArmorProfile") == {"type": "Unconfined"}:
        found.append("apparmor=unconfined")
    if security.get("procMount") == "Unmasked":
        found.append("systempaths=unconfined")
    found += [
        "a folder of the node (bindMounts=node)" for each in draft.volumes.values() if "hostPath" in each
    ]
    sysctls = draft.pod_security.get("sysctls", [])
    assert isinstance(sysctls, list)
    found += [f"the sysctl {each['name']}" for each in sysctls if each["name"] not in _BASELINE_SYSCTLS]
    return found


def _restricted(draft: Draft) -> None:
    draft.security.setdefault("allowPrivilegeEscalation", False)
    draft.security.setdefault("seccompProfile", {"type": "RuntimeDefault"})
    draft.security["runAsNonRoot"] = True
    capabilities = draft.part(draft.security, "capabilities")
    added = capabilities.get("add", [])
    assert isinstance(added, list)
    for name in added:
        if name != "NET_BIND_SERVICE":
            draft.refuse(f"Pod security 'restricted' forbids the capability {name}.")
    capabilities["drop"] = ["ALL"]
    if _is_root(draft):
        draft.refuse(
            "Pod security 'restricted' forbids root, which this workspace would run as. Set remoteUser or "
            "containerUser to a user of the image that is not root."
        )


def _is_root(draft: Draft) -> bool:
    """Whether it is known to be; where it is not, the kubelet says so."""
    if "runAsUser" in draft.security:
        return draft.security["runAsUser"] == 0
    found = draft.known.user or draft.known.remote
    return found is not None and found.uid == 0


def _apparmor(value: str) -> Json:
    if value == "unconfined":
        return {"type": "Unconfined"}
    if value in ("docker-default", "runtime/default"):
        return {"type": "RuntimeDefault"}
    return {"type": "Localhost", "localhostProfile": value}


def _label(draft: Draft, value: str) -> None:
    if value == "disable":
        draft.part(draft.security, "seLinuxOptions")["type"] = "spc_t"
        return
    key, _, text = value.partition(":")
    if key not in ("user", "role", "type", "level") or not text:
        raise BadValue(f"label=disable or label=type:… is expected, not {value!r}")
    draft.part(draft.security, "seLinuxOptions")[key] = text
