"""What can go wrong with a cluster, and how an API server's answers are read as that.

A Status has a machine-readable reason, but Forbidden alone stands for four causes (roles, quota, limits,
pod security) that only the wording tells apart: it is matched here and nowhere else.
"""

from __future__ import annotations

import re

import msgspec

from ..errors import DeadlineError, EngineError, MoorageError, RefusedError, UsageError


class ClusterMissing(EngineError):
    """No kubeconfig, no service account, no option says where a cluster is."""

    code = "cluster-missing"


class BadKubeconfig(EngineError):
    """A kubeconfig cannot be read, or names something that it does not have."""

    code = "kubeconfig"


class BadClusterOption(UsageError):
    """An option that says how to reach the cluster has a value that cannot be meant."""

    code = "cluster-option"


class CredentialsFailed(EngineError):
    """The credentials for the cluster cannot be had: a plugin failed, a file is not there."""

    code = "cluster-credentials"


class ClusterUnreachable(EngineError):
    """Nothing answers at the API server's address, or the way there is closed."""

    code = "cluster-unreachable"


class ClusterCertificate(EngineError):
    """The API server's certificate, or ours, does not pass."""

    code = "cluster-certificate"


class ClusterLost(EngineError):
    """The connection to the API server ended in the middle and did not come back in time."""

    code = "cluster-lost"


class ClusterTimeout(DeadlineError):
    """The API server did not answer within the time that this kind of request may take."""

    code = "cluster-timeout"


class Unauthorized(EngineError):
    """The API server does not accept who we say we are: an expired token, another cluster's certificate."""

    code = "cluster-unauthorized"


class Forbidden(EngineError):
    """A role is missing. `verb`, `resource`, `group` and `namespace` ("" for cluster-wide) say what for."""

    code = "cluster-forbidden"

    def __init__(
        self,
        message: str,
        *,
        evidence: tuple[str, ...] = (),
        hint: str = "",
        verb: str = "",
        resource: str = "",
        group: str = "",
        namespace: str = "",
    ) -> None:
        super().__init__(message, evidence=evidence, hint=hint)
        self.verb, self.resource, self.group, self.namespace = verb, resource, group, namespace


class ObjectMissing(EngineError):
    """The object is not there (any more)."""

    code = "cluster-object-missing"


class NamespaceMissing(EngineError):
    """The namespace is not there."""

    code = "namespace-missing"


class NamespaceEnding(EngineError):
    """The namespace is being deleted, so nothing can be created in it."""

    code = "namespace-ending"


class ObjectExists(EngineError):
    """Another object has this name already: someone was faster, look again."""

    code = "cluster-object-exists"


class ObjectConflict(EngineError):
    """The object has changed since it was read, or another program owns a field of it."""

    code = "cluster-conflict"


class Expired(EngineError):
    """What a watch wanted to go on from is too old: list again."""

    code = "cluster-expired"


class QuotaExceeded(RefusedError):
    """A ResourceQuota of the namespace leaves no room for it."""

    code = "quota-exceeded"


class LimitExceeded(RefusedError):
    """A LimitRange of the namespace forbids these resources."""

    code = "limit-range"


class PodSecurityForbids(RefusedError):
    """The pod security standard of the namespace forbids this pod."""

    code = "pod-security"


class AdmissionDenied(RefusedError):
    """A webhook or policy of the cluster refuses the object."""

    code = "admission-denied"


class ObjectInvalid(RefusedError):
    """The API server says that the object is not valid."""

    code = "object-invalid"


class ClusterRefused(EngineError):
    """The API server said no for a reason that has no class of its own; its words are the evidence."""

    code = "cluster-refused"


class NotKubernetes(EngineError):
    """What answers at the address is no API server."""

    code = "cluster-not-kubernetes"


class Cause(msgspec.Struct, frozen=True):
    reason: str = ""
    message: str = ""
    field: str = ""


class Details(msgspec.Struct, frozen=True):
    name: str = ""
    kind: str = ""
    causes: tuple[Cause, ...] | None = None
    retryAfterSeconds: int = 0


