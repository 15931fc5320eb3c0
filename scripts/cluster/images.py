"""What the cluster's registry holds from the start, under public names: built once, by BuildKit itself."""

import hashlib
import os
import shutil
import socket
import struct
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.engines import daemons, debs, images, registry, rootfs
from scripts.engines.layout import Layout
from scripts.engines.phase import phase, run, succeeds
from scripts.engines.registry import Registry

from . import binaries, runtime

BUILDKIT = "moby/buildkit"
_MAPPERS = {"newuidmap": 7, "newgidmap": 6}


@dataclass(frozen=True)
class Recipe:
    """A Dockerfile of ``lines``, and ``files`` (name in the context → where it is)."""

    names: tuple[str, ...]
    lines: tuple[str, ...]
    files: Callable[[Layout], dict[str, Path]] = lambda _: {}


def seed(layout: Layout) -> Path:
    """A registry's data with all of them; made the first time (half a minute)."""
    target = layout.products / f"cluster-images-{_key(layout)}"
    if target.exists():
        return target
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    with phase("built the images of the cluster"), _workshop(layout, draft) as (address, buildctl):
        for recipe in _recipes():
            _build(layout, recipe, address, buildctl)
    draft.rename(target)
    return target


def _recipes() -> Iterator[Recipe]:
    for image in (*images.EVERYDAY, images.FRONTEND):
        yield _from_engines(image)
    yield Recipe((images.PRIVATE,), (f"FROM {images.BUSYBOX.name}",))
    yield _from_engines(images.Image("alpine:latest", images.BUSYBOX.lines, rootfs.busybox, ("alpine:3",)))
    yield Recipe(
        (runtime.PAUSE,),
        ("FROM scratch", "COPY init sleep /", 'ENTRYPOINT ["/init", "--", "/sleep", "infinity"]'),
        lambda layout: {
            "init": binaries.containerd(layout) / "docker-init",
            "sleep": rootfs.busybox_program(layout),
        },
    )
    yield _buildkit()
    yield _rootless_buildkit()


def _buildkit() -> Recipe:
    return Recipe(
        tuple(f"{BUILDKIT}:{tag}" for tag in ("latest", f"v{binaries.BUILDKIT_VERSION}", "buildx-stable-1")),
        (
            "FROM moorage-test/base:latest",
            "COPY buildkitd buildctl buildkit-runc /usr/bin/",
            "RUN ln -s buildkit-runc /usr/bin/runc",
            'ENTRYPOINT ["buildkitd"]',
        ),
        lambda layout: {
            "buildkitd": binaries.buildkit(layout) / "buildkitd",
            "buildctl": binaries.buildkit(layout) / "buildctl",
            "buildkit-runc": binaries.containerd(layout) / "runc",
        },
    )


def _rootless_buildkit() -> Recipe:
    """As the public one: an ordinary user, who is root in a user namespace that rootlesskit makes."""
    home, runtime_folder = "/home/user", "/run/user/1000"
    return Recipe(
        tuple(f"{BUILDKIT}:{tag}" for tag in ("rootless", f"v{binaries.BUILDKIT_VERSION}-rootless")),
        (
            f"FROM {BUILDKIT}:latest",
            "COPY rootlesskit newuidmap newgidmap /usr/bin/",
            "COPY libsubid.so.4 /usr/lib/",
            "RUN useradd -u 1000 --create-home user"
            " && echo user:100000:65536 > /etc/subuid && cp /etc/subuid /etc/subgid"
            f" && mkdir -p {runtime_folder} {home}/.local/tmp {home}/.local/share/buildkit"
            f" && chown -R user:user {runtime_folder} {home}",
            # File capabilities, not setuid: root of a pod is not capable enough (CAP_SETUID is 7, _SETGID 6).
            "RUN " + " && ".join(_grant(f"/usr/bin/{name}", bit) for name, bit in _MAPPERS.items()),
            "USER 1000:1000",
            f"ENV HOME={home} USER=user TMPDIR={home}/.local/tmp XDG_RUNTIME_DIR={runtime_folder}"
            f" BUILDKIT_HOST=unix://{runtime_folder}/buildkit/buildkitd.sock",
            'ENTRYPOINT ["rootlesskit", "buildkitd"]',
        ),
        _rootless_files,
    )


