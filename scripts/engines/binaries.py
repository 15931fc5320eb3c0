"""The programs of Docker Engine 29, built from the Go modules that tests/engines/go.mod pins."""

import os
import shutil
from pathlib import Path

from . import debs, golang
from .layout import GO_MODULE, Layout
from .phase import phase

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
    target = layout.products / f"docker-29-{golang.key(GO_MODULE, [*STATIC, RUNC, LDFLAGS])}"
    if target.exists():
        return target
    debs.install(C_TOOLS)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.mkdir(parents=True)
    with phase(f"built Docker Engine {ENGINE_VERSION}"):
        golang.build(layout, GO_MODULE, draft, STATIC, ["-ldflags", LDFLAGS])
        golang.build(layout, GO_MODULE, draft, [RUNC], ["-tags", "seccomp", "-ldflags", "-s -w"], cgo=True)
    tini = debs.unpacked(layout, "tini", "bookworm", ["tini"])
    shutil.copy2(tini / "usr/bin/tini-static", draft / "docker-init")
    draft.rename(target)
    return target
