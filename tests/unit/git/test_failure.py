"""What git says, and the error that it means."""

from __future__ import annotations

import pytest

from moorage.errors import SourceError
from moorage.git import failure

HTTPS = "https://ann@host/o/r"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (
            "fatal: could not read Username for 'https://host': terminal prompts disabled",
            failure.GitLoginRequired,
        ),
        ("fatal: Authentication failed for 'https://host/o/r/'", failure.GitLoginRequired),
        (
            "fatal: unable to access 'https://host/': The requested URL returned error: 403",
            failure.GitLoginRequired,
        ),
        ("git@host: Permission denied (publickey).", failure.GitLoginRequired),
        ("Host key verification failed.", failure.HostUnverified),
        ("remote: Repository not found.", failure.RepositoryNotFound),
        ("fatal: repository 'https://host/o/r/' not found", failure.RepositoryNotFound),
        ("fatal: '/srv/x' does not appear to be a git repository", failure.RepositoryNotFound),
        ("fatal: remote error: access denied or repository not exported: /x", failure.RepositoryNotFound),
        ("fatal: unable to access 'https://host/': Could not resolve host: host", failure.HostUnreachable),
        ("ssh: connect to host host port 22: Connection timed out", failure.HostUnreachable),
        ("fatal: couldn't find remote ref nope", failure.RefNotFound),
        ("fatal: remote error: upload-pack: not our ref 0123", failure.RefNotFound),
        ("error: unable to write file x: No space left on device", failure.GitFailed),
        ("fatal: detected dubious ownership in repository at '/srv/x'", failure.GitFailed),
        ("fatal: something new", failure.GitFailed),
    ],
)
def test_classes(line: str, kind: type[SourceError]) -> None:
    error = failure.explained(HTTPS, ["Cloning into 'x'...", line])
    assert type(error) is kind
    assert error.hint
    assert line in error.evidence
    assert "ann@" not in error.message


def test_hints_name_the_way_in() -> None:
    assert "credential helper" in failure.login_required(HTTPS).hint
    assert "ssh-add" in failure.login_required("git@host:o/r").hint
    assert "disk" in failure.explained(HTTPS, ["No space left on device"]).hint


def test_evidence_holds_no_secret() -> None:
    error = failure.explained(HTTPS, ["fatal: unable to access 'https://ann:S3CRET@host/o/r/?t=S3CRET': no"])
    assert "S3CRET" not in repr(error.evidence)
