"""The pod's template: the workspace's container, and what has to happen before it starts."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import msgspec

from ....spec import journal
from ....spec.run import RunSpec
from .. import naming, security
from ..draft import Draft
from ..values import Json
from .metadata import labels
from .rights import account
from .scripts import SCRIPTS, script
from .secrets import CLONE_INPUT

_STATE, _LOGS, _GIVEN, _CLONE = "moorage-state", "moorage-logs", "moorage", "moorage-clone"
GIVEN = f"{journal.FOLDER}/pod"
"""Where scripts, the pod's name and the plan are, read-only."""
START, INSIDE = f"{GIVEN}/start.sh", f"{GIVEN}/inside.sh"
_CLONE_FOLDER = "/run/moorage-clone"


def template(draft: Draft, spec: RunSpec, content: str) -> Json:
    """`content` is the folder whose parent is the workspace's claim; "" where there is none."""
    named = account(draft)
    pod: Json = {
        **draft.pod,
        "automountServiceAccountToken": bool(named),
        "enableServiceLinks": False,
        "nodeSelector": _selector(draft, spec),
        "volumes": [*_volumes(draft), *({"name": name, **each} for name, each in draft.volumes.items())],
        "containers": [_main(draft, spec, content)],
    }
    pod.setdefault("terminationGracePeriodSeconds", 10)
    before = [*_populate(draft, spec), *_clone(draft, content)]
    optional: Json = {
        "initContainers": before,
        "securityContext": draft.pod_security,
        "serviceAccountName": named,
        "tolerations": list(draft.options.tolerations),
        "priorityClassName": draft.options.priority_class,
        "imagePullSecrets": [{"name": name} for name in _pull_secrets(draft)],
    }
    pod |= {key: value for key, value in optional.items() if value}
    if draft.options.runtime_class:
        pod["runtimeClassName"] = draft.options.runtime_class
    if draft.options.host_users is not None:
        pod["hostUsers"] = draft.options.host_users
    return {"metadata": _metadata(draft, spec), "spec": pod}


def _metadata(draft: Draft, spec: RunSpec) -> Json:
    notes = {
        "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
        **dict(draft.options.annotations),
        **draft.pod_annotations,
        naming.ENVIRONMENT_HASH: _hash(draft.environment),
        **({} if spec.override_command else {naming.OWN_COMMAND: "yes"}),
    }
    return {
        "labels": labels(draft) | naming.selector(draft.workspace),
        "annotations": notes,
    }


def _selector(draft: Draft, spec: RunSpec) -> dict[str, str]:
    parts = spec.platform.split("/")
    architecture = draft.architecture or draft.options.architecture or (parts[1] if len(parts) > 1 else "")
    found = {"kubernetes.io/os": "linux", **draft.node_selector, **dict(draft.options.node_selector)}
    return found | ({"kubernetes.io/arch": architecture} if architecture else {})


def _pull_secrets(draft: Draft) -> Iterator[str]:
    yield from draft.options.image_pull_secrets
    if draft.known.logins:
        yield naming.logins(draft.workspace)


def _main(draft: Draft, spec: RunSpec, content: str) -> Json:
    """Always started by our script, which gives the container its instance and then its own command."""
    remote = draft.known.remote
    ids = (str(remote.uid), str(remote.gid)) if remote else (spec.remote_user or "0", "")
    found: Json = {
        "name": naming.CONTAINER,
        "image": spec.image,
        **draft.container,
        "command": [
            "/bin/sh",
            START,
            *ids,
            spec.remote_user,
            content,
            *spec.entrypoints,
            *_tail(draft, spec),
        ],
        "volumeMounts": [*_own_mounts(), *draft.mounts.values()],
    }
    if draft.environment:
        found["envFrom"] = [{"secretRef": {"name": naming.environment(draft.workspace)}}]
    optional: Json = {
        "securityContext": draft.security,
        "resources": _resources(draft),
        "ports": list(draft.ports.values()),
    }
    return found | {key: value for key, value in optional.items() if value}


