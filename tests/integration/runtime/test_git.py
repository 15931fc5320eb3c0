"""git of the runtime where there is nothing else: over HTTPS with an authority of one's own, and over ssh."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from moorage.runtime.recipe import ROOT
from scripts.engines.provision import Runtime
from tests.certificate import self_signed
from tests.integration.runtime.conftest import Place
from tests.outside import Docker, Images

SERVE = f"""
import http.server, json, os, ssl, subprocess, sys, threading
GIT = "{ROOT}/bin/git"
os.chdir("/tmp")
os.environ["HOME"] = "/tmp"
SOMEBODY = ("-c", "user.name=a", "-c", "user.email=a@example")

def git(*words, check=True, **more):
    return subprocess.run([GIT, *words], capture_output=True, text=True, check=check,
                          env={{**os.environ, **more}})

git("init", "--quiet", "--initial-branch=main", "origin")
open("origin/file", "w").write("content")
git("-C", "origin", "add", ".")
git(*SOMEBODY, "-C", "origin", "commit", "--quiet", "--message=one")
git("-C", "origin", "update-server-info")

class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
server.handle_error = lambda *words: None
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/tls/tls.crt", "/tls/tls.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"https://localhost:{{server.server_port}}/origin/.git"
refused = git("clone", url, "refused", check=False)
cloned = git("clone", url, "cloned", check=False, GIT_SSL_CAINFO="/tls/tls.crt")
ssh = git("clone", "ssh://127.0.0.1:1/x", "ssh", check=False)
print(json.dumps({{
    "refused": refused.stderr, "cloned": cloned.stderr, "ssh": ssh.stderr,
    "file": open("cloned/file").read() if os.path.exists("cloned/file") else "",
}}))
"""
HOOK = """#!/bin/sh
env > /tmp/seen
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    folder.chmod(0o755)
    self_signed(folder, "DNS:localhost")
    (folder / "tls.key").chmod(0o644)
    return folder


@pytest.mark.parametrize("name", ["distroless", "musl"])
def test_a_repository_is_cloned_over_https(
    docker: Docker, runtime: Runtime, volume: str, authority: Path, name: str
) -> None:
    found = served(Place(docker, runtime.places[name], volume), authority, user="65534:65534")
    assert "certificate" in found["refused"]
    assert found["file"] == "content", found["cloned"]
    assert "Connection refused" in found["ssh"]


def test_git_over_https_needs_no_user(docker: Docker, runtime: Runtime, volume: str, authority: Path) -> None:
    found = served(Place(docker, runtime.places["empty"], volume), authority, user="4321:4321")
    assert found["file"] == "content", found["cloned"]


def test_the_whole_world_is_trusted_as_debian_does(docker: Docker, runtime: Runtime, volume: str) -> None:
    """No server of the world is asked: the bundle that git is built with is the tree's, and it is full."""
    place = Place(docker, runtime.places["empty"], volume)
    code = f"import ssl; print(len(ssl.create_default_context(cafile='{ROOT}/ca/cert.pem').get_ca_certs()))"
    assert int(place.python(code).stdout) > 100


def test_hooks_see_nothing_of_the_runtime_but_gits_folder(
    docker: Docker, images: Images, volume: str, tmp_path: Path
) -> None:
    """git says its folder to all that it starts, and puts it first in PATH: that is its way everywhere."""
    hook = tmp_path / "post-commit"
    hook.write_text(HOOK)
    hook.chmod(0o755)
    tmp_path.chmod(0o755)
    options = ("--tmpfs", "/tmp:mode=1777", "--volume", f"{tmp_path}:/hooks:ro")
    script = (
        'g="/.moorage/bin/git -c user.name=a -c user.email=a@example"; cd /tmp && $g init -q r && cd r && '
        "$g -c core.hooksPath=/hooks commit -q --allow-empty -m one && cat /tmp/seen"
    )
    done = Place(docker, images.debian, volume).run("/bin/sh", "-c", script, options=options)
    assert done.returncode == 0, done.stderr
    seen = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert not [name for name in seen if name.startswith(("LD_", "PYTHON", "SSL_"))]
    assert seen["GIT_EXEC_PATH"] == f"{ROOT}/git"
    assert seen["PATH"].startswith(f"{ROOT}/git:")
    assert ROOT not in seen["PATH"].partition(":")[2]


def served(place: Place, authority: Path, user: str) -> Any:
    options = ("--tmpfs", "/tmp:mode=1777", "--volume", f"{authority}:/tls:ro", *_resolving(authority))
    done = place.python(SERVE, options=options, user=user)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _resolving(folder: Path) -> tuple[str, ...]:
    """Names of the loopback, which an engine writes only where there is a network."""
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {os.uname().nodename}\n")
    return ("--volume", f"{hosts}:/etc/hosts:ro")
