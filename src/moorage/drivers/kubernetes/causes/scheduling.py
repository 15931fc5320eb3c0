"""Why no node takes the pod, from the scheduler's words."""

from __future__ import annotations

import re

from .cause import Cause, clipped
from .reading import Seen

_REASONS: tuple[tuple[str, str, str, str], ...] = (
    (
        r'persistentvolumeclaim "[^"]*" (not found|is being deleted)',
        "unschedulable-claim",
        "A claim that the pod mounts is not there, or goes just now.",
        "Correct the name of the claim, or wait until the old one is gone.",
    ),
    (
        r"unbound immediate PersistentVolumeClaims",
        "claim-pending",
        "The claim of the workspace has no volume yet.",
        "See why with `kubectl describe pvc`; the option storageClass names another class.",
    ),
    (
        r"volume node affinity conflict|didn't find available persistent volumes|didn't match.*volume",
        "unschedulable-volume",
        "The workspace's files are on a volume that no node which is free can mount.",
        "Bring back the node or zone that has the volume, or use storage that all nodes reach.",
    ),
    (
        r"ReadWriteOncePod access mode already in-use",
        "volume-elsewhere",
        "Another pod uses the workspace's volume, which one pod at a time may do.",
        "Wait for that pod's end, or remove it.",
    ),
    (
        r"Insufficient cpu",
        "unschedulable-cpu",
        "No node has as much CPU free as the pod requests.",
        "Lower requests.cpu in the option resources or hostRequirements, stop other pods, or add a node.",
    ),
    (
        r"Insufficient memory",
        "unschedulable-memory",
        "No node has as much memory free as the pod requests.",
        "Lower requests.memory in the option resources or hostRequirements, stop other pods, or add a node.",
    ),
    (
        r"Insufficient ephemeral-storage",
        "unschedulable-storage",
        "No node has as much local disk free as the pod requests.",
        "Lower requests.ephemeral-storage in the option resources.",
    ),
    (
        r"Insufficient [\w.-]+/[\w.-]+",
        "unschedulable-device",
        "No node has a device free that the pod asks for, such as a GPU.",
        "Check hostRequirements and the option gpuResource, and that the nodes' device plugin runs.",
    ),
    (
        r"Too many pods",
        "unschedulable-pods",
        "The nodes run as many pods as they may.",
        "Stop other pods or add a node.",
    ),
    (
        r"didn't have free ports",
        "unschedulable-port",
        "A port that the pod wants on its node is taken.",
        "Leave out --network host, or the port in the pod template.",
    ),
    (
        r"didn't match Pod's node affinity|didn't (match|satisfy) .*(affinity|topology spread)",
        "unschedulable-selector",
        "No node is of the kind that the pod asks for.",
        "Check nodeSelector, architecture and podTemplate against `kubectl get nodes --show-labels`; a node "
        "of that kind may have a taint, which the option tolerations is for.",
    ),
    (
        r"had untolerated taint",
        "unschedulable-taint",
        "The nodes have a taint that the pod does not tolerate.",
        "Set the option tolerations, or use other nodes.",
    ),
    (
        r"were unschedulable",
        "unschedulable-cordoned",
        "The nodes take no new pods at the moment.",
        "Allow them again with `kubectl uncordon`, or add a node.",
    ),
    (
        r"no nodes available to schedule pods|^0/0 nodes",
        "unschedulable-no-nodes",
        "The cluster has no node.",
        "Add one.",
    ),
)
"""In this order: what the scheduler looks at last comes first, as such a node has everything else."""


def unscheduled(seen: Seen) -> Cause | None:
    """Why the pod has no node; None when it has one, or nobody has tried yet."""
    condition = seen.pod.condition("PodScheduled") if seen.pod else None
    if condition is None or condition.status != "False":
        return None
    if condition.reason == "SchedulingGated":
        return Cause(
            code="unschedulable-gated",
            sentence="The pod waits for a permission of the cluster before it may go to a node.",
            evidence=(clipped(condition.message),),
            hint="Ask who runs this cluster, or take schedulingGates out of the pod template.",
        )
    if condition.reason != "Unschedulable":
        return None
    return _explained(condition.message, seen)


def grows(seen: Seen) -> bool:
    """Whether an autoscaler is at work for this pod, so that waiting has a sense."""
    return bool(seen.of_pod("TriggeredScaleUp", "Nominated", "ProvisioningNode"))


def _explained(message: str, seen: Seen) -> Cause:
    told = [event.message for event in seen.of_pod("NotTriggerScaleUp")][-1:]
    evidence = (clipped(message), *map(clipped, told))
    said = re.split(r"\bpreemption: ", message)[0]
    for pattern, code, sentence, hint in _REASONS:
        if re.search(pattern, said):
            return Cause(code=code, sentence=sentence, evidence=evidence, hint=hint, scheduling=True)
    return Cause(
        code="unschedulable",
        sentence="No node takes the pod.",
        evidence=evidence,
        hint="See the scheduler's words above.",
        scheduling=True,
    )
