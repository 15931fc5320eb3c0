"""Why the API server lets no pod (or claim) be created, from its words."""

from __future__ import annotations

import re

from .cause import Cause, clipped
from .reading import Seen

_WORDS: tuple[tuple[str, str, str, str], ...] = (
    (
        r"failed quota: (?P<name>\S+): must specify (?P<what>[^;]+)",
        "quota-unspecified",
        "The quota {name} of the namespace wants every pod to specify {what}.",
        "Set them by the option resources, such as limits.cpu=2,limits.memory=4Gi.",
    ),
    (
        r"exceeded quota: (?P<name>[^,]+)",
        "quota",
        "The quota {name} of the namespace leaves no room for the workspace.",
        "Delete other workspaces, lower the option resources or persistentVolumeSize, or ask for more.",
    ),
    (
        r"(maximum|minimum) (?P<what>\S+) usage per|max limit to request ratio",
        "limit-range",
        "A limit range of the namespace forbids what the workspace asks for.",
        "Change the option resources, or persistentVolumeSize for a claim, so that it fits.",
    ),
    (
        r'violates PodSecurity "(?P<name>[^"]*)"',
        "pod-security",
        "Pod security {name} of the namespace forbids this pod.",
        "Leave out what is named, or use a namespace that allows it.",
    ),
    (
        r'serviceaccount "(?P<name>[^"]*)" not found',
        "service-account-missing",
        "There is no ServiceAccount {name} in the namespace.",
        "Create it, or correct the option serviceAccount.",
    ),
    (
        r'RuntimeClass "(?P<name>[^"]*)" not found',
        "runtime-class-missing",
        "There is no RuntimeClass {name} in the cluster.",
        "Correct the option runtimeClass.",
    ),
    (
        r"no PriorityClass with name (?P<name>\S+) was found",
        "priority-class-missing",
        "There is no PriorityClass {name} in the cluster.",
        "Correct the option priorityClass.",
    ),
    (
        r'admission webhook "(?P<name>[^"]*)" denied|ValidatingAdmissionPolicy \'(?P<policy>[^\']*)\'',
        "admission-denied",
        "A policy of the cluster refuses the pod.",
        "Do what its words say, or ask who runs this cluster.",
    ),
    (
        r'failed calling webhook "(?P<name>[^"]*)"',
        "admission-webhook",
        "The API server could not ask the webhook {name}, and creates nothing without it.",
        "Let who runs this cluster repair or remove the webhook.",
    ),
    (
        r"is invalid: ",
        "pod-invalid",
        "The API server does not take the pod as it is.",
        "Correct what is named: the pod template, runArgs or options are the usual causes.",
    ),
    (
        r"is forbidden: ",
        "pod-forbidden",
        "The API server forbids the pod.",
        "See its words above.",
    ),
)


def refused(seen: Seen) -> Cause | None:
    """Why the Deployment gets no pod; None when it has one, or nobody refused."""
    condition = seen.deployment.condition("ReplicaFailure") if seen.deployment else None
    if condition is None or condition.status != "True" or not _current(seen):
        return None
    return explained(condition.message)


def _current(seen: Seen) -> bool:
    """Conditions of before a change say nothing of after it."""
    deployment = seen.deployment
    return deployment is not None and deployment.status.observed_generation >= deployment.metadata.generation


def explained(message: str) -> Cause:
    """The cause behind words of the API server's admission."""
    for pattern, code, sentence, hint in _WORDS:
        if match := re.search(pattern, message):
            words = {name: value or "" for name, value in match.groupdict().items()}
            return Cause(
                code=code,
                sentence=sentence.format(**words),
                evidence=(clipped(message, 1000),),
                hint=hint,
                hopeless=True,
            )
    return Cause(
        code="pod-not-created",
        sentence="The cluster could not create the pod.",
        evidence=(clipped(message, 1000),),
        hint="See its words above; it tries again by itself.",
    )
