"""Addresses and repositories that want to run something on this machine."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.nasty.conftest import BUSYBOX, CONFIGURATION, Attempt

ADDRESSES = [
    "ext::sh -c touch% PWNED",
    "--upload-pack=touch PWNED",
    "ssh://-oProxyCommand=touch%20PWNED/x/y.git",
    "git@-oProxyCommand=touch PWNED:x/y.git",
    "https://127.0.0.1:1/x.git --upload-pack=touch PWNED",
    "fd::17/pwned",
    "https://127.0.0.1:1/x.git#../../../pwned",
    "file:///etc/passwd",
    "git+ext::sh -c 'touch PWNED'",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_a_command(address: str, attempt: Attempt) -> None:
    words = ("--", address.replace("PWNED", str(attempt.pwned)))
    attempt.refused(attempt("up", "--timeout", "20", *words))


def repository(attempt: Attempt, configuration: str, **links: str) -> str:
    """A repository on this machine, as somebody else would have made it; its address."""
    folder = attempt.top / "repository"
    (folder / CONFIGURATION).parent.mkdir(parents=True)
    (folder / CONFIGURATION).write_text(configuration)
    for name, target in links.items():
        (folder / name).symlink_to(target)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "--message", "x")
    return f"file://{folder}"


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True)


def test_a_cloned_repository_runs_nothing_here(attempt: Attempt) -> None:
    text = f'{{"image": "{BUSYBOX}", "initializeCommand": "touch {attempt.pwned}"}}'
    address = repository(attempt, text)
    attempt.refused(attempt("up", address), "initializeCommand", "--allow-host-commands")


def test_a_clone_whose_configuration_is_a_link_out(attempt: Attempt) -> None:
    address = repository(attempt, "{}")
    folder = attempt.top / "repository"
    (folder / CONFIGURATION).unlink()
    (folder / CONFIGURATION).symlink_to(attempt.outside / "secret")
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "--message", "y")
    result = attempt("up", address)
    attempt.refused(result)
    assert "the secret of this machine" not in result.stdout + result.stderr


def test_a_branch_that_is_a_flag(attempt: Attempt) -> None:
    address = repository(attempt, f'{{"image": "{BUSYBOX}"}}')
    attempt.refused(attempt("up", f"{address}@--upload-pack=touch {attempt.pwned}"))
    attempt.refused(attempt("up", f"{address}#--output={attempt.pwned}"))


@pytest.mark.parametrize(
    "build",
    [
        {"dockerfile": "../../outside/Dockerfile"},
        {"dockerfile": "Dockerfile", "context": "link"},
        {"dockerfile": "link/secret"},
        {"dockerfile": "/etc/passwd"},
        {"dockerfile": "Dockerfile\nRUN touch /pwned"},
        {"dockerfile": "Dockerfile", "options": ["--output=type=local,dest=PWNED"]},
    ],
    ids=["climbs", "context is a link", "through a link", "from the root", "with a line", "writes here"],
)
def test_a_build_that_leaves_the_project(build: dict[str, object], attempt: Attempt) -> None:
    text = {key: str(attempt.pwned).join(value.split("PWNED")) if isinstance(value, str) else value
            for key, value in build.items()}  # fmt: skip
    attempt.write({"build": text}, {".devcontainer/Dockerfile": f"FROM {BUSYBOX}\nCOPY secret /stolen\n"})
    (attempt.project / ".devcontainer/link").symlink_to(attempt.outside)
    result = attempt("build", attempt.project)
    assert result.code != 70, result.stderr
    assert "the secret of this machine" not in result.stdout + result.stderr


def test_a_context_does_not_follow_links_out(attempt: Attempt) -> None:
    attempt.write(
        {"build": {"dockerfile": "Dockerfile"}},
        {".devcontainer/Dockerfile": f"FROM {BUSYBOX}\nCOPY . /context\nRUN cat /context/link/secret\n"},
    )
    (attempt.project / ".devcontainer/link").symlink_to(attempt.outside)
    attempt.refused(attempt("build", attempt.project))


def test_a_lockfile_that_is_a_link_out(attempt: Attempt) -> None:
    attempt.feature("own", {})
    attempt.write({"image": BUSYBOX, "features": {"./own": {}}})
    (attempt.project / ".devcontainer/devcontainer-lock.json").symlink_to(attempt.outside / "secret")
    result = attempt.up()
    assert result.code != 70, result.stderr


def test_a_lockfile_that_points_elsewhere(attempt: Attempt) -> None:
    reference = "localhost:1/a/b:1"
    digest = f"sha256:{'0' * 64}"
    for resolved in (
        f"evil.invalid/x@{digest}",
        "file:///etc/passwd",
        f"--x@{digest}",
        "localhost:1/a/b@sha256:../..",
    ):
        entry = {"version": "1", "resolved": resolved, "integrity": digest}
        lock = json.dumps({"features": {reference: entry}})
        attempt.write(
            {"image": BUSYBOX, "features": {reference: {}}}, {".devcontainer/devcontainer-lock.json": lock}
        )
        attempt.refused(attempt.up())
