"""Bad input of every kind: one clear error with code and hint, exit code by class, nothing left behind."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from scripts.engines.provision import AuthRegistry
from tests.integration.git.conftest import Repository
from tests.integration.must_hold.attempt import Arrange, Bench, Case, check, fails
from tests.integration.must_hold.proxy import EngineProxy
from tests.outside import Cli, Docker, Images, Traces


@pytest.fixture
def bench(moorage: Cli, images: Images, cleanup: Traces, tmp_path: Path) -> Bench:
    return Bench(moorage, images, cleanup.token, tmp_path, cleanup.everything)


@pytest.fixture
def reading(proxy: EngineProxy, images: Images, tmp_path: Path) -> Bench:
    """For what fails before anything is made: any write to the engine counts as left behind."""
    cli = Cli(tmp_path / "home", proxy.host)
    return Bench(cli, images, f"t{uuid4().hex[:12]}", tmp_path, lambda: [*map(str, proxy.writes)])


def several(bench: Bench) -> tuple[str | Path, ...]:
    for name in ("one", "two"):
        bench.write(f".devcontainer/{name}/devcontainer.json", "{}")
    return "up", bench.project


def without_dockerfile(bench: Bench) -> tuple[str | Path, ...]:
    return "up", bench.configure({"build": {"dockerfile": "Missing.Dockerfile"}})


CONFIGURATIONS = [
    Case(
        "nothing there", 3, "no-configuration",
        lambda b: ("up", b.project),
        (".devcontainer/devcontainer.json", ".devcontainer.json", ".devcontainer/<folder>/devcontainer.json"),
        "devcontainer.json",
    ),
    Case("several", 2, "several-configurations", several, ("one", "two"), "--config"),
    Case(
        "unknown choice", 2, "unknown-configuration",
        lambda b: (*several(b), "--config", "tow"), ("tow", "two"), "",
    ),
    Case(
        "broken", 3, "broken-json",
        lambda b: ("up", b.configure('{\n  "image": "busybox",,\n}')), ("devcontainer.json:2:22",), "",
    ),
    Case("empty", 3, "broken-json", lambda b: ("up", b.configure("")), ("devcontainer.json:1:1",), ""),
    Case("a list", 3, "broken-json", lambda b: ("up", b.configure("[]")), ("devcontainer.json:1:1",), ""),
    Case(
        "not UTF-8", 3, "broken-json",
        lambda b: ("up", b.configure(b'{"image": "\xff\xfe"}')), ("devcontainer.json:1:",), "",
    ),
    Case(
        "wrong type", 3, "wrong-type",
        lambda b: ("up", b.configure('{\n  "image": "busybox",\n  "forwardPorts": [true]\n}')),
        ("devcontainer.json:3:", "forwardPorts"), "",
    ),
    Case("nothing to run", 3, "nothing-to-run", lambda b: ("up", b.configure({"name": "x"})), (), "image"),
    Case(
        "variable without a name", 3, "variable-without-name",
        lambda b: ("up", b.with_image(containerEnv={"A": "${localEnv}"})), ("localEnv",), "",
    ),
    Case(
        "no Dockerfile", 3, "dockerfile-missing", without_dockerfile, ("Missing.Dockerfile",), "",
    ),
    Case(
        "no context", 3, "build-context-missing",
        lambda b: ("up", b.with_dockerfile("FROM busybox\nCOPY . /x", context="../nowhere")),
        ("nowhere",), "",
    ),
    Case(
        "broken Dockerfile", 3, "dockerfile-broken",
        lambda b: ("up", b.with_dockerfile("FROM busybox\nRUNN true\n")), ("Dockerfile:2", "RUNN"), "",
    ),
    Case(
        "unknown target", 3, "dockerfile-unknown-target",
        lambda b: ("up", b.with_dockerfile("FROM busybox AS base\n", target="bsae")), ("bsae", "base"), "",
    ),
    Case(
        "Features", 6, "registry-unreachable",
        lambda b: ("up", b.with_image(features={"127.0.0.1:1/features/git:1": {}})),
        ("127.0.0.1:1/features/git:1",), "",
    ),
    Case(
        "Compose", 3, "compose-file",
        lambda b: ("up", b.configure({"dockerComposeFile": "compose.yaml", "service": "app"})),
        ("compose.yaml",), "",
    ),
    Case(
        "bad reference", 3, "bad-image-reference",
        lambda b: ("up", b.configure({"image": "A b"})), ("A b",), "",
    ),
    Case(
        "zero byte", 3, "bad-image-reference",
        lambda b: ("up", b.configure('{"image": "busy\\u0000box"}')), (), "",
    ),
    Case(
        "bad runArgs", 9, "unsupported",
        lambda b: ("up", b.with_image(runArgs=["--memory", "a lot"])), ("a lot",), "",
    ),
    Case(
        "bad mount", 3, "bad-mount",
        lambda b: ("up", b.with_image(mounts=["type=bind,source=/tmp"])), ("type=bind,source=/tmp",), "",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CONFIGURATIONS, ids=lambda case: case.name)
def test_configuration(reading: Bench, case: Case) -> None:
    check(reading, case)


def up_with(*options: str) -> Arrange:
    return lambda bench: ("up", bench.with_image(), *options)


def secrets(text: str) -> Arrange:
    return lambda bench: ("up", bench.with_image(), "--secrets-file", bench.write("secrets.json", text))


OPTIONS = [
    Case("unknown driver option", 2, "driver-option", up_with("-o", "pat=x"), ("'pat'", "path"), ""),
    Case("bad driver option", 2, "driver-option", up_with("-o", "install=perhaps"), ("perhaps",), "true"),
    Case("no pair", 2, "bad-pair", up_with("-o", "path"), ("'path'",), "-o path="),
    Case("unknown driver", 2, "unknown-driver", up_with("--driver", "podmen"), ("podmen",), "docker"),
    Case("name with a space", 2, "bad-name", up_with("--name", "my space"), ("my space",), "a-z"),
    Case("name with a slash", 2, "bad-name", up_with("--name", "../up"), ("../up",), "a-z"),
    Case("name that is too long", 2, "bad-name", up_with("--name", "a" * 41), (), "40"),
    Case("environment without =", 2, "bad-pair", up_with("--env", "A"), ("--env",), "A="),
    Case("mount", 2, "bad-mount-option", up_with("--mount", "nonsense"), ("nonsense",), "target="),
    Case("build secret", 2, "bad-build-secret", up_with("--build-secret", "x"), ("x",), "id="),
    Case("no secrets file", 2, "secrets-file", up_with("--secrets-file", "/none/such"), ("/none/such",), ""),
    Case("broken secrets file", 2, "secrets-file", secrets('{"A": hidden}'), (), '"NAME"'),
    Case("secret that is no text", 2, "secrets-file", secrets('{"A": 5}'), ("of A",), "double quotes"),
    Case("no workspace", 2, "no-workspace", lambda b: ("status", b.with_image()), (), "moorage up"),
    Case("nothing to sync", 2, "no-workspace", lambda b: ("sync", b.with_image()), (), "moorage up"),
    Case("empty source", 2, "bad-source", lambda b: ("up", ""), ("empty",), "folder"),
    Case("control character", 2, "bad-source", lambda b: ("up", f"{b.folder}/a\tb"), ("control",), ""),
    Case("folder that is gone", 4, "folder-gone", lambda b: ("up", b.folder / "gone"), ("gone",), ""),
]


@pytest.mark.parametrize("case", OPTIONS, ids=lambda case: case.name)
def test_option(reading: Bench, case: Case) -> None:
    check(reading, case)


FULL = "write /var/lib/docker/tmp/x: no space left on device"


IMAGES = [
    Case(
        "failing build", 6, "build-failed",
        lambda b: ("up", b.with_dockerfile(
            f"FROM busybox\nRUN echo {b.token}; echo $((6 * 7)) is the cause; \\\n  exit 3\n"
        )),
        ("Dockerfile:2", "Dockerfile:3:   exit 3", "exit code 3", "42 is the cause"), "Correct",
    ),
    Case(
        "COPY of nothing", 6, "build-failed",
        lambda b: ("up", b.with_dockerfile("FROM busybox\nCOPY nothing /\n")),
        ("Dockerfile:2", "nothing"), ".dockerignore",
    ),
    Case(
        "disk full in a build", 5, "disk-full",
        lambda b: ("up", b.with_dockerfile(
            "FROM busybox\nRUN --mount=type=tmpfs,target=/full,size=64k "
            f"echo {b.token}; dd if=/dev/zero of=/full/x bs=1M count=1\n"
        )),
        ("No space left on device",), "",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", IMAGES, ids=lambda case: case.name)
def test_build(bench: Bench, case: Case) -> None:
    check(bench, case)


def test_image_that_does_not_exist(reading: Bench, registry: str) -> None:
    wanted = f"{registry}/none/such:1"
    case = Case(
        "", 6, "image-not-found", lambda b: ("up", b.configure({"image": wanted})), (wanted,), "typing errors"
    )
    check(reading, case)


def test_base_image_that_does_not_exist(reading: Bench, registry: str) -> None:
    wanted = f"{registry}/none/such:1"
    case = Case(
        "", 6, "image-not-found", lambda b: ("up", b.with_dockerfile(f"FROM {wanted}\n")), (wanted,), ""
    )
    check(reading, case)


def test_image_that_wants_a_login(reading: Bench, auth_registry: AuthRegistry) -> None:
    image = f"{auth_registry.address}/{auth_registry.image}"
    case = Case(
        "",
        6,
        "registry-login-required",
        lambda b: ("up", b.configure({"image": image})),
        (image,),
        "docker login",
    )
    check(reading, case)


def test_base_image_that_wants_a_login(reading: Bench, auth_registry: AuthRegistry) -> None:
    image = f"{auth_registry.address}/{auth_registry.image}"
    text = f"FROM {image}\n"
    case = Case(
        "", 6, "registry-login-required", lambda b: ("up", b.with_dockerfile(text)), (image,), "docker login"
    )
    check(reading, case)


def test_image_of_a_registry_that_is_away(reading: Bench) -> None:
    image = "127.0.0.1:1/none:1"
    case = Case("", 6, "registry-unreachable", lambda b: ("up", b.configure({"image": image})), (image,), "")
    check(reading, case)


def test_image_alone_that_does_not_exist(reading: Bench, registry: str) -> None:
    wanted = f"{registry}/none/such:1"
    check(reading, Case("", 6, "image-not-found", lambda b: ("up", f"image:{wanted}"), (wanted,), "typing"))


def test_engine_whose_socket_is_missing(reading: Bench) -> None:
    host = f"unix://{reading.folder}/none.sock"
    reading.env["DOCKER_HOST"] = host
    check(
        reading,
        Case("", 5, "engine-not-running", lambda b: ("up", b.with_image()), (host,), "systemctl start"),
    )


def test_engine_that_does_not_listen(reading: Bench) -> None:
    path = Path(reading.folder.parent / "dead.sock")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
        reading.env["DOCKER_HOST"] = f"unix://{path}"
        check(
            reading,
            Case(
                "", 5, "engine-not-running", lambda b: ("up", b.with_image()), (str(path),), "systemctl start"
            ),
        )


def test_engine_at_an_address_that_refuses(reading: Bench) -> None:
    reading.env["DOCKER_HOST"] = "tcp://127.0.0.1:1"
    check(
        reading,
        Case("", 5, "engine-not-running", lambda b: ("up", b.with_image()), ("127.0.0.1:1",), "DOCKER_HOST"),
    )


def test_engine_of_which_there_is_no_trace(reading: Bench) -> None:
    if Path("/var/run/docker.sock").exists() or shutil.which("dockerd", path="/usr/sbin:/usr/bin"):
        pytest.skip("this machine has an engine at the usual place")
    del reading.cli.env["DOCKER_HOST"]
    reading.env["PATH"] = str(reading.folder)
    case = Case("", 5, "engine-missing", lambda b: ("up", b.with_image()), (), "install=true")
    check(reading, case)


def test_engine_that_is_not_installed(reading: Bench) -> None:
    case = Case(
        "",
        5,
        "engine-missing",
        lambda b: ("up", b.with_image(), "-o", "path=/none/docker"),
        ("/none/docker",),
        "path",
    )
    check(reading, case)


def test_disk_that_is_full_of_images(bench: Bench, proxy: EngineProxy, registry: str, docker: Docker) -> None:
    """The engine's own words: its disk cannot be filled here without disturbing everything else on it."""
    image = f"{registry}/{bench.token}:1"
    docker("tag", bench.images.busybox, image)
    docker("push", "--quiet", image)
    docker("rmi", image)
    proxy.fail("POST .*/images/create", FULL)
    bench.env["DOCKER_HOST"] = proxy.host
    arrange: Arrange = lambda b: ("up", b.configure({"image": image}))  # noqa: E731
    check(bench, Case("", 5, "disk-full", arrange, ("no space left on device",), "moorage gc"))


