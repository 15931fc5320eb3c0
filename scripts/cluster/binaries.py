"""Kubernetes, etcd and CoreDNS as one program, and BuildKit: built from the Go modules in tests/cluster."""

import os
from pathlib import Path

from scripts.engines import binaries, debs, golang
from scripts.engines.layout import Layout
from scripts.engines.phase import phase

from .place import GO_MODULE

KUBERNETES_VERSION = "1.36.3"
BUILDKIT_VERSION = "0.33.0"
_VERSION = "k8s.io/component-base/version"
_MAJOR, _MINOR, _ = KUBERNETES_VERSION.split(".")
KUBERNETES_FLAGS = (
    f"-s -w -X {_VERSION}.gitVersion=v{KUBERNETES_VERSION}"
    f" -X {_VERSION}.gitMajor={_MAJOR} -X {_VERSION}.gitMinor={_MINOR}"
)
BUILDKIT = (
    "github.com/moby/buildkit/cmd/buildkitd",
    "github.com/moby/buildkit/cmd/buildctl",
    "github.com/rootless-containers/rootlesskit/v3/cmd/rootlesskit",
)
BUILDKIT_FLAGS = f"-s -w -X github.com/moby/buildkit/version.Version=v{BUILDKIT_VERSION}"
BUILDKIT_MODULE = GO_MODULE / "buildkit"


def kubernetes(layout: Layout) -> Path:
    """The folder of ``kube``, with ``kubectl`` as a link to it; 5 minutes on two cores the first time."""
    sources = [path.read_text() for path in sorted(GO_MODULE.glob("*.go"))]
    target = layout.products / f"kubernetes-{golang.key(GO_MODULE, [*sources, KUBERNETES_FLAGS])}"
    if target.exists():
        return target
    draft = _draft(target)
    with phase(f"built Kubernetes {KUBERNETES_VERSION}"):
        golang.build(layout, GO_MODULE, draft, ["."], ["-ldflags", KUBERNETES_FLAGS])
    (draft / GO_MODULE.name).rename(draft / "kube")
    (draft / "kubectl").symlink_to("kube")
    draft.rename(target)
    return target


def buildkit(layout: Layout) -> Path:
    """The folder of buildkitd, buildctl and rootlesskit; most of it is compiled for Docker already."""
    target = layout.products / f"buildkit-{golang.key(BUILDKIT_MODULE, [*BUILDKIT, BUILDKIT_FLAGS])}"
    if target.exists():
        return target
    draft = _draft(target)
    with phase(f"built BuildKit {BUILDKIT_VERSION}"):
        golang.build(layout, BUILDKIT_MODULE, draft, BUILDKIT, ["-ldflags", BUILDKIT_FLAGS])
    draft.rename(target)
    return target


def containerd(layout: Layout) -> Path:
    """The folder of containerd, its shim, runc and docker-init (tini): Docker's."""
    return binaries.built(layout)


def network_plugins(layout: Layout) -> Path:
    """The folder of the CNI plugins."""
    return debs.unpacked(layout, "cni", "bookworm", ["containernetworking-plugins"]) / "usr/lib/cni"


def _draft(target: Path) -> Path:
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.mkdir(parents=True)
    return draft
