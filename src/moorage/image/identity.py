"""Says when two images are the same, wherever they were read from: a registry, or any engine's inspect."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec
from msgspec import Struct


class Healthcheck(Struct, frozen=True, kw_only=True):
    """Times are nanoseconds, 0 where the engine's default holds."""

    test: tuple[str, ...]
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class ImageConfig(Struct, frozen=True, kw_only=True):
    """The part of an image that decides what a container of it does, in one normal form."""

    os: str
    architecture: str
    variant: str = ""
    diff_ids: tuple[str, ...]
    """Digests of the uncompressed layers, lowest first."""
    env: dict[str, str] = {}
    user: str = ""
    labels: dict[str, str] = {}
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    workdir: str = "/"
    shell: tuple[str, ...] = ()
    exposed_ports: tuple[str, ...] = ()
    """Sorted, each with its protocol."""
    volumes: tuple[str, ...] = ()
    healthcheck: Healthcheck | None = None
    stop_signal: str = ""
    onbuild: tuple[str, ...] = ()

    @property
    def platform(self) -> str:
        """`linux/amd64`, `linux/arm/v7`."""
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))


def from_registry(config: Mapping[str, object]) -> ImageConfig:
    """From the configuration blob of a registry (OCI image specification, Docker's schema 2)."""
    return _config(config, _mapping(config, "rootfs"), "diff_ids", ("os", "architecture", "variant"))


def from_inspect(inspect: Mapping[str, object]) -> ImageConfig:
    """From an element of `docker image inspect` or of the engine's API; Podman's is read as well."""
    return _config(inspect, _mapping(inspect, "RootFS"), "Layers", ("Os", "Architecture", "Variant"))


def identity(image: ImageConfig) -> str:
    """A digest (`sha256:…`) that is equal for equal images; needs no manifest, which imported ones lack."""
    return f"sha256:{hashlib.sha256(msgspec.json.encode(image, order='sorted')).hexdigest()}"


def _config(
    image: Mapping[str, object], rootfs: Mapping[str, object], layers: str, platform: tuple[str, str, str]
) -> ImageConfig:
    # One of the registry's `config` and an inspect's `Config`.
    inner = _mapping(image, "config") or _mapping(image, "Config")
    system, architecture, variant = (_text(image, key) for key in platform)
    return ImageConfig(
        os=system or "linux",
        architecture=architecture,
        variant=_variant(architecture, variant),
        diff_ids=_list(rootfs, layers),
        env=_env(inner),
        user=_text(inner, "User"),
        labels=_labels(inner) or _labels(image),
        entrypoint=_list(inner, "Entrypoint"),
        cmd=_list(inner, "Cmd"),
        workdir=_text(inner, "WorkingDir") or "/",
        shell=_list(inner, "Shell"),
        exposed_ports=tuple(sorted(map(_port, _mapping(inner, "ExposedPorts")))),
        volumes=tuple(sorted(_mapping(inner, "Volumes"))),
        healthcheck=_healthcheck(_mapping(inner, "Healthcheck") or _mapping(image, "Healthcheck")),
        stop_signal=_text(inner, "StopSignal"),
        onbuild=_list(inner, "OnBuild"),
    )


def _variant(architecture: str, variant: str) -> str:
    """arm64 has one variant that some tools name and others leave out."""
    return "" if (architecture, variant) in (("arm64", "v8"), ("amd64", "v1")) else variant


def _env(inner: Mapping[str, object]) -> dict[str, str]:
    cut = (line.partition("=") for line in _list(inner, "Env"))
    return dict(sorted((name, value) for name, _, value in cut))


def _labels(of: Mapping[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in sorted(_mapping(of, "Labels").items())}


def _port(port: str) -> str:
    return port if "/" in port else f"{port}/tcp"


def _healthcheck(found: Mapping[str, object]) -> Healthcheck | None:
    test = _list(found, "Test")
    if not test:
        return None
    return Healthcheck(
        test=test,
        interval=_number(found, "Interval"),
        timeout=_number(found, "Timeout"),
        start_period=_number(found, "StartPeriod"),
        start_interval=_number(found, "StartInterval"),
        retries=_number(found, "Retries"),
    )


def _mapping(of: Mapping[str, object], key: str) -> dict[str, object]:
    found = of.get(key)
    return {str(name): value for name, value in found.items()} if isinstance(found, Mapping) else {}


def _list(of: Mapping[str, object], key: str) -> tuple[str, ...]:
    """Old images hold a plain string where a list belongs."""
    found = of.get(key)
    if isinstance(found, str):
        return (found,) if found else ()
    return tuple(str(item) for item in found) if isinstance(found, (list, tuple)) else ()


def _text(of: Mapping[str, object], key: str) -> str:
    found = of.get(key)
    return found if isinstance(found, str) else ""


def _number(of: Mapping[str, object], key: str) -> int:
    found = of.get(key)
    return found if isinstance(found, int) else 0
