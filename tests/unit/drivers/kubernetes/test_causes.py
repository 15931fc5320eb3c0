"""From what the API server shows to one sentence: words of kubelet, scheduler and admission."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.drivers.kubernetes.causes.admission import explained
from moorage.drivers.kubernetes.causes.find import cause, failing, ready, trouble
from moorage.drivers.kubernetes.causes.reading import Claim, Deployment, Event, Node, Pod, Seen
from moorage.drivers.kubernetes.causes.scheduling import grows

IMAGE = "registry.example/app:1"


def seen(
    pod: dict[str, Any] | None = None, *, logs: dict[str, tuple[str, ...]] | None = None, **more: Any
) -> Seen:
    return Seen(
        pod=msgspec.convert(pod, Pod) if pod else None,
        events=msgspec.convert(more.get("events", []), tuple[Event, ...]),
        claims=msgspec.convert(more.get("claims", []), tuple[Claim, ...]),
        nodes=msgspec.convert(more.get("nodes", []), tuple[Node, ...]),
        deployment=msgspec.convert(more.get("deployment", {}), Deployment),
        logs=logs or {},
        source="https://git.example/app.git",
    )


def pod(
    state: dict[str, Any] | None = None,
    last: dict[str, Any] | None = None,
    *,
    name: str = "devcontainer",
    restarts: int = 0,
    **status: Any,
) -> dict[str, Any]:
    container = {"name": name, "image": IMAGE, "state": state or {}, "restartCount": restarts}
    if last:
        container["lastState"] = last
    key = "containerStatuses" if name == "devcontainer" else "initContainerStatuses"
    return {
        "metadata": {"name": "moorage-1-a", "uid": "u"},
        "spec": {"nodeName": "one"},
        "status": {"phase": "Pending", key: [container], **status},
    }


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def ended(code: int, reason: str = "Error", **more: Any) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, **more}}


def event(reason: str, message: str, kind: str = "Pod", name: str = "moorage-1-a") -> dict[str, Any]:
    return {"reason": reason, "message": message, "involvedObject": {"kind": kind, "name": name}}


def code(found: Seen) -> str:
    given = cause(found)
    return given.code if given else ""


@pytest.mark.parametrize(
    ("said", "wanted", "hopeless"),
    [
        ('failed to resolve reference "x": x: not found', "image-missing", True),
        ("pull access denied, repository does not exist or may require authorization", "image-private", True),
        ("unexpected status from HEAD request to https://x/v2/y: 401 Unauthorized", "image-private", True),
        (
            "429 Too Many Requests - toomanyrequests: You have reached your pull rate limit",
            "image-rate-limit",
            True,
        ),
        ("no match for platform in manifest: not found", "image-architecture", True),
        ("dial tcp: lookup nowhere.example: no such host", "image-registry-unreachable", False),
        (
            "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "image-registry-trust",
            True,
        ),
        ("something new", "image-pull", False),
    ],
)
def test_images(said: str, wanted: str, hopeless: bool) -> None:
    for reason in ("ErrImagePull", "ImagePullBackOff"):
        found = cause(seen(pod(waiting(reason, said))))
        assert found is not None
        assert (found.code, found.hopeless) == (wanted, hopeless)
        assert IMAGE in found.sentence


def test_an_image_that_is_waited_for_is_explained_by_events() -> None:
    said = event("Failed", f'Failed to pull image "{IMAGE}": 401 Unauthorized')
    assert (
        code(seen(pod(waiting("ImagePullBackOff", "Back-off pulling image")), events=[said]))
        == "image-private"
    )


def test_an_images_name_that_is_none() -> None:
    assert code(seen(pod(waiting("InvalidImageName", "couldn't parse image name")))) == "image-name"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (
            "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s).",
            "unschedulable-cpu",
        ),
        (
            "0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes: 1 Insufficient cpu",
            "unschedulable-memory",
        ),
        ("0/1 nodes are available: 1 Insufficient nvidia.com/gpu.", "unschedulable-device"),
        ("0/1 nodes are available: 1 node(s) had untolerated taint {a: b}.", "unschedulable-taint"),
        (
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
            "unschedulable-selector",
        ),
        ("0/1 nodes are available: 1 node(s) were unschedulable.", "unschedulable-cordoned"),
        ("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.", "claim-pending"),
        ("0/2 nodes are available: 2 node(s) had volume node affinity conflict.", "unschedulable-volume"),
        ("0/1 nodes are available: 1 Too many pods.", "unschedulable-pods"),
        ("no nodes available to schedule pods", "unschedulable-no-nodes"),
        ("0/1 nodes are available: 1 of a new kind.", "unschedulable"),
    ],
)
def test_scheduling(said: str, wanted: str) -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": said}
    found = cause(seen(pod(conditions=[condition], containerStatuses=None)))
    assert found is not None
    assert found.code == wanted
    assert found.scheduling
    assert said[:40] in found.evidence[0]


def test_an_autoscaler_at_work_is_seen() -> None:
    assert grows(seen(pod(), events=[event("TriggeredScaleUp", "pod triggered scale-up")]))
    assert not grows(seen(pod(), events=[event("NotTriggerScaleUp", "pod didn't trigger scale-up")]))


@pytest.mark.parametrize(
    ("said", "wanted", "word"),
    [
        (
            'pods "x" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=5',
            "quota",
            "compute",
        ),
        (
            'pods "x" is forbidden: failed quota: compute: must specify limits.cpu for: a',
            "quota-unspecified",
            "limits.cpu",
        ),
        (
            'pods "x" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
            "limit-range",
            "",
        ),
        (
            'pods "x" is forbidden: violates PodSecurity "baseline:latest": privileged',
            "pod-security",
            "baseline",
        ),
        (
            'pods "x" is forbidden: error looking up service account d/sa: serviceaccount "sa" not found',
            "service-account-missing",
            "sa",
        ),
        (
            'pods "x" is forbidden: pod rejected: RuntimeClass "kata" not found',
            "runtime-class-missing",
            "kata",
        ),
        ('admission webhook "a.b.c" denied the request: no', "admission-denied", ""),
        ('Pod "x" is invalid: spec.containers[0]', "pod-invalid", ""),
        ("something new", "pod-not-created", ""),
    ],
)
def test_admission(said: str, wanted: str, word: str) -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "message": said}
    found = cause(seen(deployment={"status": {"conditions": [condition]}}))
    assert found == explained(said)
    assert found is not None
    assert found.code == wanted
    assert word in found.sentence


def test_a_refusal_of_before_the_last_change_says_nothing() -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: x"}
    deployment = {
        "metadata": {"generation": 3},
        "status": {"observedGeneration": 2, "conditions": [condition]},
    }
    assert cause(seen(deployment=deployment)) is None


@pytest.mark.parametrize(
    ("reason", "said", "wanted"),
    [
        (
            "FailedBinding",
            "no persistent volumes available for this claim and no storage class is set",
            "no-storage-class",
        ),
        ("ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found', "storage-class-missing"),
        ("ProvisioningFailed", "rpc error: out of space", "claim-provisioning"),
        ("ExternalProvisioning", "waiting for a volume to be created", "claim-pending"),
        ("WaitForFirstConsumer", "waiting for first consumer to be created before binding", ""),
    ],
)
def test_claims(reason: str, said: str, wanted: str) -> None:
    claim = {"metadata": {"name": "moorage-1"}, "status": {"phase": "Pending"}}
    told = event(reason, said, "PersistentVolumeClaim", "moorage-1")
    assert code(seen(claims=[claim], events=[told])) == wanted
    assert code(seen(pod(), claims=[claim], events=[told])) == wanted


def test_volumes_that_are_elsewhere_or_missing() -> None:
    told = event("FailedAttachVolume", "Multi-Attach error for volume x: Volume is already used by pod(s) y")
    assert code(seen(pod(), events=[told])) == "volume-elsewhere"
    told = event("FailedMount", 'MountVolume.SetUp failed for volume "x" : secret "login" not found')
    found = cause(seen(pod(), events=[told]))
    assert found is not None
    assert (found.code, found.hopeless) == ("mount-missing", True)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (pod(waiting("CrashLoopBackOff"), ended(3), restarts=2), "crash-loop"),
        (pod(waiting("CrashLoopBackOff"), ended(137, "OOMKilled"), restarts=2), "out-of-memory"),
        (pod(ended(137, "OOMKilled")), "out-of-memory"),
        (
            pod(
                waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root")
            ),
            "run-as-root",
        ),
        (pod(waiting("CreateContainerConfigError", 'secret "x" not found')), "mount-missing"),
        (
            pod(waiting("RunContainerError", 'exec: "/bin/sh": stat /bin/sh: no such file or directory')),
            "no-shell",
        ),
        (
            pod(
                waiting("CrashLoopBackOff"),
                ended(128, "StartError", message="exec /bin/sh: exec format error"),
            ),
            "image-architecture",
        ),
        (
            pod(waiting("CreateContainerError", "unable to find user bob: no matching entries")),
            "container-user",
        ),
        (pod(waiting("CreateContainerError", "anything")), "container-start"),
        (pod(ended(1), name="setup"), "init-container"),
        (pod(waiting("PodInitializing")), ""),
        (pod(waiting("ContainerCreating")), ""),
        (pod(ended(0), name="setup"), ""),
    ],
)
def test_containers(given: dict[str, Any], wanted: str) -> None:
    assert code(seen(given)) == wanted


def test_a_clone_that_failed_speaks_gits_words() -> None:
    given = pod(waiting("CrashLoopBackOff"), ended(128), name="clone", restarts=1)
    assert failing(seen(given)) == ("clone",)
    lines = ("fatal: could not read Username for 'https://git.example': terminal prompts disabled",)
    found = cause(seen(given, logs={"clone": lines}))
    assert found is not None
    assert (found.code, found.hopeless) == ("clone-failed", True)
    assert lines[0] in found.evidence


def test_a_node_that_is_gone() -> None:
    running = pod({"running": {}}, phase="Running")
    node = {"metadata": {"name": "one"}, "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}
    assert code(seen(running, nodes=[node])) == "node-gone"
    assert code(seen(running, events=[event("NodeNotReady", "Node is not ready")])) == "node-gone"
    assert code(seen(running)) == ""


def test_pods_that_were_put_out() -> None:
    assert (
        code(seen(pod(phase="Failed", reason="Evicted", message="low on resource: memory"))) == "pod-evicted"
    )
    assert code(seen(pod(phase="Failed", reason="OutOfcpu"))) == "pod-not-admitted"


def test_a_pod_that_runs_is_ready_and_its_past_is_told_when_asked() -> None:
    given = seen(pod({"running": {}}, ended(137, "OOMKilled"), phase="Running", restarts=1))
    assert ready(given)
    assert cause(given) is None
    found = trouble(given)
    assert found is not None
    assert found.code == "out-of-memory"


def test_evidence_is_one_line_without_what_a_terminal_acts_on() -> None:
    found = cause(seen(pod(waiting("ErrImagePull", "\x1b[31mnot found\nat all\x07 " + "x" * 1000))))
    assert found is not None
    assert found.evidence[0].isprintable()
    assert len(found.evidence[0]) <= 400


@given(st.text(max_size=200))
def test_any_words_give_a_cause(said: str) -> None:
    assert explained(said).hint
    assert cause(seen(pod(waiting("ErrImagePull", said)))) is not None
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": said}
    assert cause(seen(pod(conditions=[condition]))) is not None
