"""What became of the pod's node, or of the pod on it."""

from __future__ import annotations

from .cause import Cause, clipped
from .reading import Seen

_AGAIN = "Wait: the cluster makes another pod by itself."


def lost(seen: Seen) -> Cause | None:
    """Whether the node that the pod was given to still answers."""
    pod = seen.pod
    if pod is None or not pod.spec.node_name:
        return None
    name = pod.spec.node_name
    node = next((each for each in seen.nodes if each.metadata.name == name), None)
    conditions = (node.status.conditions or ()) if node else ()
    ready = next((each for each in conditions if each.type == "Ready"), None)
    silent = ready is not None and ready.status != "True"
    told = seen.of_pod("NodeNotReady", "TaintManagerEviction", "NodeControllerEviction")
    moving = pod.condition("DisruptionTarget")
    tainted = moving is not None and moving.status == "True" and moving.reason == "DeletionByTaintManager"
    if pod.status.reason == "NodeLost" or silent or told or tainted:
        said = [ready.message if silent and ready else "", *(event.message for event in told[-2:])]
        return Cause(
            code="node-gone",
            sentence=f"The node {name} that has the workspace's pod does not answer any more.",
            evidence=tuple(clipped(text) for text in said if text),
            hint="Wait until it is back, or a new pod is elsewhere; the node's own storage stays with it.",
        )
    return None


def ended(seen: Seen) -> Cause | None:
    """Why the pod itself was ended: evicted, displaced, not taken by its node. Another one follows."""
    pod = seen.pod
    if pod is None or pod.status.phase != "Failed":
        return None
    evidence = (clipped(pod.status.message),) if pod.status.message else ()
    match pod.status.reason:
        case "Evicted":
            return Cause(
                code="pod-evicted",
                sentence="The node put the pod out, as it ran short of something.",
                evidence=evidence,
                hint="Set requests and limits by the option resources. " + _AGAIN,
            )
        case "Preempting" | "Preempted":
            return Cause(
                code="pod-displaced",
                sentence="Another pod with a higher priority took the place of the workspace's.",
                evidence=evidence,
                hint="Set the option priorityClass. " + _AGAIN,
            )
        case "Terminated" | "NodeShutdown" | "Shutdown":
            return Cause(
                code="node-shutdown",
                sentence="The pod's node was shut down.",
                evidence=evidence,
                hint=_AGAIN,
            )
        case "" | "Error":
            return None
        case reason:
            return Cause(
                code="pod-not-admitted",
                sentence=f"The node did not take or keep the pod ({clipped(reason, 60)}).",
                evidence=evidence,
                hint="See the node's words above. " + _AGAIN,
            )