class Status(msgspec.Struct, frozen=True):
    """metav1.Status, as far as it is read."""

    status: str = ""
    message: str = ""
    reason: str = ""
    code: int = 0
    details: Details | None = None


def read_status(body: bytes) -> Status | None:
    """The Status in an answer's body; None where it is something else."""
    try:
        status = msgspec.json.decode(body, type=Status)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return status if status.status or status.reason or status.message else None


def translate(code: int, body: bytes, request: str, *, server: str = "") -> MoorageError:
    """The error behind an answer of status `code`. `request` ("GET /api/v1/pods") goes into the evidence."""
    status = read_status(body)
    if status is None:
        return _foreign(code, body, request, server)
    return of_status(msgspec.structs.replace(status, code=code), request)


def of_status(status: Status, request: str) -> MoorageError:
    """The error behind a Status that says Failure."""
    said = status.message.strip() or status.reason or f"status {status.code} without a word"
    evidence = (f"{request} → {status.code}", *said.splitlines()[:20])
    if denied := _DENIED.search(said):
        return _forbidden(denied, said, evidence)
    for pattern, kind, sentence, hint in _WORDINGS:
        if re.search(pattern, said):
            return kind(sentence, evidence=evidence, hint=hint)
    kind, sentence, hint = (
        _REASONS.get(status.reason)
        or _CODES.get(status.code)
        or (ClusterRefused, "The API server refused the request", "Look at the words of the API server.")
    )
    return kind(f"{sentence}: {_sentence(said)}", evidence=evidence, hint=hint)


def rule(verbs: tuple[str, ...], resource: str, group: str = "") -> str:
    """One rule of a Role, in one line of YAML that can be pasted."""
    words = ", ".join(f'"{verb}"' for verb in verbs)
    return f'- {{apiGroups: ["{group}"], resources: ["{resource}"], verbs: [{words}]}}'


_DENIED = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>[\w*]+) resource "(?P<resource>[^"]+)"'
    r' in API group "(?P<group>[^"]*)"(?: in the namespace "(?P<namespace>[^"]*)"| at the cluster scope)?'
)
_NODE = ("/exec", "/attach", "/portforward")
"""Requests that the API server hands on to the pod's node, whose refusals are lines of text."""
_STREAMS = ("pods/exec", "pods/attach", "pods/portforward")


def _forbidden(denied: re.Match[str], said: str, evidence: tuple[str, ...]) -> Forbidden:
    verb, resource, group = denied["verb"], denied["resource"], denied["group"]
    namespace = denied["namespace"] or ""
    place = f'in the namespace "{namespace}"' if namespace else "in the whole cluster"
    # Servers from 1.35 on ask for create where older ones ask for get (kubernetes#134577).
    verbs = ("create", "get") if resource in _STREAMS else (verb,)
    kind = "Role" if namespace else "ClusterRole"
    return Forbidden(
        f"{denied['user']} may not {verb} {resource} {place}.",
        evidence=(*evidence, f"missing in a {kind}:", rule(verbs, resource, group)),
        hint=f"Ask for this rule in a {kind} bound to {denied['user']}; "
        "`moorage kubernetes rbac` prints all that moorage needs.",
        verb=verb,
        resource=resource,
        group=group,
        namespace=namespace,
    )


def _foreign(code: int, body: bytes, request: str, server: str) -> MoorageError:
    """No Status: a proxy's or load balancer's page, or something else altogether."""
    words = re.sub(r"\s+", " ", re.sub(rb"<[^>]*>", b" ", body[:4000]).decode(errors="replace")).strip()[:300]
    evidence = (f"{request} → {code}", *([words] if words else []))
    if code == 401:
        kind, sentence, hint = _CODES[401]
        return kind(f"{sentence}.", evidence=evidence, hint=hint)
    if request.endswith(_NODE) and words and b"<" not in body[:200]:
        return ClusterRefused(
            f"The pod's node refuses it: {words}" + ("" if words.endswith(".") else "."),
            evidence=evidence,
            hint="Check that the pod and its container are running: `moorage status`, `moorage up`.",
        )
    if code in (502, 503, 504):
        return ClusterUnreachable(
            f"Something before the API server{_at(server)} answers for it: it cannot be reached.",
            evidence=evidence,
            hint="Wait a moment, then check the proxy or load balancer and the API server behind it.",
        )
    return NotKubernetes(
        f"What answers{_at(server)} is no Kubernetes API server.",
        evidence=evidence,
        hint="Check the address: `kubectl config view --minify` shows it, or the option `host`.",
    )


