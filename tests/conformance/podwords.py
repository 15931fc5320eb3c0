"""Words of the Docker API, said of a workspace's Deployment; and what cannot be said. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.conformance.case import Case, Step
from tests.conformance.place import OF_FOLDER

Json = Mapping[str, Any]
NO_DRIVERS = "`moorage devcontainer` stands in for the reference CLI, which works with an engine only"


def docker_words(
    deployment: Json, labels: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, Any]:
    """`docker inspect`, as far as a workspace has the same; labels are its root's, the rest in a Secret."""
    template = deployment["spec"]["template"]
    pod = template["spec"]
    [container] = [each for each in pod["containers"] if each["name"] == "devcontainer"]
    security = container.get("securityContext", {})
    limits = container.get("resources", {}).get("limits", {})
    unconfined = security.get("seccompProfile", {}).get("type") == "Unconfined"
    return {
        "State": {"Running": deployment["spec"]["replicas"] > 0},
        "Config": {
            "Image": container["image"].partition("@")[0],
            "Env": [f"{name}={value}" for name, value in environment.items()],
            "Labels": {
                **labels,
                **template["metadata"].get("annotations", {}),
            },
        },
        "HostConfig": {
            "Init": pod.get("shareProcessNamespace", False),
            "Privileged": security.get("privileged", False),
            "CapAdd": security.get("capabilities", {}).get("add", []),
            "SecurityOpt": ["seccomp=unconfined"] if unconfined else [],
            "NetworkMode": "host" if pod.get("hostNetwork") else "default",
            "PortBindings": {
                str(port["containerPort"]): port["hostPort"]
                for port in container.get("ports", [])
                if "hostPort" in port
            },
            "DeviceRequests": [name for name in limits if name not in ("cpu", "memory", "ephemeral-storage")],
            "Memory": _bytes(limits.get("memory", "0")),
            "ShmSize": _bytes(_shared_memory(pod, container)),
        },
        "Mounts": _claims(pod, container),
    }


def unanswerable(case: Case) -> str:
    """Why a case cannot be asked of a cluster, or nothing."""
    return next((reason for step in case.steps if (reason := _unanswerable(step))), "")


def asks_for_containers(words: Sequence[str]) -> bool:
    """`docker ps` for those of one folder: a namespace has Deployments for it, or none."""
    return words[0] == "ps" and any(word.startswith(OF_FOLDER) for word in words)


def _unanswerable(step: Step) -> str:
    if step.engine is not None and not asks_for_containers(step.engine):
        return _ASKED.get(step.engine[0], f"it asks Docker's client (`docker {step.engine[0]}`)")
    if step.read is not None:
        return NO_DRIVERS
    if step.moorage is not None and step.moorage[0] == "devcontainer" and step.moorage[1] in _ON_AN_ENGINE:
        return NO_DRIVERS
    if any(path.startswith("NetworkSettings/Ports") for path in step.inspect or ()):
        return "nothing is published on this machine; `moorage forward` does"
    unknown = [path for path in step.inspect or () if path.split("/")[:2] not in _KNOWN]
    return f"a Deployment has nothing like {unknown[0].replace('/', '.')} of Docker's API" if unknown else ""


def _claims(pod: Json, container: Json) -> list[dict[str, str]]:
    """Mounts of what is kept."""
    kept = {each["name"] for each in pod.get("volumes", ()) if "persistentVolumeClaim" in each}
    mounts = container.get("volumeMounts", ())
    return [{"Destination": each["mountPath"]} for each in mounts if each["name"] in kept]


def _shared_memory(pod: Json, container: Json) -> str:
    of = {each["mountPath"]: each["name"] for each in container.get("volumeMounts", ())}
    volumes = {each["name"]: each for each in pod.get("volumes", ())}
    found = volumes.get(of.get("/dev/shm", ""), {})
    return str(found.get("emptyDir", {}).get("sizeLimit", "0"))


def _bytes(quantity: str) -> int:
    units = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40}
    number, unit = quantity.rstrip("KMGTi"), quantity.lstrip("0123456789")
    return int(number) << units.get(unit, 0)


_ASKED = {
    "volume": "it asks Docker for volumes by name; claims are named by the workspace and a hash",
    "network": "it needs a network of Docker's; a pod has the cluster's",
}
_ON_AN_ENGINE = ("up", "exec", "build", "run-user-commands", "set-up")
_EMPTY: Json = {
    "spec": {
        "replicas": 0,
        "template": {"metadata": {}, "spec": {"containers": [{"name": "devcontainer", "image": ""}]}},
    },
}
_KNOWN = [
    [first, *rest]
    for first, inner in docker_words(_EMPTY, {}, {}).items()
    for rest in ([[second] for second in inner] if isinstance(inner, dict) else [[]])
]
