"""logs and why against a real engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.outside import Cli, Docker, Images, Traces

Workspace = Callable[..., Path]


def test_what_hooks_printed_is_kept(
    moorage: Cli, workspace: Workspace, images: Images, cleanup: Traces
) -> None:
    folder = workspace(
        {
            "image": images.debian,
            "onCreateCommand": "echo one; echo two",
            "postCreateCommand": {"left": "echo from-left", "right": "echo from-right >&2"},
        },
        name=cleanup.token,
    )
    moorage.ok("up", folder)
    lines = moorage.ok("logs", folder).stdout.splitlines()
    assert lines[:3] == ["── onCreateCommand:0", "one", "two"]
    assert {"from-left", "from-right"} < set(lines)
    assert moorage.ok("logs", "--tail", "1", folder).stdout.splitlines() == lines[-1:]
    assert moorage.ok("logs", "--follow", cleanup.token).stdout.splitlines() == lines
    assert moorage.ok("logs", "--follow", "--tail", "2", folder).stdout.splitlines() == lines[-2:]
    moorage.ok("stop", folder)
    assert moorage.ok("logs", folder).stdout.splitlines() == lines
    first = moorage.ok("logs", folder, "--output", "json").stdout.splitlines()[1]
    assert first == '{"run":1,"key":"onCreateCommand:0","text":"one","heading":false}'


def test_hooks_in_the_background_are_followed_to_their_end(
    moorage: Cli, workspace: Workspace, images: Images, docker: Docker, cleanup: Traces
) -> None:
    folder = workspace(
        {
            "image": images.debian,
            "onCreateCommand": "echo first",
            "postCreateCommand": "echo waiting; until [ -e /go ]; do sleep 0.1; done; echo last",
            "waitFor": "onCreateCommand",
        },
        name=cleanup.token,
    )
    moorage.ok("up", folder)
    following = moorage.start("logs", "--follow", folder)
    assert following.stdout is not None
    seen = []
    for line in following.stdout:
        seen.append(line.strip())
        if line.strip() == "waiting":
            moorage.ok("exec", folder, "touch", "/go")
    assert following.wait(timeout=30) == 0
    assert seen == ["── onCreateCommand:0", "first", "── postCreateCommand:0", "waiting", "last"]
    assert following.stderr is not None
    following.stderr.close()
    following.stdout.close()


def test_why_names_the_hook_and_shows_its_tail(
    moorage: Cli, workspace: Workspace, images: Images, cleanup: Traces
) -> None:
    folder = workspace(
        {"image": images.debian, "postCreateCommand": "echo almost; echo 'no such thing' >&2; exit 9"},
        name=cleanup.token,
    )
    assert moorage("up", folder).code == 7
    cause = moorage.ok("why", folder, "--output", "json").json()
    assert isinstance(cause, dict)
    assert (cause["code"], cause["found_in"]) == ("hook-failed", "journal")
    assert "exit code 9" in cause["message"]
    assert cause["evidence"] == ["almost", "no such thing"]
    assert "no such thing" in moorage.ok("why", cleanup.token).stdout


def test_why_asks_the_engine_before_all(
    moorage: Cli, workspace: Workspace, images: Images, docker: Docker, cleanup: Traces
) -> None:
    """The container's own end counts before a hook that failed before it."""
    folder = workspace(
        {
            "image": images.debian,
            "overrideCommand": False,
            "runArgs": ["--entrypoint", f"/workspaces/{cleanup.token}/main"],
            "postCreateCommand": "exit 3",
        },
        name=cleanup.token,
        files={"main": "#!/bin/sh\nuntil [ -e /end ]; do sleep 0.1; done\necho last words\nexit 44\n"},
    )
    (folder / "main").chmod(0o755)
    assert moorage("up", folder).code == 7
    assert moorage.ok("why", folder, "--output", "json").json()["code"] == "hook-failed"
    moorage.ok("exec", folder, "touch", "/end")
    container = docker("ps", "--all", "--quiet", "--filter", f"label=devcontainer.local_folder={folder}")
    docker("wait", container)
    cause = moorage.ok("why", folder, "--output", "json").json()
    assert isinstance(cause, dict)
    assert (cause["found_in"], cause["code"]) == ("engine", "container-ended")
    assert "exit code 44" in cause["message"]
    assert cause["evidence"] == ["last words"]
    assert moorage.ok("logs", "--container", folder).stdout == "last words\n"


def test_why_knows_nothing_of_what_never_was(moorage: Cli, tmp_path: Path) -> None:
    assert moorage("why", tmp_path).code == 2
    assert "Nothing is known" in moorage.ok("why").stdout


def test_why_knows_what_never_came_about(
    moorage: Cli, workspace: Workspace, images: Images, cleanup: Traces
) -> None:
    """There is no container to ask, so this machine remembers; and says so once it is all right."""
    text = f"FROM {images.busybox}\nRUN echo what went wrong && exit 5\n"
    folder = workspace(
        {"build": {"dockerfile": "Dockerfile"}}, name=cleanup.token, files={".devcontainer/Dockerfile": text}
    )
    assert moorage("up", folder).code == 6
    assert cleanup.containers() == []
    for arguments in ((folder,), (cleanup.token,), ()):
        cause = moorage.ok("why", *arguments, "--output", "json").json()
        assert isinstance(cause, dict)
        assert (cause["found_in"], cause["past"], cause["name"]) == ("timeline", False, cleanup.token)
        assert "what went wrong" in "".join(cause["evidence"])
    (folder / ".devcontainer/Dockerfile").write_text(f"FROM {images.busybox}\n")
    moorage.ok("up", folder)
    assert "is running; its last failure was" in moorage.ok("why", folder).stdout
