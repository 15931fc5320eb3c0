"""The stand-ins themselves: what the other tests rely on."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.engines.provision import AuthRegistry, Engine
from tests.outside import Cli, Docker, Images, Traces


def test_every_image_runs(docker: Docker, images: Images) -> None:
    for image in (images.debian, images.busybox, images.devcontainer, images.python):
        assert docker("run", "--rm", image, "sh", "-c", "echo ok") == "ok"


def test_the_static_image_has_no_shell(docker: Docker, images: Images) -> None:
    assert docker("run", "--rm", "--entrypoint", "/bin/sh", images.static, "-c", "echo ok", check=False) == ""
    assert docker("run", "--rm", images.static, "/sleep", "0") == ""


def test_public_names_are_pulled_through_our_registry(engine: Engine, docker: Docker) -> None:
    if not engine.ours:
        pytest.skip("the tester's engine has mirrors of its own")
    docker("pull", "busybox:latest")


def test_the_old_engine_is_old(old_engine: Engine, images: Images) -> None:
    assert old_engine.version.startswith("20.10.")
    assert Docker(old_engine.host)("run", "--rm", images.busybox, "echo", "ok") == "ok"


def test_the_registry_with_a_login_refuses_strangers(auth_registry: AuthRegistry) -> None:
    repository = auth_registry.image.partition(":")[0]
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(f"http://{auth_registry.address}/v2/{repository}/manifests/latest")
    with refusal.value as answer:
        assert answer.code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_what_a_test_leaves_is_found_and_removed(docker: Docker, cleanup: Traces, images: Images) -> None:
    docker("run", "--detach", "--name", f"{cleanup.token}-box", images.busybox, "sleep", "600")
    docker("volume", "create", "--label", f"dev.moorage.source={cleanup.folder}/a b", f"v-{cleanup.token}")
    docker("tag", images.busybox, f"moorage-test/{cleanup.token}:x")
    assert len(cleanup.everything()) == 3
    cleanup.remove()
    assert cleanup.everything() == []


def test_workspaces_are_made_of_files(workspace: Callable[..., Path]) -> None:
    folder = workspace({"image": "x"}, files={"src/a.txt": "a"})
    assert (folder / "src/a.txt").read_text() == "a"


def test_the_command_line_runs_apart_from_the_users_settings(moorage: Cli) -> None:
    assert moorage.env["HOME"].startswith(str(moorage.home))
