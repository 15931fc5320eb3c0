"""Which addresses answer for a registry, and how far each is trusted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from moorage.errors import ConfigurationError
from moorage.oci.reference import DOCKER_HUB

_HUB_HOST = "registry-1.docker.io"
EVERY = "*"
_LOOPBACK = ("localhost", "127.0.0.0/8", "::1/128")


class BadRegistry(ConfigurationError):
    """A mirror or registry setting that names no address."""

    code = "bad-registry-setting"


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """How a TLS certificate is judged: whether at all, and by which authorities beside the system's.

    `folder`, where it exists, adds every `*.crt` in it.
    """

    verify: bool = True
    ca_files: tuple[str, ...] = ()
    folder: str = ""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One address to try. `host` names it for credentials and people; `url` has no slash at its end."""

    host: str
    url: str
    mirror: bool = False
    trust: Trust = Trust()


class Registries(msgspec.Struct, frozen=True, kw_only=True):
    """A user's registry settings.

    `mirrors`: registry → addresses (host or URL) asked before it, in order. `insecure`: hosts (with their
    port) or networks in CIDR form that may be spoken to without a valid certificate or in plain HTTP, or
    EVERY; the own machine always may, as with Docker. `ca_files`: more trusted authorities.
    `certificate_folder`: where `HOST/*.crt` adds authorities for one registry, as the Docker engine reads it.
    """

    mirrors: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    insecure: frozenset[str] = frozenset()
    ca_files: tuple[str, ...] = ()
    certificate_folder: str = "/etc/docker/certs.d"


class _Index(msgspec.Struct, rename="pascal"):
    mirrors: list[str] | None = None
    secure: bool = True


class _RegistryConfig(msgspec.Struct, rename="pascal"):
    index_configs: dict[str, _Index] | None = None
    insecure_registry_cidrs: list[str] | None = msgspec.field(name="InsecureRegistryCIDRs", default=None)
    mirrors: list[str] | None = None


class _Info(msgspec.Struct, rename="pascal"):
    registry_config: _RegistryConfig | None = None


def from_engine_info(info: Mapping[str, object]) -> Registries:
    """The settings that the engine itself uses (`GET /info`, field RegistryConfig), so that what it can pull
    can also be looked at. Podman's answer, which lacks the field, gives the defaults.
    """
    config = msgspec.convert(info, _Info, strict=False).registry_config or _RegistryConfig()
    indexes = config.index_configs or {}
    mirrors = {name: tuple(index.mirrors) for name, index in indexes.items() if index.mirrors}
    if config.mirrors:
        mirrors.setdefault(DOCKER_HUB, tuple(config.mirrors))
    insecure = {name for name, index in indexes.items() if not index.secure}
    networks = config.insecure_registry_cidrs or ()
    return Registries(mirrors=mirrors, insecure=frozenset((*insecure, *networks)))


def merge(first: Registries, second: Registries) -> Registries:
    """Both settings at once; where both name mirrors of a registry, those of `first` are asked first."""
    mirrors = {
        name: _united(first.mirrors.get(name, ()), second.mirrors.get(name, ()))
        for name in (*first.mirrors, *second.mirrors)
    }
    return Registries(
        mirrors=mirrors,
        insecure=first.insecure | second.insecure,
        ca_files=_united(first.ca_files, second.ca_files),
        certificate_folder=first.certificate_folder,
    )


def endpoints(registries: Registries, registry: str, *, writing: bool = False) -> tuple[Endpoint, ...]:
    """The addresses to try for `registry`, in order: mirrors, then itself; never a mirror for writing.

    Where plain HTTP is allowed, HTTPS is tried first, as Docker does, except on the own machine: registries
    there are plain, and nobody is between. Raises `BadRegistry`.
    """
    mirrors = () if writing else registries.mirrors.get(registry, ())
    asked = [endpoint for mirror in mirrors for endpoint in _addresses(registries, mirror, mirror=True)]
    return (*asked, *_addresses(registries, registry, mirror=False))


def is_loopback(host: str) -> bool:
    """Whether the host (with or without a port) is this machine by its very name."""
    return _matches(host, _LOOPBACK)


def _united(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _addresses(registries: Registries, address: str, *, mirror: bool) -> tuple[Endpoint, ...]:
    scheme, host, path = _split(address)
    insecure = _matches(host, (*registries.insecure, *_LOOPBACK))
    folder = f"{registries.certificate_folder}/{host}"
    trust = Trust(verify=not insecure, ca_files=registries.ca_files, folder=folder)
    schemes = (scheme,) if scheme else _schemes(host, insecure=insecure)
    server = _HUB_HOST if host in (DOCKER_HUB, "index.docker.io") else host
    return tuple(
        Endpoint(host=host, url=f"{name}://{server}{path}", mirror=mirror, trust=trust) for name in schemes
    )


def _schemes(host: str, *, insecure: bool) -> tuple[str, ...]:
    if is_loopback(host):
        return ("http", "https")
    return ("https", "http") if insecure else ("https",)


def _split(address: str) -> tuple[str, str, str]:
    scheme, separator, rest = address.rpartition("://")
    host, _, path = rest.strip("/").partition("/")
    if not host or "@" in host or scheme not in ("", "http", "https") or (separator and not scheme):
        hint = "Write HOST[:PORT] or https://HOST[:PORT], without a login."
        raise BadRegistry(f"{address!r} is no registry address", hint=hint)
    return scheme, host, f"/{path}" if path else ""


def _matches(host: str, patterns: Iterable[str]) -> bool:
    name = _without_port(host)
    return any(pattern in (EVERY, host, name) or _in_network(name, pattern) for pattern in patterns)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def _in_network(name: str, network: str) -> bool:
    if not (name[:1].isdigit() or ":" in name):
        return False
    import ipaddress  # most registries have names

    try:
        return ipaddress.ip_address(name) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
