"""A container of the runtime alone becomes a workspace, as variables `ENVBUILDER_*` say."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from scripts.engines.provision import Engine, Runtime
from tests.integration.git.conftest import ENVIRON, Private, served
from tests.outside import Docker, Images

LOGIN = {"ENVBUILDER_GIT_USERNAME": "ann", "ENVBUILDER_GIT_PASSWORD": "open sesame"}
SECRETS = {
    "ENVBUILDER_GIT_PASSWORD": LOGIN["ENVBUILDER_GIT_PASSWORD"],
    "ENVBUILDER_BUILD_SECRETS": "KEY=correct-horse-2",
    "ENVBUILDER_DOCKER_CONFIG_BASE64": "eyJhdXRocyI6IHsieCI6IHsiYXV0aCI6ICJZVHBpIn19fQ==",
    "CODER_AGENT_TOKEN": "correct-horse-3",
}
_WANTED = "'correct-hors[e]|open sesam[e]|eyJhdXRo[c]|YTp[i]'"
SEARCH = (
    f"{{ env; grep -lE {_WANTED} /proc/[0-9]*/environ /proc/[0-9]*/cmdline; find / -xdev -type f "
    f"! -path '/proc/*' ! -path '/.moorage/*' -exec grep -lE {_WANTED} {{}} +; echo end; }} 2>/dev/null"
)
"""The environment, and the names of files that hold a secret."""
DOCKERFILE = """\
FROM {base}
ARG WHO=nobody
RUN echo "$WHO:x:1000:1000::/home/$WHO:/bin/sh" >>/etc/passwd && mkdir -p /home/$WHO
RUN printf '%s:x:1000:\\nmore:x:999:%s\\n' "$WHO" "$WHO" >>/etc/group && chown 1000:1000 /home/$WHO
RUN --mount=type=secret,id=KEY cat /run/secrets/KEY | wc -c >/length
COPY file /copied
RUN {search} >/seen
ENV OF_IMAGE=yes
LABEL devcontainer.metadata='[{{"id": "f", "onCreateCommand": "echo label >>/tmp/hooks"}}]'
"""
CONFIGURATION = {
    "build": {"dockerfile": "Dockerfile", "args": {"WHO": "ann"}},
    "features": {"./feature": {"greeting": "$hello `there`"}},
    "remoteUser": "ann",
    "containerEnv": {"OF_CONTAINER": "yes"},
    "remoteEnv": {"OF_REMOTE": "${containerEnv:OF_CONTAINER}-${containerWorkspaceFolderBasename}"},
    "onCreateCommand": f"{SEARCH} >/tmp/seen; id >/tmp/hook-id; echo create >>/tmp/hooks",
    "updateContentCommand": {"a": "echo a >/tmp/a", "b": ["sh", "-c", "env >/tmp/hook-environment"]},
    "postStartCommand": "echo start >>/tmp/hooks",
}
FEATURE = {
    "id": "feature",
    "version": "1.0.0",
    "name": "A Feature",
    "options": {"greeting": {"type": "string", "default": ""}},
    "containerEnv": {"OF_FEATURE": "yes"},
    "postCreateCommand": "echo feature >>/tmp/hooks",
}
INSTALL = (
    f'#!/bin/sh\n{{ echo "$GREETING"; echo "$_REMOTE_USER $_REMOTE_USER_HOME"; {SEARCH}; }} >/installed\n'
)
INIT = (
    "id >/tmp/init-id; env >/tmp/init-environment; trap 'exit 7' TERM; pwd >/tmp/init-folder; sleep 99 & wait"
)
SETUP = 'test "$(id -u):$TARGET_USER:$OF_REMOTE" = 0:ann: && test -f "$ENVBUILDER_ENV" && echo x >/tmp/set-up'


class Workspace:
    """One container of the runtime's image, with a volume at /workspaces."""

    def __init__(self, docker: Docker, image: str, url: str, volume: str) -> None:
        self.docker, self.image, self.url, self.volume = docker, image, url, volume
        self.name = f"t{uuid4().hex[:12]}-envbuilder"

    def start(self, **variables: str) -> None:
        given = {"ENVBUILDER_GIT_URL": self.url, **LOGIN, **variables}
        flags = [word for name, value in given.items() for word in ("--env", f"{name}={value}")]
        self.docker(
            "run", "--detach", "--name", self.name, "--network", "host",
            "--volume", f"{self.volume}:/workspaces", *flags, self.image,
        )  # fmt: skip

    def until(self, words: str) -> str:
        """Its log, once it has these words or its end has come."""
        end = time.monotonic() + 100
        while time.monotonic() < end:
            log = self.log
            if words in log or self.docker("inspect", "-f", "{{.State.Running}}", self.name) == "false":
                return self.log
            time.sleep(0.1)
        raise AssertionError(self.log)

    @property
    def log(self) -> str:
        command = ["docker", "--host", self.docker.host, "logs", self.name]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.stdout

    def file(self, path: str) -> str:
        return self.docker("exec", self.name, "cat", path)

    @property
    def code(self) -> int:
        return int(self.docker("wait", self.name))


