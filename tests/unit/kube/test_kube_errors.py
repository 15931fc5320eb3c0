"""Answers of API servers as errors: the words are those of Kubernetes 1.36."""

from __future__ import annotations

import json

import pytest

from moorage.kube import errors
from moorage.kube.errors import Forbidden, translate
from moorage.kube.execution import exit_code


def status(code: int, reason: str, message: str) -> bytes:
    return json.dumps(
        {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}
    ).encode()


@pytest.mark.parametrize(
    ("code", "reason", "message", "kind"),
    [
        (401, "Unauthorized", "Unauthorized", errors.Unauthorized),
        (404, "NotFound", 'pods "x" not found', errors.ObjectMissing),
        (404, "NotFound", 'namespaces "x" not found', errors.NamespaceMissing),
        (409, "AlreadyExists", 'configmaps "x" already exists', errors.ObjectExists),
        (409, "Conflict", "the object has been modified; please apply your changes", errors.ObjectConflict),
        (409, "Conflict", 'Apply failed with 1 conflict: conflict with "kubectl"', errors.ObjectConflict),
        (410, "Expired", "too old resource version: 1 (2)", errors.Expired),
        (422, "Invalid", 'Pod "x" is invalid: spec.containers: Required value', errors.ObjectInvalid),
        (
            403,
            "Forbidden",
            'pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0',
            errors.QuotaExceeded,
        ),
        (
            403,
            "Forbidden",
            'pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
            errors.PodSecurityForbids,
        ),
        (
            403,
            "Forbidden",
            'pods "x" is forbidden: [maximum cpu usage per Container is 1, but limit is 2]',
            errors.LimitExceeded,
        ),
        (400, "", 'admission webhook "w.example.com" denied the request: no', errors.AdmissionDenied),
        (
            422,
            "Invalid",
            "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
            errors.AdmissionDenied,
        ),
        (
            403,
            "Forbidden",
            'pods "x" is forbidden: unable to create new content in namespace n because it is'
            " being terminated",
            errors.NamespaceEnding,
        ),
        (503, "ServiceUnavailable", "apiserver is shutting down", errors.ClusterUnreachable),
        (500, "InternalError", "Internal error occurred: x", errors.ClusterRefused),
    ],
)
def test_each_answer_is_its_own_error(code: int, reason: str, message: str, kind: type[Exception]) -> None:
    error = translate(code, status(code, reason, message), "GET /x")
    assert type(error) is kind
    assert error.hint
    assert message.splitlines()[0] in " ".join(error.evidence)


def test_a_missing_verb_is_named_with_its_rule() -> None:
    said = (
        'deployments.apps is forbidden: User "jo" cannot create resource "deployments" in API group "apps"'
        ' in the namespace "dev"'
    )
    error = translate(403, status(403, "Forbidden", said), "POST /x")
    assert isinstance(error, Forbidden)
    assert (error.verb, error.resource, error.group, error.namespace) == (
        "create",
        "deployments",
        "apps",
        "dev",
    )
    assert error.message == 'jo may not create deployments in the namespace "dev".'
    assert '- {apiGroups: ["apps"], resources: ["deployments"], verbs: ["create"]}' in error.evidence


@pytest.mark.parametrize("verb", ["get", "create"])
def test_for_exec_both_verbs_are_named(verb: str) -> None:
    said = f'User "jo" cannot {verb} resource "pods/exec" in API group "" in the namespace "n"'
    error = translate(403, status(403, "Forbidden", said), "GET /x")
    assert '- {apiGroups: [""], resources: ["pods/exec"], verbs: ["create", "get"]}' in error.evidence


def test_in_the_whole_cluster_a_cluster_role_is_missing() -> None:
    said = 'nodes is forbidden: User "jo" cannot list resource "nodes" in API group "" at the cluster scope'
    error = translate(403, status(403, "Forbidden", said), "GET /x")
    assert "ClusterRole" in error.hint


@pytest.mark.parametrize(
    ("code", "body", "kind"),
    [
        (200, b"hello", errors.NotKubernetes),
        (404, b"<html><h1>404</h1></html>", errors.NotKubernetes),
        (502, b"<html>Bad gateway</html>", errors.ClusterUnreachable),
        (401, b"no", errors.Unauthorized),
    ],
)
def test_answers_of_others_are_told(code: int, body: bytes, kind: type[Exception]) -> None:
    assert type(translate(code, body, "GET /x", server="https://a")) is kind


def test_a_refusal_of_the_node_is_told_in_its_words() -> None:
    error = translate(500, b'container not found ("c")', "GET /api/v1/namespaces/n/pods/p/exec")
    assert type(error) is errors.ClusterRefused
    assert error.message == 'The pod\'s node refuses it: container not found ("c").'


def read(text: dict[str, object]) -> tuple[int, str] | None:
    found = errors.read_status(json.dumps(text).encode())
    assert found is not None
    return exit_code(found)


def test_exit_codes_are_read() -> None:
    causes = [{"reason": "ExitCode", "message": "143"}]
    assert read({"metadata": {}, "status": "Success"}) == (0, "")
    assert read({"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": causes}}) == (
        143,
        "",
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [("executable file not found in $PATH", 127), ("permission denied", 126)],
)
def test_a_program_that_cannot_be_started_has_a_code_and_words(words: str, code: int) -> None:
    message = (
        f'failed to exec in container: OCI runtime exec failed: exec failed: unable to start "x": {words}'
    )
    outcome = read({"status": "Failure", "reason": "InternalError", "message": message})
    assert outcome == (code, f'unable to start "x": {words}')


def test_another_failure_is_no_exit_code() -> None:
    assert read({"status": "Failure", "reason": "InternalError", "message": "container not found"}) is None
