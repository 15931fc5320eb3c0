"""How the runtime comes into a container of any image. Pure: what drivers add to their objects.

The image of the runtime is named by digest, so that all who mean the same one meet in one volume.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from moorage.runtime.image import INSIDE
from moorage.runtime.recipe import ROOT
from moorage.spec import names
from moorage.spec.run import Mount

Json = dict[str, object]

NAME = "moorage-runtime"
TARGET = "/target"
"""Where the volume is while it is filled."""

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})$")
_VERSION = re.compile(r"v?(\d+)\.(\d+)")
_SERVER = (1, 35)
_RUNTIMES = {"containerd": (2, 1), "cri-o": (1, 33)}


class Filling(msgspec.Struct, frozen=True, kw_only=True):
    """A helper container that fills a volume of an engine: ended with 0, the volume is whole.

    It needs no network, no capability and nothing writable but the volume. Repeating it does no harm, at the
    same time neither; a volume that is whole takes it one start of the interpreter.
    """

    name: str
    image: str
    argv: tuple[str, ...]
    mount: Mount
    labels: tuple[tuple[str, str], ...]


class InPod(msgspec.Struct, frozen=True, kw_only=True):
    """What a pod gets. `init` is None where the node mounts the image itself; else it is to run first.

    The init container runs as any user, under any pod security: the driver gives it the security context
    and the resources of its others. `mount` is for every container that is to have the runtime.
    """

    volume: Json
    mount: Json
    init: Json | None = None


def volume(image: str) -> str:
    """The name of the volume for this image, which ends with its digest. Raises ValueError without one."""
    found = _DIGEST.search(image)
    if found is None:
        raise ValueError(f"{image} names no digest")
    return f"{NAME}-{found[1][:16]}"


def filling(image: str) -> Filling:
    """How the volume of an engine is filled from the image."""
    name = volume(image)
    return Filling(
        name=f"{name}-fill",
        image=image,
        argv=(INSIDE, "install", TARGET),
        mount=Mount(kind="volume", source=name, target=TARGET),
        labels=((names.ROLE, "runtime"),),
    )


def mount(image: str) -> Mount:
    """The filled volume in a workspace's container: nobody there can change it."""
    return Mount(kind="volume", source=volume(image), target=ROOT, read_only=True)


def in_pod(image: str, *, mounted: bool) -> InPod:
    """`mounted`: the node mounts images as volumes (`mounts_images`); else an init container copies."""
    mounts: Json = {"name": NAME, "mountPath": ROOT, "readOnly": True}
    if mounted:
        source: Json = {"reference": image, "pullPolicy": "IfNotPresent"}
        return InPod(volume={"name": NAME, "image": source}, mount={**mounts, "subPath": ROOT.lstrip("/")})
    return InPod(
        volume={"name": NAME, "emptyDir": {}},
        mount=mounts,
        init={
            "name": NAME,
            "image": image,
            "command": [INSIDE, "install", TARGET],
            "volumeMounts": [{"name": NAME, "mountPath": TARGET}],
        },
    )


def mounts_images(server: str, runtimes: Iterable[str]) -> bool:
    """Whether pods may have images as volumes with a path in them, wherever they land.

    `server` is the API server's gitVersion (v1.36.0): on by default since 1.35 (KEP-4639).
    `runtimes` are the nodes' containerRuntimeVersion (containerd://2.1.4); none known, or one too old: False.
    """
    known = list(runtimes)
    return bool(known) and _at_least(server, _SERVER) and all(map(_capable, known))


def _capable(runtime: str) -> bool:
    name, _, version = runtime.partition("://")
    return name in _RUNTIMES and _at_least(version, _RUNTIMES[name])


def _at_least(text: str, wanted: tuple[int, int]) -> bool:
    found = _VERSION.match(text)
    return found is not None and (int(found[1]), int(found[2])) >= wanted