def _at(server: str) -> str:
    return f" at {server}" if server else ""


def _sentence(text: str) -> str:
    first = text.splitlines()[0]
    return first if first.endswith(".") else first + "."


_Kind = type[EngineError] | type[RefusedError] | type[DeadlineError]

_WORDINGS: tuple[tuple[str, _Kind, str, str], ...] = (
    (
        r"exceeded quota|is forbidden: failed quota",
        QuotaExceeded,
        "A resource quota of the namespace leaves no room for it.",
        "Delete what is not needed, ask for more quota, or lower the workspace's resources.",
    ),
    (
        r"violates PodSecurity",
        PodSecurityForbids,
        "The pod security standard of the namespace forbids this pod.",
        "Leave out what the evidence names, or use a namespace with a less strict standard.",
    ),
    (
        r"(maximum|minimum) \S+ usage per|max limit to request ratio",
        LimitExceeded,
        "A limit range of the namespace forbids these resources.",
        "Change the workspace's resources so that they fit; see `kubectl describe limitrange`.",
    ),
    (
        r"admission webhook .* denied|ValidatingAdmissionPolicy .* denied|failed calling webhook",
        AdmissionDenied,
        "A policy of the cluster refuses the object.",
        "Change what the evidence names, or ask who runs this cluster.",
    ),
    (
        r"because it is being terminated",
        NamespaceEnding,
        "The namespace is being deleted.",
        "Wait until it is gone and run the command again with createNamespace, or choose another one.",
    ),
    (
        r'^namespaces "[^"]*" not found',
        NamespaceMissing,
        "The namespace is not there.",
        "Create it (`kubectl create namespace NAME`), set createNamespace=true, or correct `namespace`.",
    ),
    (
        r"Apply failed with \d+ conflict",
        ObjectConflict,
        "Another program owns fields that moorage sets.",
        "Leave these fields to moorage; `kubectl get --show-managed-fields` shows who has set them.",
    ),
)

_AGAIN = "Run the command again: it looks anew and continues."

_REASONS: dict[str, tuple[_Kind, str, str]] = {
    "AlreadyExists": (ObjectExists, "An object of this name exists already", _AGAIN),
    "Conflict": (ObjectConflict, "The object has changed meanwhile", _AGAIN),
    "Expired": (Expired, "This state of the objects is too long ago", _AGAIN),
    "Gone": (Expired, "This state of the objects is too long ago", _AGAIN),
    "Invalid": (ObjectInvalid, "The API server says that the object is not valid", "Correct what it names."),
}

_CODES: dict[int, tuple[_Kind, str, str]] = {
    401: (
        Unauthorized,
        "The API server does not accept these credentials",
        "Log in again with the cluster's own command, and try `kubectl auth whoami`.",
    ),
    403: (Forbidden, "The API server does not allow this", "Ask who runs this cluster for access."),
    404: (ObjectMissing, "The API server does not know what was asked for", _AGAIN),
    409: (ObjectConflict, "The API server cannot do this now", _AGAIN),
    410: (Expired, "This state of the objects is too long ago", _AGAIN),
    429: (ClusterRefused, "The API server has too much to do", "Wait a moment and run the command again."),
    500: (ClusterRefused, "The API server failed", "Look into the API server's log."),
    503: (ClusterUnreachable, "The API server is not ready", "Wait a moment and run the command again."),
    504: (ClusterTimeout, "The API server did not finish in time", _AGAIN),
}
