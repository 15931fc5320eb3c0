"""Why an image does not come, from the words of the kubelet and its runtime."""

from __future__ import annotations

import re

from .cause import Cause, clipped
from .reading import ContainerStatus, Seen

_WAITING = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
)
_LOGIN = (
    "Log in to the registry and set the option registryLogin, or name a Secret with a login by the option "
    "imagePullSecrets."
)

_WORDS: tuple[tuple[str, str, str, str, bool], ...] = (
    (
        r"toomanyrequests|429 Too Many Requests|pull rate limit|pull QPS exceeded",
        "image-rate-limit",
        "The registry has given this cluster as many images as it may have for now: {image}.",
        f"{_LOGIN} A mirror of the registry helps as well.",
        True,
    ),
    (
        r"no match for platform in manifest|no matching manifest|does not match the specified platform",
        "image-architecture",
        "The image {image} is not there for the node's architecture.",
        "Choose nodes by the option architecture, or build the image for this one.",
        True,
    ),
    (
        r"401 Unauthorized|403 Forbidden|pull access denied|insufficient_scope|authorization failed"
        r"|no basic auth credentials|failed to authorize|authentication required|denied: ",
        "image-private",
        "The registry wants a login for {image}, and the cluster has none that it takes.",
        _LOGIN,
        True,
    ),
    (
        r"x509: |tls: failed to verify|server gave HTTP response to HTTPS client|http: server gave HTTP",
        "image-registry-trust",
        "The nodes do not trust the registry of {image}.",
        "Let who runs the cluster set up the registry's certificate, or plain HTTP for it, on the nodes.",
        True,
    ),
    (
        r"no space left on device",
        "image-no-room",
        "The node has no room for the image {image}.",
        "Free or enlarge the disk of the node, or let another node be chosen.",
        False,
    ),
    (
        r"no such host|connection refused|i/o timeout|network is unreachable|connection reset|EOF$"
        r"|TLS handshake timeout|50[0234] (Bad|Internal|Service|Gateway)|server misbehaving",
        "image-registry-unreachable",
        "The node cannot reach the registry of {image}.",
        "Check the image's name and the network of the nodes; the kubelet tries again by itself.",
        False,
    ),
    (
        r"not found|manifest unknown|name unknown|NotFound|does not exist",
        "image-missing",
        "There is no image {image}.",
        "Correct its name or tag; where it is a private one, give the cluster a login.",
        True,
    ),
)


def pulling(status: ContainerStatus, seen: Seen) -> Cause | None:
    """Why this container waits for its image; None when it does not."""
    waiting = status.waiting
    if waiting is None or waiting.reason not in _WAITING:
        return None
    if waiting.reason == "InvalidImageName":
        return Cause(
            code="image-name",
            sentence=f"The image's name {status.image!r} is not valid.",
            evidence=(clipped(waiting.message),),
            hint="Correct it in devcontainer.json, or the option that names it.",
            hopeless=True,
        )
    if waiting.reason == "ErrImageNeverPull":
        return Cause(
            code="image-never-pulled",
            sentence=f"The node has no image {status.image}, and the pod template forbids to pull it.",
            evidence=(clipped(waiting.message),),
            hint="Take imagePullPolicy out of the pod template.",
            hopeless=True,
        )
    return _explained(status, (waiting.message, *_failures(status, seen)))


def _failures(status: ContainerStatus, seen: Seen) -> tuple[str, ...]:
    """What events say: while the kubelet waits before its next try, the status may not say why."""
    told = seen.of_pod("Failed")
    return tuple(event.message for event in reversed(told) if status.image and status.image in event.message)


def _explained(status: ContainerStatus, said: tuple[str, ...]) -> Cause:
    evidence = tuple(dict.fromkeys(clipped(text) for text in said if text))[:3]
    for text in said:
        for pattern, code, sentence, hint, hopeless in _WORDS:
            if re.search(pattern, text):
                return Cause(
                    code=code,
                    sentence=sentence.format(image=status.image),
                    evidence=evidence,
                    hint=hint,
                    hopeless=hopeless,
                )
    return Cause(
        code="image-pull",
        sentence=f"The image {status.image} could not be pulled.",
        evidence=evidence,
        hint="See what the node says above; it tries again by itself.",
    )