def test_disk_that_is_full_of_containers(bench: Bench, proxy: EngineProxy) -> None:
    proxy.fail("POST .*/containers/create", FULL)
    bench.env["DOCKER_HOST"] = proxy.host
    check(bench, Case("", 5, "disk-full", up_with(), ("no space left on device",), "moorage gc"))


def test_temporary_folder_on_a_full_disk(bench: Bench, full_disk: Path) -> None:
    bench.temporary = full_disk
    bench.write(".devcontainer/a", "content")
    text = f"FROM busybox\nCOPY a /\nRUN true\nLABEL token={bench.token}\n"
    case = Case("", 5, "disk-full", lambda b: ("up", b.with_dockerfile(text)), ("No space left",), "TMPDIR")
    fails(bench, case)
    assert bench.left_behind() == [str(full_disk / "filler")]


def test_cache_folder_on_a_full_disk(bench: Bench, full_disk: Path) -> None:
    """Caches are only caches: the workspace comes up without them."""
    bench.env["XDG_CACHE_HOME"] = str(full_disk)
    bench.write(".devcontainer/a", "content")
    folder = bench.with_dockerfile(f"FROM busybox\nCOPY a /\nLABEL token={bench.token}\n")
    result = bench.run("up", folder)
    assert result.code == 0, result