@pytest.fixture(scope="module")
def base(engine: Engine, registry: str) -> str:
    """The builder inside knows no engine: its images are in a registry."""
    docker = Docker(engine.host)
    name = f"{registry}/moorage-test/envbuilder-base"
    docker("tag", Images().busybox, name)
    docker("push", "--quiet", name)
    return name


@pytest.fixture
def repository(tmp_path: Path, base: str) -> Path:
    """Its files; commit them with `commit`."""
    folder = tmp_path / "srv" / "project"
    inner = folder / ".devcontainer"
    inner.mkdir(parents=True)
    (inner / "file").write_text("content")
    (inner / "Dockerfile").write_text(DOCKERFILE.format(base=base, search=SEARCH))
    (inner / "devcontainer.json").write_text(f"// a comment\n{json.dumps(CONFIGURATION)}")
    feature = inner / "feature"
    feature.mkdir()
    (feature / "devcontainer-feature.json").write_text(json.dumps(FEATURE))
    (feature / "install.sh").write_text(INSTALL)
    git(folder, "init", "-q", "-b", "trunk")
    return folder


@pytest.fixture
def workspace(docker: Docker, runtime: Runtime, repository: Path) -> Iterator[Workspace]:
    """Its repository is behind a login, and no shell is in the container when it is cloned."""
    volume = f"t{uuid4().hex[:12]}-workspaces"
    with contextlib.contextmanager(served)(repository.parent, dict(ENVIRON), Private) as address:
        made = Workspace(docker, runtime.image, f"{address}/project.git", volume)
        try:
            yield made
        finally:
            docker("rm", "--force", "--volumes", made.name, check=False)
            docker("volume", "rm", "--force", volume)