def _tail(draft: Draft, spec: RunSpec) -> list[str]:
    if spec.override_command:
        return []
    return ["--", *(draft.known.command if draft.entrypoint is None else (draft.entrypoint,))]


def _resources(draft: Draft, *, whole: bool = True) -> Json:
    """Also for what runs before the workspace, as a quota may demand: but GPUs only for the workspace."""
    requests = {**draft.requests, **dict(draft.options.requests)}
    limits = {**draft.limits, **dict(draft.options.limits)}
    found: Json = {}
    for key, given in (("requests", requests), ("limits", limits)):
        kept = {name: value for name, value in given.items() if whole or "/" not in name}
        if kept:
            found[key] = kept
    return found


def _own_mounts() -> list[Json]:
    return [
        {"name": _STATE, "mountPath": journal.FOLDER},
        {"name": _GIVEN, "mountPath": GIVEN, "readOnly": True},
        {"name": _LOGS, "mountPath": journal.LOGS},
    ]


def _volumes(draft: Draft) -> list[Json]:
    scripts = {
        "name": naming.scripts(draft.workspace),
        "items": [{"key": name, "path": name} for name in SCRIPTS],
    }
    plan = {
        "name": naming.plan(draft.workspace),
        "optional": True,
        "items": [{"key": key, "path": f"plan/{key}"} for key in ("script", "probe")],
    }
    pod = {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}
    sources: list[Json] = [{"configMap": scripts}, {"secret": plan}, {"downwardAPI": pod}]
    found: list[Json] = [
        {"name": _STATE, "emptyDir": {}},
        {"name": _LOGS, "emptyDir": {}},
        {"name": _GIVEN, "projected": {"sources": sources}},
    ]
    if draft.known.clone is not None:
        found.append({"name": _CLONE, "secret": {"secretName": naming.clone(draft.workspace)}})
    return found


def _populate(draft: Draft, spec: RunSpec) -> Iterator[Json]:
    """New volumes get what the image has in their place, as an engine's volumes do."""
    if not draft.filled:
        return
    folders = {name: f"/moorage-volumes/{name}" for name in draft.filled}
    pairs = [part for name, path in draft.filled.items() for part in (folders[name], path)]
    yield {
        "name": naming.POPULATE,
        "image": spec.image,
        "command": ["/bin/sh", "-c", script("populate.sh"), "populate", *pairs],
        "volumeMounts": [{"name": name, "mountPath": path} for name, path in folders.items()],
        **_beside(draft, uid=0),
    }


def _clone(draft: Draft, content: str) -> Iterator[Json]:
    """The program is a constant text; what it is to clone comes by variables, the login by a file."""
    program = draft.known.clone
    if program is None or not content:
        return
    given = dict(program.environment) | {"MOORAGE_CLONE_INPUT": f"{_CLONE_FOLDER}/{CLONE_INPUT}"}
    if draft.known.level == "restricted":
        given["MOORAGE_CLONE_OWNER"] = ""  # it runs as the owner, and could not give anything away
    volume = next((each for each in draft.mounts.values() if each["name"] == "workspace"), None)
    if volume is None:
        return
    yield {
        "name": naming.CLONE,
        "image": draft.options.git_image,
        "command": list(program.argv),
        "env": [{"name": name, "value": value.replace("$(", "$$(")} for name, value in given.items()],
        "volumeMounts": [volume, {"name": _CLONE, "mountPath": _CLONE_FOLDER, "readOnly": True}],
        **_beside(draft, uid=0),
    }


def _beside(draft: Draft, uid: int) -> Json:
    optional: Json = {
        "securityContext": security.plain(draft, uid),
        "resources": _resources(draft, whole=False),
    }
    return {key: value for key, value in optional.items() if value}


def _hash(environment: dict[str, str]) -> str:
    return sha256(msgspec.json.encode(sorted(environment.items()))).hexdigest()[:16] if environment else ""