RUNNING = [
    Case(
        "hook that fails", 7, "hook-failed",
        lambda b: ("up", b.with_image(postCreateCommand="echo before; exit 3")),
        ("postCreateCommand", "exit code 3", "before"), "moorage up",
    ),
    Case(
        "hook that hangs", 8, "hook-timeout",
        lambda b: ("up", b.with_image(postCreateCommand="echo before; sleep 100"), "--hook-timeout", "0.5"),
        ("postCreateCommand", "0.5 seconds", "before"), "--hook-timeout",
    ),
    Case(
        "up that takes too long", 8, "up-timeout",
        lambda b: ("up", b.with_image(postCreateCommand="sleep 100"), "--timeout", "3"),
        ("3 seconds",), "--timeout",
    ),
    Case(
        "container that ends at once", 5, "container-ended",
        lambda b: ("up", b.with_image(overrideCommand=False, runArgs=["--entrypoint", "false"])), (), "",
    ),
    Case(
        "command that is not there", 5, "container-start",
        lambda b: ("up", b.with_image(overrideCommand=False, runArgs=["--entrypoint", "/none"])),
        ("/none",), "--entrypoint",
    ),
    Case(
        "user that is not there", 3, "remote-user-unknown",
        lambda b: ("up", b.with_image(remoteUser="nobody-such", postCreateCommand="true")),
        ("nobody-such",), "remoteUser",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", RUNNING, ids=lambda case: case.name)
def test_workspace_that_can_be_corrected(bench: Bench, docker: Docker, cleanup: Traces, case: Case) -> None:
    """Only the container stays, so that the next `up` can go on; `delete` finds it."""
    result = fails(bench, case)
    assert len(bench.left_behind()) == 1, bench.left_behind()
    if case.name.startswith("hook"):
        rows = docker.lines("top", cleanup.containers()[0], "-o", "pid,args")
        assert not [row for row in rows if "sleep 100" in row], result
    bench.cli.ok("delete", "--yes", bench.project)
    assert bench.left_behind() == []


REFUSED = [
    Case(
        "initializeCommand that fails", 7, "initialize-failed",
        lambda b: ("up", b.with_image(initializeCommand="echo before; exit 3")),
        ("exit code 3", "before"), "",
    ),
    Case(
        "bind of nothing", 5, "engine-refused",
        lambda b: ("up", b.with_image(mounts=["type=bind,source=/none/such,target=/x"])), ("/none/such",), "",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_before_there_is_a_container(bench: Bench, case: Case) -> None:
    check(bench, case)


def test_port_that_is_taken(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arrange: Arrange = lambda b: ("up", b.with_image(appPort=port))  # noqa: E731
        fails(bench, Case("", 5, "port-taken", arrange, (str(port),), ""))


def test_unknown_variable_is_told_and_kept(bench: Bench, docker: Docker, cleanup: Traces) -> None:
    folder = bench.with_image(containerEnv={"A": "${localWorkspaceFoldr}/x"})
    result = bench.run("up", folder)
    assert result.code == 0
    assert "localWorkspaceFoldr" in result.stderr
    assert "localWorkspaceFolder" in result.stderr
    assert "A=${localWorkspaceFoldr}/x" in docker.lines("exec", cleanup.containers()[0], "env")


def test_name_of_another_source(bench: Bench, workspace: Callable[..., Path], images: Images) -> None:
    name = bench.token
    bench.cli.ok("up", workspace({"image": images.busybox}, name="other"), "--name", name)
    before = bench.left_behind()
    found = fails(bench, Case("", 9, "name-in-use", up_with("--name", name), (name, "other"), "--name"))
    assert "other" in str(found)
    assert bench.left_behind() == before


def test_git_repository_that_does_not_exist(reading: Bench) -> None:
    url = f"file://{reading.folder}/none.git"
    check(reading, Case("", 4, "repository-not-found", lambda b: ("up", url), (url,), ""))


def test_git_repository_that_does_not_exist_on_a_server(reading: Bench, http_server: str) -> None:
    url = f"git:{http_server}/none.git"
    check(reading, Case("", 4, "repository-not-found", lambda b: ("up", url), ("none.git",), ""))


def test_git_repository_that_needs_a_login(reading: Bench, private_server: str) -> None:
    url = f"git:{private_server}/repo.git"
    check(reading, Case("", 4, "git-login-required", lambda b: ("up", url), ("repo.git",), ""))


def test_git_branch_that_does_not_exist(reading: Bench, repository: Repository) -> None:
    url = f"{repository.url}@none"
    check(reading, Case("", 4, "ref-not-found", lambda b: ("up", url), ("none",), ""))


@pytest.mark.parametrize(
    ("code", "says", "text"),
    [
        ("no-configuration", (".devcontainer.json",), None),
        ("broken-json", (".devcontainer.json:2:11", "expected :"), '{\n  "image" "x"}'),
        ("wrong-type", (".devcontainer.json:2:12", "a string"), '{\n  "image": 5}'),
    ],
)
def test_git_repository_whose_configuration_is_bad(
    reading: Bench,
    make_repository: Callable[..., Repository],
    code: str,
    says: tuple[str, ...],
    text: str | None,
) -> None:
    """Found before anything is cloned."""
    repository = make_repository("bad")
    repository.commit({"a.txt": "a", **({".devcontainer.json": text} if text else {})})
    check(reading, Case("", 3, code, lambda b: ("up", repository.url), says, ""))


def test_git_server_that_is_away(reading: Bench) -> None:
    url = "git:http://127.0.0.1:1/repo.git"
    check(reading, Case("", 4, "git-host-unreachable", lambda b: ("up", url), ("127.0.0.1",), ""))
