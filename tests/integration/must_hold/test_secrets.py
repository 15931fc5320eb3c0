"""No secret in the arguments of any process, in labels, image history, logs or caches (design promise 7)."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest

from scripts.engines.provision import AuthRegistry
from tests.integration.git.conftest import Repository
from tests.integration.must_hold.watch import watched
from tests.outside import Cli, Docker, Traces

GIT_PASSWORD = "open sesame"


class Secrets:
    """A value for each way in, none of which may be seen anywhere."""

    def __init__(self, registry_password: str) -> None:
        self.hook = f"hook-{uuid4().hex}"
        self.remote = f"remote-{uuid4().hex}"
        self.build_file = f"file-{uuid4().hex}"
        self.build_variable = f"variable-{uuid4().hex}"
        self.local = f"local-{uuid4().hex}"
        self.registry = registry_password

    def all(self) -> list[str]:
        """As they are, and as they travel in headers and URLs."""
        plain = [*vars(self).values(), GIT_PASSWORD]
        encoded = [base64.b64encode(value.encode()).decode().rstrip("=") for value in plain]
        basic = [base64.b64encode(f"ann:{GIT_PASSWORD}".encode()).decode(), quote(GIT_PASSWORD)]
        return [*plain, *encoded, *basic]

    def found_in(self, text: str) -> list[str]:
        return [value for value in self.all() if value in text]


@pytest.fixture
def secrets(auth_registry: AuthRegistry) -> Secrets:
    return Secrets(auth_registry.password)


def log_in(home: Path, registry: AuthRegistry, git_server: str) -> None:
    """The user's own logins, as docker and git keep them."""
    auth = base64.b64encode(f"{registry.user}:{registry.password}".encode()).decode()
    (home / ".docker").mkdir()
    (home / ".docker/config.json").write_text(json.dumps({"auths": {registry.address: {"auth": auth}}}))
    host = git_server.removeprefix("http://")
    (home / ".git-credentials").write_text(f"http://ann:{quote(GIT_PASSWORD)}@{host}\n")
    (home / ".gitconfig").write_text("[credential]\n\thelper = store\n")


def project(repository: Repository, base: str, token: str) -> None:
    repository.commit(
        {
            ".devcontainer/devcontainer.json": json.dumps(
                {
                    "build": {"dockerfile": "Dockerfile"},
                    "remoteEnv": {"LOCAL": "${localEnv:LOCAL_SECRET}"},
                    "containerEnv": {"ALSO": "${localEnv:LOCAL_SECRET}"},
                    "postCreateCommand": 'echo "secret: $HOOK_SECRET" && test -n "$REMOTE" -a -n "$LOCAL"',
                }
            ),
            ".devcontainer/Dockerfile": (
                f"FROM {base}\nLABEL token={token}\n"
                "RUN --mount=type=secret,id=file --mount=type=secret,id=variable "
                "test -s /run/secrets/file -a -s /run/secrets/variable\n"
            ),
        }
    )


def test_of_every_kind(
    moorage: Cli,
    docker: Docker,
    cleanup: Traces,
    tmp_path: Path,
    repository: Repository,
    private_server: str,
    auth_registry: AuthRegistry,
    secrets: Secrets,
) -> None:
    log_in(moorage.home, auth_registry, private_server)
    project(repository, f"{auth_registry.address}/{auth_registry.image}", cleanup.token)
    files = {"hooks.json": json.dumps({"HOOK_SECRET": secrets.hook}), "build": secrets.build_file}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    arguments = (
        "up", f"git:{private_server}/repo.git", "--name", cleanup.token,
        "--secrets-file", tmp_path / "hooks.json", "--remote-env", f"REMOTE={secrets.remote}",
        "--build-secret", f"id=file,src={tmp_path}/build", "--build-secret", "id=variable,env=BUILD_SECRET",
    )  # fmt: skip
    env = {"BUILD_SECRET": secrets.build_variable, "LOCAL_SECRET": secrets.local}
    told = []
    with watched(tmp_path / "watch") as watch:
        for options in (("--log-format", "json", "--output", "json"), ("--recreate",), ()):
            result = moorage(*arguments, *options, env={**env, **watch.env})
            assert result.code == 0, result
            told.append(f"{result.stdout}{result.stderr}")
        for command in ("logs", "why", "status", "list"):
            told.append(str(moorage(command, cleanup.token, env={**env, **watch.env})))
    own = " ".join(map(str, arguments))
    assert "'git'" in watch.started
    assert "buildx" in watch.started
    assert secrets.found_in(watch.started) == []
    seen = [line for line in watch.others if own not in line]
    assert any("buildx" in line for line in seen)
    assert secrets.found_in("\n".join(seen)) == []
    assert "secret: ********" in told[0]
    assert secrets.found_in("\n".join(told)) == []
    assert secrets.found_in(kept(docker, cleanup)) == []
    assert secrets.found_in(cached(moorage.home)) == []


def kept(docker: Docker, cleanup: Traces) -> str:
    """Labels, image history and what the runner keeps inside.

    Not the container's environment, which containerEnv is made for, nor what its shell made of that (env.*).
    """
    [container] = cleanup.containers()
    image = docker("inspect", "--format", "{{.Image}}", container)
    files = "$(find /var/log/moorage /var/lib/moorage /workspaces/*/.git -type f ! -name 'env.*')"
    logs = f"cat {files} | tr -d '\\200-\\377'"
    return "\n".join(
        [
            docker(
                "inspect",
                "--format",
                "{{json .Config.Labels}} {{json .Args}} {{json .Config.Cmd}}",
                container,
            ),
            *(docker("volume", "inspect", name) for name in cleanup.volumes()),
            docker("image", "inspect", image),
            docker("history", "--no-trunc", image),
            docker("exec", container, "sh", "-c", logs),
        ]
    )


def cached(home: Path) -> str:
    """Everything that is in the home folder, except for what the user put there."""
    own = {home / ".git-credentials", home / ".docker/config.json"}
    files = [path for path in home.rglob("*") if path.is_file() and path not in own]
    return "\n".join(path.read_text(errors="replace") for path in files)


def test_login_in_the_url_is_refused_and_not_repeated(moorage: Cli) -> None:
    result = moorage("up", f"git:http://ann:{quote(GIT_PASSWORD)}@127.0.0.1/repo.git", "--output", "json")
    assert result.code == 2
    assert "credential.helper" in result.stdout
    assert Secrets("unused-password").found_in(str(result)) == []


def test_a_failure_shows_none(
    moorage: Cli, docker: Docker, cleanup: Traces, tmp_path: Path, secrets: Secrets
) -> None:
    """In the error's evidence, in JSON too, and in what `why` says later without knowing the secrets."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / ".devcontainer.json").write_text(
        json.dumps({"image": "busybox", "postCreateCommand": 'echo "it was $HOOK_SECRET" && exit 3'})
    )
    (tmp_path / "hooks.json").write_text(json.dumps({"HOOK_SECRET": secrets.hook}))
    result = moorage("up", folder, "--secrets-file", tmp_path / "hooks.json", "--output", "json")
    assert result.code == 7
    assert "it was ********" in result.stdout
    why = moorage("why", folder)
    assert "it was ********" in why.stdout
    assert secrets.found_in(f"{result}{why}") == []
