"""Where the engine is looked for."""

from __future__ import annotations

import json
import socket as listening
import stat
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from moorage.engine.contexts import BadContext
from moorage.engine.endpoint import at, find
from moorage.engine.errors import EngineMissing, EngineUnsupported


def _context(home: Path, name: str, host: str, *, tls: bool = False) -> None:
    digest = sha256(name.encode()).hexdigest()
    meta = home / ".docker/contexts/meta" / digest
    meta.mkdir(parents=True)
    content = {"Name": name, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    (meta / "meta.json").write_text(json.dumps(content))
    if tls:
        keys = home / ".docker/contexts/tls" / digest / "docker"
        keys.mkdir(parents=True)
        (keys / "ca.pem").write_text("ca")


def _program(folder: Path, name: str, script: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


async def test_docker_host_comes_before_contexts(tmp_path: Path) -> None:
    _context(tmp_path, "other", "unix:///other.sock")
    environ = {"DOCKER_HOST": "unix:///a.sock", "DOCKER_CONTEXT": "other"}
    found = await find("", environ, str(tmp_path))
    assert (found.socket, found.origin, found.local) == ("/a.sock", "DOCKER_HOST", True)
    assert found.environment() == {"DOCKER_HOST": "unix:///a.sock", "DOCKER_CONTEXT": ""}


async def test_contexts_by_variable_and_by_configuration(tmp_path: Path) -> None:
    _context(tmp_path, "far", "tcp://far.example:2376", tls=True)
    _context(tmp_path, "near", "unix:///near.sock")
    (tmp_path / ".docker/config.json").write_text('{"currentContext": "near", "auths": {}}')
    found = await find("", {"DOCKER_CONTEXT": "far"}, str(tmp_path))
    assert (found.address, found.local, found.context) == (("far.example", 2376), False, "far")
    assert found.tls is not None
    assert found.tls.ca.endswith("docker/ca.pem")
    assert found.environment() == {"DOCKER_CONTEXT": "far", "DOCKER_HOST": ""}
    found = await find("", {}, str(tmp_path))
    assert found.socket == "/near.sock"
    found = await find("", {"DOCKER_CONTEXT": "default"}, str(tmp_path))
    assert found.origin == "the usual place"


async def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadContext, match="'gone'"):
        await find("", {"DOCKER_CONTEXT": "gone"}, str(tmp_path))


async def test_a_broken_configuration_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text("{")
    assert (await find("", {}, str(tmp_path))).socket


async def test_rootless_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moorage.engine.endpoint.DEFAULT_SOCKET", str(tmp_path / "none.sock"))
    (tmp_path / "docker.sock").touch()
    found = await find("", {"XDG_RUNTIME_DIR": str(tmp_path)}, "/nowhere")
    assert found.socket == str(tmp_path / "docker.sock")


@pytest.mark.parametrize(
    ("host", "address", "local"),
    [
        ("tcp://10.0.0.5:2375", ("10.0.0.5", 2375), False),
        ("tcp://localhost", ("localhost", 2375), True),
        ("127.0.0.1:2375", ("127.0.0.1", 2375), True),
        ("tcp://[::1]:2375", ("::1", 2375), True),
        ("tcp://[fe80::1]", ("fe80::1", 2375), False),
    ],
)
def test_tcp(host: str, address: tuple[str, int], local: bool) -> None:
    found = at(host, "test")
    assert (found.address, found.local) == (address, local)


async def test_tls_by_variables(tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).touch()
    environ = {"DOCKER_HOST": "tcp://h", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}
    found = await find("", environ, "/nowhere")
    assert found.address == ("h", 2376)
    assert found.tls is not None
    assert found.tls.verify
    assert found.environment()["DOCKER_CERT_PATH"] == str(tmp_path)


def test_ssh_is_a_process_without_a_shell_or_a_prompt() -> None:
    found = at("ssh://me@host.example:2222/run/user/1/docker.sock", "test")
    assert found.command[0] == "ssh"
    assert "BatchMode=yes" in found.command
    tail = found.command[found.command.index("--") :]
    expected = (
        "--",
        "host.example",
        "docker",
        "--host",
        "unix:///run/user/1/docker.sock",
        "system",
        "dial-stdio",
    )
    assert tail == expected
    assert not found.local


@pytest.mark.parametrize(
    "host",
    ["npipe:////./pipe/docker_engine", "fd://", "unix://", "ssh://", "ssh://-oProxyCommand=x", "ssh://a:b@h",
     "tcp://h:99999", "tcp://h:port", "vsock://2"],
)  # fmt: skip
def test_what_cannot_be_reached_is_refused(host: str) -> None:
    with pytest.raises(EngineUnsupported):
        at(host, "test")


# ── named by `path` ──

INSPECT = '[{"Name": "default", "Endpoints": {"docker": {"Host": "%s"}}, "TLSMaterial": {}}]'


async def test_a_client_under_any_name(tmp_path: Path) -> None:
    socket = tmp_path / "engine.sock"
    socket.touch()
    program = _program(tmp_path, "mein-docker", f"echo '{INSPECT % f'unix://{socket}'}'")
    found = await find(program, {}, str(tmp_path))
    assert (found.socket, found.cli, found.command) == (str(socket), program, ())
    found = await find("~/mein-docker", {}, str(tmp_path))
    assert found.cli == program


async def test_a_wrapper_that_may_what_we_may_not(tmp_path: Path) -> None:
    program = _program(tmp_path, "as-root", f"echo '{INSPECT % 'unix:///not/for/us.sock'}'")
    found = await find(program, {}, str(tmp_path))
    assert found.command == (program, "system", "dial-stdio")
    assert found.local


PODMAN = """
case "$1 $2" in
  "context inspect") echo "[]";;
  "info --format") echo '{"host": {"remoteSocket": {"path": "%s"}, "serviceIsRemote": %s}}';;
  "version --format") echo '{"Client": {"APIVersion": "4.3.1", "Version": "4.3.1"}}';;
  *) exit 125;;
esac
"""


async def test_podman_under_any_name_is_led_to_its_socket(tmp_path: Path) -> None:
    socket = tmp_path / "podman.sock"
    with closing(listening.socket(listening.AF_UNIX)) as server:
        server.bind(str(socket))
        server.listen()
        found = await find(_program(tmp_path, "docker", PODMAN % (f"unix://{socket}", "false")), {}, "/")
    assert (found.socket, found.service, found.local) == (str(socket), (), True)


async def test_podman_without_a_listening_socket_is_served_by_ourselves(tmp_path: Path) -> None:
    program = _program(tmp_path, "docker", PODMAN % (tmp_path / "stale.sock", "false"))
    (tmp_path / "stale.sock").touch()
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    found, other = await find(program, environ, "/"), await find(program, environ, "/")
    assert found.service == (program, "system", "service", "--time", "0")
    assert found.socket.startswith(f"{tmp_path}/moorage-podman-")
    assert found.socket != other.socket
    assert found.environment()["DOCKER_HOST"] == f"unix://{found.socket}"


async def test_podman_that_is_remote_is_reached_through_its_own_client(tmp_path: Path) -> None:
    program = _program(tmp_path, "podman-remote", PODMAN % ("unix:///far/away.sock", "true"))
    found = await find(program, {}, "/")
    assert found.command == (program, "system", "dial-stdio")


async def test_podman_with_broken_settings_says_so(tmp_path: Path) -> None:
    script = (
        'case $1 in version) echo \'{"Client": {"APIVersion": "4.3.1", "Version": "4.3.1"}}\';; '
        "*) echo broken settings >&2; exit 125;; esac"
    )
    with pytest.raises(EngineUnsupported, match=r"is Podman 4\.3\.1") as refused:
        await find(_program(tmp_path, "docker", script), {}, "/")
    assert "broken settings" in refused.value.evidence[0]


async def test_nerdctl_is_refused_by_what_it_answers(tmp_path: Path) -> None:
    script = (
        'case $1 in version) echo \'{"Client": {"Version": "v1.7"}, "Server": {"Components": '
        '[{"Name": "containerd"}]}}\';; info) echo "{}";; *) echo unknown >&2; exit 1;; esac'
    )
    with pytest.raises(EngineUnsupported, match="client of containerd"):
        await find(_program(tmp_path, "docker", script), {}, "/")


async def test_podmans_variable_comes_after_dockers(tmp_path: Path) -> None:
    environ = {"CONTAINER_HOST": "unix:///run/p.sock"}
    assert (await find("", environ, str(tmp_path))).socket == "/run/p.sock"
    assert (await find("", {**environ, "DOCKER_HOST": "unix:///d.sock"}, str(tmp_path))).socket == "/d.sock"
    far = {"CONTAINER_HOST": "ssh://me@far/run/p.sock", "CONTAINER_SSHKEY": "/k"}
    command = (await find("", far, str(tmp_path))).command
    assert command[-6:] == ("far", "podman", "--url", "unix:///run/p.sock", "system", "dial-stdio")
    assert command[command.index("-i") + 1] == "/k"


async def test_another_program_is_refused_and_a_missing_one_too(tmp_path: Path) -> None:
    with pytest.raises(EngineUnsupported, match="does not answer like"):
        await find(_program(tmp_path, "docker", "echo hello"), {}, str(tmp_path))
    with pytest.raises(EngineMissing):
        await find(str(tmp_path / "gone"), {}, str(tmp_path))


async def test_podman_s_own_socket_is_looked_for_where_docker_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moorage.engine.endpoint.DEFAULT_SOCKET", str(tmp_path / "docker.sock"))
    monkeypatch.setattr("moorage.engine.endpoint.PODMAN_SOCKET", str(tmp_path / "root.sock"))
    monkeypatch.setattr("moorage.engine.endpoint.Endpoint.installed", lambda self: False)
    environ = {"XDG_RUNTIME_DIR": str(tmp_path), "PATH": str(tmp_path)}
    (tmp_path / "podman").mkdir()
    socket = tmp_path / "podman" / "podman.sock"
    socket.touch()  # left behind: nobody listens
    assert (await find("", environ, str(tmp_path))).socket == str(tmp_path / "docker.sock")
    socket.unlink()
    with closing(listening.socket(listening.AF_UNIX)) as server:
        server.bind(str(socket))
        server.listen()
        assert (await find("", environ, str(tmp_path))).socket == str(socket)
