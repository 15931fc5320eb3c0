"""All that a namespace holds, and what is in the workspace's pod, told so that two runs compare equal."""

from __future__ import annotations

import difflib
import json
import re
from typing import Any, NamedTuple

from tests.cluster.cluster import Cluster
from tests.integration.kubernetes.person import NOT_OF_WORKSPACES, Person

HOOKS = "/tmp/hooks.log"
NOT_COMPARED = ("events", "events.events.k8s.io", "leases.coordination.k8s.io")
"""What the cluster itself writes about objects, not the objects."""

GENERATED = (
    "uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "generateName", "selfLink",
)  # fmt: skip
INSIDE = r"""
cat /tmp/hooks.log
echo -- journal; grep -v -e ^run -e ^over /var/lib/moorage/*/journal
echo -- instances; ls -d /var/lib/moorage/*/ | sed 's/_[0-9a-f]*//' | sort
echo -- project; cd /workspaces && find . -exec stat -c '%n %A %U' {} + | sort; cat */content.txt
echo -- processes; ps -o args | grep -v -e 'ps -o' -e grep -e ' -c ' -e sort -e '^\[exe\]$' | sort
"""


class EndState(NamedTuple):
    """Objects by kind and name; `inside`: hooks, journal, files and processes of the pod, in lines."""

    objects: dict[str, Any]
    inside: tuple[str, ...]

    def unlike(self, other: EndState) -> str:
        """Where `other` is not the same, for people; "" where it is."""
        mine, others = self._lines(), other._lines()
        return "\n".join(difflib.unified_diff(mine, others, "expected", "found", n=12, lineterm=""))

    def _lines(self) -> list[str]:
        return [*json.dumps(self.objects, indent=1, sort_keys=True).splitlines(), *self.inside]


def end_state(person: Person) -> EndState:
    """Look at the cluster itself, as its administrator."""
    found = objects(person.cluster, person.namespace)
    (pod,) = [name for name in found if name.startswith("Pod/")] or [""]
    return EndState(
        objects={_name(name): _compared(each) for name, each in sorted(found.items())},
        inside=tuple(_inside(person, pod.removeprefix("Pod/"))) if pod else (),
    )


def objects(cluster: Cluster, namespace: str) -> dict[str, dict[str, Any]]:
    """Every object of every kind that is the workspaces', or was left behind by them."""
    everything = json.loads(
        cluster.kubectl("--namespace", namespace, "get", ",".join(_kinds(cluster)), "--output=json")
    )
    found = {f"{each['kind']}/{each['metadata']['name']}": each for each in everything["items"]}
    own = {_spelled(each) for each in NOT_OF_WORKSPACES} | {"RoleBinding/moorage"}
    return {name: each for name, each in found.items() if name not in own}


def _kinds(cluster: Cluster) -> list[str]:
    if not _KINDS:
        listed = cluster.kubectl("api-resources", "--namespaced", "--verbs=list", "--output=name").split()
        _KINDS.extend(name for name in listed if name not in NOT_COMPARED)
    return _KINDS


_KINDS: list[str] = []


def _spelled(text: str) -> str:
    kinds = {"configmap": "ConfigMap", "serviceaccount": "ServiceAccount", "role": "Role"}
    kind, _, name = text.partition("/")
    return f"{kinds[kind.partition('.')[0]]}/{name}"


def _name(name: str) -> str:
    """Without what a ReplicaSet makes up for its pod."""
    return re.sub(r"^(Pod/.*)-[a-z0-9]{5}$", r"\1", name)


def _compared(found: dict[str, Any]) -> dict[str, Any]:
    """Without what the cluster generates; of the status only what is lasting."""
    metadata = {key: value for key, value in found["metadata"].items() if key not in GENERATED}
    metadata["ownerReferences"] = [
        {key: value for key, value in each.items() if key != "uid"}
        for each in metadata.get("ownerReferences", ())
    ]
    metadata.pop("name")
    spec = {key: value for key, value in found.get("spec", {}).items() if key != "volumeName"}
    status = found.get("status", {})
    lasting = {key: status[key] for key in ("phase", "replicas", "readyReplicas") if key in status}
    rest = {key: value for key, value in found.items() if key not in ("metadata", "spec", "status")}
    return {**rest, "metadata": metadata, "spec": spec, "status": lasting}


def _inside(person: Person, pod: str) -> list[str]:
    ran = person.cluster.run(
        "--namespace", person.namespace, "exec", pod, "--container=devcontainer", "--", "sh", "-c", INSIDE
    )
    return (ran.stdout + ran.stderr).replace(pod, "POD").splitlines()
