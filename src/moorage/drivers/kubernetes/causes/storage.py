"""Why the workspace's files are not there: claims without volumes, volumes that are somewhere else."""

from __future__ import annotations

import re

from .cause import Cause, clipped
from .reading import Claim, Event, Seen


def claims(seen: Seen) -> Cause | None:
    """Why a claim has no volume; None where all have one, or wait only for the pod's node."""
    for claim in seen.claims:
        if claim.status.phase == "Lost":
            return Cause(
                code="claim-lost",
                sentence=f"The volume of the claim {claim.metadata.name} is gone, and the files with it.",
                hint="Delete the workspace and make it anew.",
                hopeless=True,
            )
        if claim.status.phase == "Pending" and (found := _pending(claim, seen)):
            return found
    return None


def mounting(seen: Seen) -> Cause | None:
    """Why a volume cannot be attached or mounted on the pod's node."""
    for event in reversed(seen.of_pod("FailedAttachVolume", "FailedMount", "FailedMapVolume")):
        return _mount(event)
    return None


def _pending(claim: Claim, seen: Seen) -> Cause | None:
    name = claim.metadata.name
    told = seen.told("PersistentVolumeClaim", name)
    said = [event for event in told if event.reason in ("FailedBinding", "ProvisioningFailed")]
    wanted = claim.spec.storage_class_name
    for event in reversed(said):
        text = event.message
        if "no storage class is set" in text:
            return Cause(
                code="no-storage-class",
                sentence="The cluster has no default storage class, so nothing makes a volume for the claim.",
                evidence=(clipped(text),),
                hint="Set the option storageClass to one of `kubectl get storageclass`.",
                hopeless=True,
            )
        if re.search(r'storageclass\S* "[^"]*" not found', text):
            return Cause(
                code="storage-class-missing",
                sentence=f"There is no storage class {wanted}.",
                evidence=(clipped(text),),
                hint="Set the option storageClass to one of `kubectl get storageclass`.",
                hopeless=True,
            )
        return Cause(
            code="claim-provisioning",
            sentence=f"No volume could be made for the claim {name}.",
            evidence=(clipped(text),),
            hint="Check storageClass, accessMode and persistentVolumeSize against what the storage offers.",
        )
    if any(event.reason == "WaitForFirstConsumer" for event in told):
        return None
    if not told:
        return None
    return Cause(
        code="claim-pending",
        sentence=f"The claim {name} has no volume yet.",
        evidence=tuple(clipped(event.message) for event in told[-2:]),
        hint="See whether the storage's provisioner runs.",
    )


def _mount(event: Event) -> Cause:
    text, evidence = event.message, (clipped(event.message),)
    if "Multi-Attach error" in text or "already exclusively attached" in text or "is already used by" in text:
        return Cause(
            code="volume-elsewhere",
            sentence="The workspace's volume is still attached to another node.",
            evidence=evidence,
            hint="Wait until the old pod is gone; if its node is lost, let who runs this cluster detach it.",
        )
    if match := re.search(r'(secret|configmap)s? "([^"]*)" not found', text):
        return Cause(
            code="mount-missing",
            sentence=f"The {match[1]} {match[2]} that is to be mounted is not in the namespace.",
            evidence=evidence,
            hint="Create it, or correct the mount.",
            hopeless=True,
        )
    if match := re.search(r"references non-existent (secret|config) key|hostPath type check failed", text):
        return Cause(
            code="mount-missing",
            sentence="What is to be mounted is not there.",
            evidence=evidence,
            hint="Correct the mount.",
            hopeless=True,
        )
    return Cause(
        code="mount-failed",
        sentence="A volume cannot be mounted on the pod's node.",
        evidence=evidence,
        hint="See the node's words above; it tries again by itself.",
    )
