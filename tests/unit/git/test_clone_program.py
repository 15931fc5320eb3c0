"""What the clone program is given."""

from __future__ import annotations

import subprocess

import pytest

from moorage.git.access import Access
from moorage.git.client import ResolvedRef
from moorage.git.clone import CloneProgram, clone_program, script
from moorage.git.credentials import Credential
from moorage.spec.source import GitSource

COMMIT = "a" * 40
URL = "https://host/o/r"


def program(resolved: ResolvedRef, access: Access | None = None, **state: int) -> CloneProgram:
    source = GitSource(url=URL, **state)  # type: ignore[arg-type]
    return clone_program(
        source, resolved, access or Access(url=URL), directory="/workspaces/r", owner_uid=1000
    )


@pytest.mark.parametrize(
    ("ref", "state", "branch"),
    [
        ("refs/heads/fix/one", {}, "fix/one"),
        ("refs/tags/v1", {}, ""),
        ("", {}, ""),
        ("refs/merge-requests/3/head", {"pull_request": 3}, "pr-3"),
    ],
)
def test_the_branch(ref: str, state: dict[str, int], branch: str) -> None:
    made = program(ResolvedRef(commit=COMMIT, ref=ref), **state)
    assert dict(made.environment)["MOORAGE_CLONE_BRANCH"] == branch


def test_a_login_travels_by_standard_input_only() -> None:
    login = Credential(origin="https://host", username="ann", password="S3CRET")
    made = program(ResolvedRef(commit=COMMIT, ref=""), Access(url=URL, credential=login))
    assert made.stdin == b"username ann\npassword S3CRET\nend\n"
    assert "S3CRET" not in f"{made!r} {made} {made.argv} {made.environment}"


def test_the_text_is_constant() -> None:
    one = program(ResolvedRef(commit=COMMIT, ref="refs/heads/x"))
    two = program(ResolvedRef(commit="b" * 40, ref=""), Access(url="git@host:o/r", ssh_agent="/tmp/agent"))
    assert one.argv == two.argv == ("/bin/sh", "-c", script())
    assert (one.needs_ssh_agent, two.needs_ssh_agent, two.ssh_agent) == (False, True, "/tmp/agent")


def test_submodules_may_use_files_only_where_the_repository_is_one() -> None:
    resolved = ResolvedRef(commit=COMMIT, ref="")
    assert "file" not in dict(program(resolved).environment)["MOORAGE_CLONE_PROTOCOLS"]
    local = program(resolved, Access(url="file:///srv/r", host_paths=("/srv/r",)))
    assert "file" in dict(local.environment)["MOORAGE_CLONE_PROTOCOLS"]
    assert local.host_paths == ("/srv/r",)


def test_the_text_is_a_shell_script() -> None:
    subprocess.run(["sh", "-n", "-c", script()], check=True)
