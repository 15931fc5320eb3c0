"""The runtime in images that have all, little, or nothing: it starts, and leaves no trace in its children."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import moorage
from moorage.runtime.recipe import ROOT
from scripts.engines.provision import Runtime
from tests.integration.runtime.conftest import Place
from tests.outside import Docker, Images, Traces

WITH_SHELL = ("debian", "busybox", "musl")
EVERYWHERE = (*WITH_SHELL, "distroless", "empty", "itself")

PROBE = """
import asyncio, ctypes, hashlib, json, lzma, msgspec, os, socket, ssl, subprocess, sys, zlib
run = lambda *command: subprocess.run(command, capture_output=True, text=True, check=True).stdout
async def child():
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(7)", stdout=-1)
    return (await process.communicate())[0].decode()
print(json.dumps({
    "prefix": sys.prefix,
    "environment": dict(os.environ),
    "shell": run("/bin/sh", "-c", "env") if os.path.exists("/bin/sh") else "",
    "again": run(sys.executable, "-c", "print(6)"),
    "child": asyncio.run(child()),
    "shebang": run(ROOT + "/bin/moorage-inside", "--version"),
    "trusted": len(ssl.create_default_context().get_ca_certs()),
    "cached": json.__cached__ and os.path.exists(json.__cached__),
    "address": socket.getaddrinfo("127.0.0.1", 80)[0][4][0],
    "encoding": sys.getfilesystemencoding(),
    "mapped": sorted({line.split()[-1] for line in open("/proc/self/maps") if ".so" in line}),
}))
""".replace("ROOT", repr(ROOT))


@pytest.fixture
def place(
    request: pytest.FixtureRequest, docker: Docker, images: Images, runtime: Runtime, volume: str
) -> Place:
    known = {"debian": images.debian, "busybox": images.busybox, "itself": runtime.image, **runtime.places}
    return Place(docker, known[request.param], volume)


@pytest.mark.parametrize("place", EVERYWHERE, indirect=True)
def test_the_interpreter_runs_with_nothing_of_the_image(place: Place) -> None:
    found = probed(place)
    assert found["prefix"] == ROOT
    assert (found["again"], found["child"]) == ("6\n", "7\n")
    assert found["shebang"] == f"moorage-inside {moorage.__version__}\n"
    assert found["trusted"] > 100
    assert found["cached"]
    assert found["encoding"] == "utf-8"
    assert found["mapped"]
    assert all(path.startswith(f"{ROOT}/") for path in found["mapped"])


@pytest.mark.parametrize("place", WITH_SHELL, indirect=True)
def test_the_images_shell_sees_the_containers_environment(place: Place) -> None:
    options = ("--env", "GIVEN=1", "--hostname", "here")
    bare = place.run("/bin/sh", "-c", "env", options=options).stdout.splitlines()
    found = probed(place, options=options)
    assert set(found["shell"].splitlines()) == set(bare)
    assert found["environment"].items() <= dict(line.split("=", 1) for line in bare).items()
    assert not any(name.startswith("LD_") for name in found["environment"])


@pytest.mark.parametrize("place", ["debian"], indirect=True)
def test_what_an_image_sets_for_its_own_programs_does_no_harm(place: Place, tmp_path: Path) -> None:
    """Its libraries come first, it preloads one that is not there, has a locale, and a Python elsewhere."""
    evil = tmp_path / "evil"
    evil.mkdir()
    for name in ("libc.so.6", "libz.so.1", "libcrypto.so.3", "libssl.so.3", "libexpat.so.1"):
        (evil / name).write_text("no library")
    (tmp_path / "ld.so.preload").write_text("/evil/libmissing.so\n")
    options = (
        "--volume", f"{evil}:/evil:ro", "--volume", f"{tmp_path}/ld.so.preload:/etc/ld.so.preload:ro",
        "--env", "LD_LIBRARY_PATH=/evil", "--env", "PYTHONHOME=/evil", "--env", "PYTHONPATH=/evil",
        "--env", "LC_ALL=de_DE.ISO-8859-1", "--env", "OPENSSL_CONF=/evil/none",
    )  # fmt: skip
    done = place.run(f"{ROOT}/bin/moorage-inside", "check", options=options)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["influence"] == ["LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH"]
    assert place.run(f"{ROOT}/bin/git", "--version", options=options).stderr == ""


@pytest.mark.parametrize("place", EVERYWHERE, indirect=True)
def test_the_check_says_what_is_there(place: Place) -> None:
    done = place.run(f"{ROOT}/bin/moorage-inside", "check")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["root"], said["parts"], said["user"], said["influence"]) == (ROOT, ["base", "git"], 4321, [])


@pytest.mark.parametrize("place", ["empty"], indirect=True)
def test_wrong_arguments_are_told(place: Place) -> None:
    done = place.run(f"{ROOT}/bin/moorage-inside", "nonsense")
    assert done.returncode == 2
    assert "usage:" in done.stderr


def test_a_volume_that_is_whole_is_left_as_it_is(docker: Docker, runtime: Runtime, cleanup: Traces) -> None:
    name = f"{cleanup.token}-runtime"
    fill = ("run", "--rm", "--user", "0", "--volume", f"{name}:/target", runtime.image, "install", "/target")
    docker("volume", "create", "--label", f"test={cleanup.token}", name)
    assert docker(*fill) == "The runtime is in /target."
    assert docker(*fill) == "The runtime is in /target already."


@pytest.mark.parametrize("place", ["itself"], indirect=True)
def test_a_folder_that_cannot_be_written_is_told(place: Place) -> None:
    done = place.run(f"{ROOT}/bin/moorage-inside", "install", "/target")
    assert done.returncode == 1
    assert "/target" in done.stderr


def probed(place: Place, options: tuple[str, ...] = ()) -> Any:
    done = place.python(PROBE, options=options)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)
