"""What the tests ask for: an engine, an old engine, registries; found or made, under one lock."""

import fcntl
import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from . import clients, debs, dockerd, images, podman, registry, runtime
from .layout import Layout
from .phase import Failed

DEFAULT_SOCKET = "unix:///var/run/docker.sock"
# The first engine whose own BuildKit knows heredocs, links and named contexts.
CURRENT = 23


@dataclass(frozen=True)
class Engine:
    """An engine that answers: ``ours`` if it was made here, else the tester's."""

    host: str
    version: str
    ours: bool


@dataclass(frozen=True)
class AuthRegistry:
    address: str
    user: str
    password: str
    image: str


@dataclass(frozen=True)
class Podman:
    """Podman that answers on ``host``; ``program`` leads to the same store and has no socket of its own.

    ``user`` is whose it is: commands against a rootless one run as that user (``become`` before them).
    """

    host: str
    version: str
    program: str
    user: str
    home: str
    rootless: bool
    become: tuple[str, ...]
    environment: dict[str, str]


def engine(layout: Layout) -> Engine:
    """The tester's engine (DOCKER_HOST, or a current one on the default socket), else our own Docker 29."""
    with _locked(layout):
        clients.ensure(layout)
        found = _given()
        if found is None:
            _must_be_possible()
            registry.up(layout)
            own = dockerd.Engine(layout, dockerd.NEW)
            dockerd.up(own)
            found = Engine(own.host, version(own.host) or "", ours=True)
        images.ensure(layout, found.host, public=not found.ours)
        if found.ours:
            images.ensure(layout, found.host, (images.FRONTEND,))
        return found


def old_engine(layout: Layout) -> Engine:
    """Debian's Docker 20.10, always our own: nobody else has one."""
    with _locked(layout):
        clients.ensure(layout)
        _must_be_possible()
        registry.up(layout)
        own = dockerd.Engine(layout, dockerd.OLD)
        dockerd.up(own)
        images.ensure(layout, own.host)
        return Engine(own.host, version(own.host) or "", ours=True)


def podman_engine(layout: Layout, *, rootless: bool) -> Podman:
    """Debian's Podman with a store of our own, root's or that of a user made for it."""
    own = podman.Podman(layout, rootless)
    # An engine that has just been made fills the registry, from which Podman takes the images.
    docker = dockerd.Engine(layout, dockerd.NEW).host
    if not dockerd.answers(own.host):
        docker = engine(layout).host
    with _locked(layout):
        _must_be_possible()
        registry.up(layout)
        podman.up(own, docker)
        return Podman(
            host=own.host, version=podman.version(own), program=str(own.program), user=own.user,
            home=str(own.home), rootless=rootless, become=tuple(own.as_user([])), environment=own.environment,
        )  # fmt: skip


def anonymous_registry(layout: Layout) -> str:
    """The address of a plain-HTTP registry without login."""
    with _locked(layout):
        registry.up(layout)
    return layout.registry


def auth_registry(layout: Layout, host: str) -> AuthRegistry:
    """A registry with basic authentication that holds one image, pushed there by the engine on ``host``."""
    with _locked(layout):
        registry.up(layout)
        images.publish_private(layout, host)
    return AuthRegistry(layout.auth_registry, registry.USER, registry.PASSWORD, images.PRIVATE)


@dataclass(frozen=True)
class Runtime:
    """The runtime as it was built (``folder``), its ``image`` in an engine, and images to put it into."""

    folder: Path
    image: str
    places: dict[str, str]


def built_runtime(layout: Layout, host: str) -> Runtime:
    """What `moorage runtime build` makes of this code, in the engine on ``host``."""
    with _locked(layout):
        return Runtime(
            folder=runtime.built(layout),
            image=runtime.loaded(layout, host),
            places={
                name: images.imported(host, f"moorage-test/{name}:latest", make(layout))
                for name, make in runtime.PLACES.items()
            },
        )


def down(layout: Layout) -> None:
    """End everything that was started here; what was made stays in the cache."""
    with _locked(layout):
        for name in (dockerd.NEW, dockerd.OLD):
            dockerd.down(dockerd.Engine(layout, name))
        for rootless in (False, True):
            podman.down(podman.Podman(layout, rootless))
        registry.down(layout)


def describe(layout: Layout) -> dict[str, object]:
    """What answers right now, for ``env`` and ``status``; starts nothing."""
    own = {name: dockerd.Engine(layout, name) for name in (dockerd.NEW, dockerd.OLD)}
    found = {name: version(each.host) for name, each in own.items() if dockerd.answers(each.host)}
    given = _given()
    current = given or (Engine(own["29"].host, found["29"] or "", ours=True) if "29" in found else None)
    podmans = [podman.Podman(layout, rootless) for rootless in (False, True)]
    old = Engine(own["20.10"].host, found["20.10"] or "", ours=True) if "20.10" in found else None
    return {
        "engine": asdict(current) if current else None,
        "old_engine": asdict(old) if old else None,
        **{each.name: each.host for each in podmans if dockerd.answers(each.host)},
        "registry": layout.registry,
        "auth_registry": asdict(
            AuthRegistry(layout.auth_registry, registry.USER, registry.PASSWORD, images.PRIVATE)
        ),
    }


def version(host: str | None) -> str | None:
    """The version of the engine on ``host`` (None: wherever the client points), or None if none answers."""
    flags = ["--host", host] if host else []
    try:
        done = subprocess.run(
            ["docker", *flags, "version", "--format", "{{json .Server.Version}}"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
        )  # fmt: skip
        return str(json.loads(done.stdout)) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def _given() -> Engine | None:
    host = os.environ.get("DOCKER_HOST")
    if host:
        found = version(host)
        if found is None:
            raise Failed(f"DOCKER_HOST is set to {host}, but no engine answers there.")
        return Engine(host, found, ours=False)
    found = version(DEFAULT_SOCKET)
    return Engine(DEFAULT_SOCKET, found, ours=False) if found and _major(found) >= CURRENT else None


def _major(text: str) -> int:
    match = re.match(r"\d+", text)
    return int(match[0]) if match else 0


def _must_be_possible() -> None:
    if os.geteuid() != 0 or not debs.is_debian():
        raise Failed(
            "An engine of our own needs root on Debian 12; elsewhere, set DOCKER_HOST to one that runs."
        )


@contextmanager
def _locked(layout: Layout) -> Iterator[None]:
    """One at a time: test workers start side by side."""
    layout.cache.mkdir(parents=True, exist_ok=True)
    with (layout.cache / f"slot{layout.slot}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
