"""The product's own runtime, built once for each state of its code, and images that have next to nothing."""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from . import debs, rootfs
from .layout import REPOSITORY, Layout
from .phase import Failed, phase, run, succeeds

REFERENCE = "moorage-test/runtime"
_KEPT = 4
_LOADED = "Loaded image: "


def built(layout: Layout) -> Path:
    """The folder with archives and images of both architectures, as `moorage runtime build` writes it.

    Packages and wheels are kept among the downloads.
    """
    target = layout.products / f"runtime-{_key()}"
    if target.exists():
        return target
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    command = [sys.executable, "-m", "moorage", "runtime", "build", "--quiet", "--output", str(draft)]
    with phase("built the runtime"):
        run(command, env={"MOORAGE_CACHE": str(layout.downloads)})
    try:
        draft.rename(target)
    except OSError:  # another process was faster, with the same bytes
        shutil.rmtree(draft)
    _prune(layout)
    return target


def loaded(layout: Layout, host: str) -> str:
    """The name of the runtime's image in the engine on ``host``; call it under the lock."""
    folder = built(layout)
    name = f"{REFERENCE}:{folder.name.removeprefix('runtime-')}"
    client = ["docker", "--host", host]
    if not succeeds([*client, "image", "inspect", name]):
        machine = run([*client, "version", "--format", "{{.Server.Arch}}"]).strip()
        archive = next(folder.glob(f"*-{machine}.oci.tar"), None)
        if archive is None:
            raise Failed(f"There is no runtime for {machine}.")
        said = run([*client, "load", "--input", str(archive)])
        found = next(line.removeprefix(_LOADED) for line in said.splitlines() if line.startswith(_LOADED))
        run([*client, "tag", found, name])
        run([*client, "rmi", found])
    return name


def emulator(layout: Layout) -> Path:
    """A program that runs those of arm64 on this machine: one static file of a large package."""
    target = layout.products / "qemu-aarch64-static"
    if not target.exists():
        whole = debs.unpacked(layout, "qemu", "bookworm", ["qemu-user-static"])
        shutil.copy(whole / "usr/bin/qemu-aarch64-static", target)
        shutil.rmtree(whole)
    return target


def empty(layout: Layout) -> Path:
    """An image with nothing at all."""
    return rootfs.cached(layout, "empty", lambda target: rootfs.archive(target, {}))


def distroless(layout: Layout) -> Path:
    """Users, names and a folder for temporary files, but neither shell nor libraries."""
    texts = {
        "etc/passwd": rootfs.PASSWD,
        "etc/group": rootfs.GROUP,
        "etc/nsswitch.conf": "passwd: files systemd\nhosts: files mymachines dns\n",
        "etc/os-release": "ID=distroless\n",
    }
    return rootfs.cached(
        layout, "distroless", lambda target: rootfs.archive(target, {}, texts=texts, folders=("tmp", "root"))
    )


def musl(layout: Layout) -> Path:
    """A shell, and musl where others have glibc: the stand-in for Alpine."""
    return rootfs.cached(layout, "musl", lambda target: _musl(layout, target))


PLACES: dict[str, Callable[[Layout], Path]] = {"empty": empty, "distroless": distroless, "musl": musl}


def _musl(layout: Layout, target: Path) -> None:
    libc = debs.unpacked(layout, "musl", "trixie", ["musl"])
    loader = next(path for path in libc.rglob("libc.so") if path.is_file())
    busybox = rootfs.busybox_program(layout)
    programs = {"bin/busybox": busybox, "lib/ld-musl-x86_64.so.1": loader, "lib/libc.so": loader}
    links = {"bin/sh": "busybox", "bin/env": "busybox"}
    texts = {"etc/passwd": rootfs.PASSWD, "etc/group": rootfs.GROUP, "etc/alpine-release": "3.22.0\n"}
    rootfs.archive(target, programs, links=links, texts=texts, folders=("tmp", "root"))


def _key() -> str:
    """Of all code of the product: what goes inside is found by reading it."""
    whole = hashlib.sha256()
    source = REPOSITORY / "src"
    for path in sorted([*source.rglob("*.py"), *source.rglob("*.sh"), *source.rglob("*.json")]):
        whole.update(f"{path.relative_to(source)}\0".encode() + path.read_bytes() + b"\0")
    return whole.hexdigest()[:12]


def _prune(layout: Layout) -> None:
    """Each state of the code leaves a hundred megabytes."""
    found = sorted(layout.products.glob("runtime-*"), key=lambda path: path.stat().st_mtime)
    for old in found[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
