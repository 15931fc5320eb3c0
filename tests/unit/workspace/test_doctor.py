"""What the doctor says of engines and machines."""

from __future__ import annotations

import json
import os
import socket
import stat
from pathlib import Path

import pytest

from moorage.drivers.docker.options import Options
from moorage.engine.endpoint import at
from moorage.engine.info import Component, Version
from moorage.workspace.doctor import Check, diagnose
from moorage.workspace.doctor.engine import Info, examine, judged
from moorage.workspace.doctor.machine import buildx, cache, git, logins

GOOD = {
    "OSType": "linux", "Driver": "overlay2", "DockerRootDir": "/", "NCPU": 4,
    "MemTotal": 8 * 10**9, "CgroupVersion": "2",
}  # fmt: skip


def said(
    info: dict[str, object] | None = None, version: str = "29.0.1", host: str = "unix:///s"
) -> dict[str, Check]:
    found = judged(
        at(host, "DOCKER_HOST"), Info(**{**GOOD, **(info or {})}), Version(Version=version, ApiVersion="1.52")
    )
    return {check.name: check for check in found}


def program(folder: Path, name: str, text: str) -> dict[str, str]:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder)}


def test_where_and_why_there() -> None:
    assert said()["engine"].text == "unix:///s (from DOCKER_HOST)"


def test_a_good_engine() -> None:
    levels = {name: check.level for name, check in said().items() if name != "engine storage"}
    assert set(levels.values()) == {"ok"}


@pytest.mark.parametrize(
    ("info", "version", "host", "name", "level"),
    [
        ({}, "19.03.1", "unix:///s", "engine version", "warn"),
        ({"OSType": "windows"}, "29.0.0", "unix:///s", "engine version", "fail"),
        ({"Driver": "vfs"}, "29.0.0", "unix:///s", "engine storage", "warn"),
        ({"MemTotal": 10**9}, "29.0.0", "unix:///s", "resources", "warn"),
        ({"MemoryLimit": False}, "29.0.0", "unix:///s", "resources", "warn"),
        ({}, "29.0.0", "tcp://far.example.com:2375", "bind mounts", "warn"),
        ({}, "29.0.0", "tcp://127.0.0.1:2375", "bind mounts", "ok"),
    ],
)
def test_what_is_odd(info: dict[str, object], version: str, host: str, name: str, level: str) -> None:
    check = said(info, version, host)[name]
    assert check.level == level
    assert bool(check.hint) == (level != "ok")


def test_podman_has_versions_of_its_own() -> None:
    version = Version(Version="4.3.1", Components=[Component(Name="Podman Engine")])
    check = judged(at("unix:///s", "path"), Info(**GOOD), version)[1]
    assert (check.level, check.text[:12]) == ("ok", "Podman 4.3.1")


def test_isolation_is_told_as_facts() -> None:
    options = ["name=seccomp,profile=builtin", "name=rootless", "name=selinux"]
    assert said({"SecurityOptions": options})["isolation"].text == "rootless, SELinux, seccomp, cgroup v2"


async def test_a_machine_with_nothing(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "PATH": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/none"}
    checks = {check.name: check for check in await diagnose(Options(), environment)}
    assert checks["engine"].level == "fail"
    assert checks["engine"].hint
    assert checks["git"].level == checks["ssh"].level == "warn"
    assert "engine version" not in checks


async def test_an_engine_that_never_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moorage.workspace.doctor.engine.PATIENCE", 0.05)
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind("s")
        silent.listen()
        checks = await examine(Options(), {"DOCKER_HOST": f"unix://{tmp_path}/s"})
    assert [check.level for check in checks] == ["fail"]
    assert "does not answer" in checks[0].text


async def test_a_path_that_is_no_client_is_told_as_a_check(tmp_path: Path) -> None:
    checks = await examine(Options(path=f"{tmp_path}/none"), {"HOME": "/"})
    assert checks[0].level == "fail"


@pytest.mark.parametrize(
    ("text", "level", "told"),
    [
        ("echo git version 2.43.0", "ok", "2.43.0"),
        ("echo git version 2.20.1", "warn", "2.20.1"),
        ("exit 1", "warn", "not on PATH"),
    ],
)
async def test_git(tmp_path: Path, text: str, level: str, told: str) -> None:
    (check,) = await git(program(tmp_path, "git", text))
    assert (check.level, told in check.text) == (level, True)


async def test_a_program_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moorage.workspace.doctor.machine.PATIENCE", 0.1)
    (check,) = await git(program(tmp_path, "git", "exec sleep 60"))
    assert check.level == "warn"


async def test_buildx_tells_its_version(tmp_path: Path) -> None:
    plugins = tmp_path / "cli-plugins"
    plugins.mkdir()
    program(plugins, "docker-buildx", "echo github.com/docker/buildx v0.19.0 abc")
    (check,) = await buildx({"DOCKER_CONFIG": str(tmp_path), "HOME": str(tmp_path), "PATH": os.defpath})
    assert check.text.startswith("v0.19.0 at ")


async def test_a_cache_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (check,) = await cache({"MOORAGE_CACHE": f"{tmp_path}/file/cache"})
    assert check.level == "fail"
    (check,) = await cache({"MOORAGE_CACHE": f"{tmp_path}/new/cache"})
    assert check.level != "fail"


async def test_logins_are_told_by_registry_only(tmp_path: Path) -> None:
    auths = {"registry.example.com": {"auth": "bWU6czNjcmV0"}}
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths}))
    (check,) = await logins({"DOCKER_CONFIG": str(tmp_path), "HOME": str(tmp_path)})
    assert (check.level, check.text) == ("ok", "registry.example.com")


@pytest.mark.parametrize("content", ["{", '{"auths": {"r.example.com": {"auth": "!"}}}'])
async def test_logins_that_cannot_be_read(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    (check,) = await logins({"DOCKER_CONFIG": str(tmp_path), "HOME": str(tmp_path), "PATH": ""})
    assert check.level == "warn"
    assert check.hint