def _grant(program: str, capability: int) -> str:
    """The command that does as ``setcap cap_…=ep program``."""
    value = struct.pack("<5I", 0x02000001, 1 << capability, 0, 0, 0).hex()
    code = f"import os; os.setxattr('{program}', 'security.capability', bytes.fromhex('{value}'))"
    return f'chmod 755 {program} && python3 -c "{code}"'


def _rootless_files(layout: Layout) -> dict[str, Path]:
    root = debs.unpacked(layout, "uidmap", "bookworm", ["uidmap", "libsubid4"])
    return {
        "rootlesskit": binaries.buildkit(layout) / "rootlesskit",
        "newuidmap": root / "usr/bin/newuidmap",
        "newgidmap": root / "usr/bin/newgidmap",
        "libsubid.so.4": next(root.glob("usr/lib/*/libsubid.so.4")),
    }


def _from_engines(image: images.Image) -> Recipe:
    names = (image.name, *image.aliases)
    make = image.files
    if make is None:
        return Recipe(names, image.lines)
    return Recipe(
        names, ("FROM scratch", "ADD rootfs.tar /", *image.lines), lambda layout: {"rootfs.tar": make(layout)}
    )


def _key(layout: Layout) -> str:
    recipe = [repr((each.names, each.lines)) for each in _recipes()]
    programs = [binaries.buildkit(layout).name, binaries.containerd(layout).name]
    return hashlib.sha256("\n".join([*recipe, *programs]).encode()).hexdigest()[:12]


@contextmanager
def _workshop(layout: Layout, data: Path) -> Iterator[tuple[str, list[str]]]:
    """A registry over ``data`` and a buildkitd, both only for now: its address, and how to call buildctl."""
    with tempfile.TemporaryDirectory(prefix="moorage-") as name:
        folder = Path(name)
        open_registry = Registry("registry", f"127.0.0.1:{_free_port()}", folder, data)
        host = f"unix://{folder / 'buildkit.sock'}"
        buildctl = [str(binaries.buildkit(layout) / "buildctl"), "--addr", host]
        (folder / "buildkitd.toml").write_text(settings(open_registry.address))
        try:
            registry.start(layout, open_registry)
            daemons.ensure(_builder(layout, folder, host), lambda: succeeds([*buildctl, "debug", "workers"]))
            yield open_registry.address, buildctl
        finally:
            daemons.stop(folder, "buildkitd")
            registry.stop(open_registry)


def settings(address: str) -> str:
    """buildkitd.toml with the registry on ``address`` in place of Docker Hub."""
    return (
        f'[registry."docker.io"]\n  mirrors = ["{address}"]\n'
        f'[registry."{address}"]\n  http = true\n  insecure = true\n'
    )


def _builder(layout: Layout, folder: Path, host: str) -> daemons.Daemon:
    flags = ["--root", str(folder / "state"), "--addr", host, "--config", str(folder / "buildkitd.toml")]
    worker = ["--oci-worker-binary", str(binaries.containerd(layout) / "runc"), "--oci-worker-net", "host"]
    program = str(binaries.buildkit(layout) / "buildkitd")
    return daemons.Daemon(
        "buildkitd", folder, [program, *flags, *worker, "--containerd-worker=false"], env={}
    )


def _build(layout: Layout, recipe: Recipe, address: str, buildctl: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="moorage-") as context:
        for name, source in recipe.files(layout).items():
            shutil.copy2(source, Path(context) / name)
        (Path(context) / "Dockerfile").write_text("\n".join(recipe.lines) + "\n")
        held = ",".join(
            f"{address}/{name}" if "/" in name else f"{address}/library/{name}" for name in recipe.names
        )
        output = (
            f'type=image,"name={held}",push=true,compression=gzip,compression-level=1,force-compression=true'
        )
        local = [f"--local=context={context}", f"--local=dockerfile={context}"]
        run([*buildctl, "build", "--frontend=dockerfile.v0", *local, f"--output={output}"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
