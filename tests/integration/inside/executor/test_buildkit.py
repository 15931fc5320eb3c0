"""The same Dockerfiles by BuildKit and by the builder inside, in a container of default capabilities.

Each Dockerfile in `cases` is one; `orders.json` there says what goes with some of them.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import subprocess
import tarfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from moorage.inside.layers.apply import into_root
from moorage.inside.layers.journal import Journal
from scripts.engines.provision import Engine, Runtime
from tests.integration.inside.executor.looks import look
from tests.outside import Docker, Images, Traces

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices are root's")

HERE = Path(__file__).parent
CASES = sorted((HERE / "cases").glob("*.Dockerfile"))
ORDERS: dict[str, Any] = json.loads((HERE / "cases/orders.json").read_text())
CODE = "/tests"
SECRET = b"not for the image"


class Answers:
    """What both made of each case, by its name."""

    def __init__(self, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
        self.theirs = theirs
        self.ours = ours


@pytest.fixture(scope="module")
def answers(
    engine: Engine, registry: str, runtime: Runtime, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Answers]:
    folder = tmp_path_factory.mktemp("executor")
    docker = Docker(engine.host)
    traces = Traces(docker, folder)
    try:
        context = make_context(folder / "context")
        theirs = by_buildkit(docker, context, folder)
        bases = published(docker, registry, traces.token)
        yield Answers(theirs, by_us(docker, runtime, registry, bases, context))
    finally:
        traces.remove()


@pytest.mark.parametrize("case", [path.name.removesuffix(".Dockerfile") for path in CASES])
def test_the_image_is_that_of_buildkit(answers: Answers, case: str) -> None:
    theirs, ours = answers.theirs[case], answers.ours[case]
    assert "error" not in ours, "\n".join([ours["message"], *ours["evidence"], *ours["lines"]])
    assert ours["config"]["config"] == theirs["config"]["config"]
    assert said(ours["config"]) == said(theirs["config"])
    assert ours["config"].get("author") == theirs["config"].get("author")
    assert different(ours["files"], theirs["files"]) == {}


def said(config: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(each.get("created_by", ""), each.get("empty_layer", False)) for each in config["history"]]


def different(ours: dict[str, str], theirs: dict[str, str]) -> dict[str, tuple[str, str]]:
    """A folder stays where the container itself has something mounted in it."""
    if "etc" not in theirs and not any(path.startswith("etc/") for path in ours):
        ours = {path: line for path, line in ours.items() if path != "etc"}
    both = sorted(ours.keys() | theirs.keys())
    return {
        path: (ours.get(path, ""), theirs.get(path, ""))
        for path in both
        if ours.get(path) != theirs.get(path)
    }


def make_context(folder: Path) -> Path:
    """All that files of a context can be; what a repository cannot keep is why it is made here."""
    texts = {
        "a.txt": "a\n",
        "b.txt": "b\n",
        "sub/c.txt": "c\n",
        "sub/deep/d.txt": "d\n",
        "sub/deep/e.md": "e\n",
        "with space/f g.txt": "f\n",
        "run.sh": "#!/bin/sh\necho ran\n",
        "ignored/no.txt": "no\n",
        "ignored/but.txt": "yes\n",
        ".dockerignore": "ignored\n!ignored/but.txt\n",
    }
    for path, text in texts.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o640 if path == "b.txt" else 0o755 if path.endswith(".sh") else 0o644)
        os.chown(file, 1234, 1234)
        os.utime(file, (1_000_000_000, 1_000_000_000))
    (folder / "link").symlink_to("a.txt")
    (folder / "sub/up").symlink_to("../sub/deep")
    (folder / "hard").hardlink_to(folder / "b.txt")
    with (folder / "holes").open("wb") as file:
        file.truncate(4 << 20)
        file.write(b"x")
    os.utime(folder / "holes", (1_000_000_000, 1_000_000_000))
    with tarfile.open(folder / "some.tar.gz", "w:gz") as archive:
        for name, content in (("in/one", b"1"), ("in/two", b"22")):
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.uid, member.mtime = len(content), 0o600, 77, 1_000_000_001
            archive.addfile(member, io.BytesIO(content))
    return folder


def by_buildkit(docker: Docker, context: Path, folder: Path) -> dict[str, dict[str, Any]]:
    """All in one go, and out of the engine in one archive."""
    secret = folder / "secret"
    secret.write_bytes(SECRET)
    targets = {}
    for path in CASES:
        name = path.name.removesuffix(".Dockerfile")
        order = ORDERS.get(name, {})
        targets[name] = {
            "context": str(context),
            "dockerfile": str(path),
            "args": order.get("arguments", {}),
            "output": [f"type=oci,dest={folder / name}.tar,compression=uncompressed"],
            "secret": [f"id=known,src={secret}"],
            **({"target": order["target"]} if "target" in order else {}),
        }
    bake = folder / "bake.json"
    bake.write_text(json.dumps({"group": {"default": {"targets": list(targets)}}, "target": targets}))
    docker("buildx", "bake", "--provenance=false", "--progress", "plain", "-f", bake, timeout=280)
    return {name: asyncio.run(unpacked(folder / f"{name}.tar", folder / "theirs" / name)) for name in targets}


async def unpacked(archive: Path, root: Path) -> dict[str, Any]:
    """An OCI image layout: the configuration, and what its layers are on top of one another."""
    root.mkdir(parents=True)
    journal = Journal(root.with_suffix(".json"))
    with tarfile.open(archive) as image:
        manifest = json.loads(blob(image, json.loads(read(image, "index.json"))["manifests"][0]))
        config = json.loads(blob(image, manifest["config"]))
        for layer, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True):
            await into_root(pieces(blob(image, layer)), str(root), journal, diff_id)
    archive.unlink()
    return {"config": config, "files": look(str(root))}


def blob(image: tarfile.TarFile, descriptor: dict[str, Any]) -> bytes:
    return read(image, f"blobs/{descriptor['digest'].replace(':', '/')}")


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    yield data


def read(archive: tarfile.TarFile, name: str) -> bytes:
    found = archive.extractfile(name)
    assert found is not None
    return found.read()


def published(docker: Docker, registry: str, token: str) -> dict[str, str]:
    """The base images where the builder inside can have them: it knows no engine."""
    found = {}
    for name in (Images().busybox, Images().debian):
        pushed = f"{registry}/moorage-test/{token}-{name.replace('/', '-').replace(':', '-')}"
        docker("tag", name, pushed)
        docker("push", "--quiet", pushed)
        found[name] = found[name.removesuffix(":latest")] = pushed
    return found


def by_us(
    docker: Docker, runtime: Runtime, registry: str, bases: dict[str, str], context: Path
) -> dict[str, dict[str, Any]]:
    orders = {
        path.name.removesuffix(".Dockerfile"): {
            "text": path.read_text(),
            "context": "/context",
            "secrets": {"known": base64.b64encode(SECRET).decode()},
            "contexts": {name: f"docker-image://{pushed}" for name, pushed in bases.items()},
            **ORDERS.get(path.name.removesuffix(".Dockerfile"), {}),
        }
        for path in CASES
    }
    asked = json.dumps({"orders": orders, "insecure": [registry]})
    command = [
        "docker", "--host", docker.host, "run", "--rm", "--interactive", "--network", "host",
        "--volume", f"{context}:/context:ro", "--volume", f"{HERE}:{CODE}:ro",
        "--entrypoint", "/.moorage/bin/python3", runtime.image, "-B", f"{CODE}/driver.py",
    ]  # fmt: skip
    done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return {told["name"]: told for told in map(json.loads, done.stdout.splitlines())}