def test_a_workspace_builds_itself(workspace: Workspace, repository: Path) -> None:
    commit(repository)
    workspace.start(
        **SECRETS,
        ENVBUILDER_INIT_SCRIPT=INIT,
        ENVBUILDER_SETUP_SCRIPT=SETUP,
        ENVBUILDER_EXPORT_ENV_FILE="/exported",
        ENVBUILDER_SKIP_REBUILD="true",
    )
    log = workspace.until("Starting /bin/sh as ann.")
    assert "Starting /bin/sh as ann." in log, log
    for place in ("/tmp/init-folder", "/tmp/set-up"):
        wait_for(workspace, place)
    assert workspace.file("/copied") == "content"
    assert workspace.file("/length") == "15"
    assert workspace.file("/tmp/init-folder") == "/workspaces/project"
    assert workspace.file("/tmp/init-id") == "uid=1000(ann) gid=1000(ann) groups=999(more),1000(ann)"
    assert "uid=1000(ann)" in workspace.file("/tmp/hook-id")
    assert workspace.file("/tmp/hooks").split() == ["label", "create", "feature", "start"]
    init = environment(workspace.file("/tmp/init-environment"))
    assert init["CODER_AGENT_TOKEN"] == SECRETS["CODER_AGENT_TOKEN"]
    assert (init["OF_IMAGE"], init["OF_CONTAINER"], init["OF_REMOTE"]) == ("yes", "yes", "yes-project")
    assert init["OF_FEATURE"] == "yes"
    assert init["HOME"] == "/home/ann"
    assert not [name for name in init if name.startswith("ENVBUILDER_")]
    assert "OF_REMOTE=yes-project" in workspace.file("/tmp/hook-environment").splitlines()
    assert "OF_REMOTE=yes-project" in workspace.file("/exported").splitlines()
    assert workspace.docker("exec", workspace.name, "stat", "-c", "%u", "/workspaces/project/.git") == "1000"
    greeting, user, *_ = workspace.file("/installed").splitlines()
    assert (greeting, user) == ("$hello `there`", "ann /home/ann")
    installed = workspace.file("/installed").partition(user)[2]
    for seen in (workspace.file("/seen"), workspace.file("/tmp/seen"), installed):
        assert seen.endswith("end")
        assert not [line for line in seen.splitlines() if line.startswith("/")]
        assert not [secret for secret in SECRETS.values() if secret in seen]
    assert not [secret for secret in SECRETS.values() if secret in log]
    assert workspace.file("/workspaces/project/sub/deep") == "of the submodule"
    workspace.docker("stop", "--time", "5", workspace.name)
    assert workspace.code == 7
    workspace.docker("start", workspace.name)
    wait_for(workspace, "/tmp/hooks", "label create feature start start")
    assert "is built already" in workspace.log


def test_a_build_that_fails_leads_to_the_fallback_image(
    workspace: Workspace, repository: Path, base: str
) -> None:
    (repository / ".devcontainer" / "Dockerfile").write_text(f"FROM {base}\nRUN echo no room; exit 3\n")
    commit(repository)
    workspace.start(
        ENVBUILDER_FALLBACK_IMAGE=base, ENVBUILDER_INIT_SCRIPT='echo "because $MOORAGE_FALLBACK"; exit 5'
    )
    assert workspace.code == 5
    log = workspace.log
    assert "no room" in log
    assert "NOT BUILT" in log
    assert "because " in log
    assert "because \n" not in log
    assert "onCreateCommand" not in log


def test_without_a_fallback_image_it_ends(workspace: Workspace, repository: Path, base: str) -> None:
    (repository / ".devcontainer" / "devcontainer.json").write_text('{"image": 1}')
    commit(repository)
    workspace.start(ENVBUILDER_FALLBACK_IMAGE=base, ENVBUILDER_EXIT_ON_BUILD_FAILURE="true")
    assert workspace.code == 1
    assert "devcontainer.json:1:" in workspace.log
    workspace.docker("rm", workspace.name)
    workspace.start(ENVBUILDER_INSECURE="perhaps", ENVBUILDER_GIT_CLONE_DEPTH="x")
    assert workspace.code == 2
    assert "ENVBUILDER_INSECURE 'perhaps'" in workspace.log


def environment(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def wait_for(workspace: Workspace, path: str, words: str = "") -> None:
    for _ in range(300):
        found = workspace.docker("exec", workspace.name, "cat", path, check=False)
        if " ".join(found.split()) == words or (not words and found):
            return
        time.sleep(0.1)
    raise AssertionError(workspace.log)


def commit(folder: Path) -> None:
    """With a submodule beside it, by a relative address."""
    inner = folder.parent / "inner"
    inner.mkdir()
    git(inner, "init", "-q", "-b", "main")
    (inner / "deep").write_text("of the submodule")
    recorded(inner)
    allowed = ("-c", "protocol.file.allow=always")
    git(folder, *allowed, "submodule", "add", "-q", str(inner), "sub")
    git(folder, "config", "-f", ".gitmodules", "submodule.sub.url", "../inner.git")
    recorded(folder)


def recorded(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "one")
    git(folder.parent, "clone", "-q", "--bare", str(folder), f"{folder.name}.git")


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True)
