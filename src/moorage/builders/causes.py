"""Why an image could not be had from its registry, read from what engines and builders say about it. Pure."""

from __future__ import annotations

import re

from moorage.engine.errors import DiskFull
from moorage.errors import ImageError
from moorage.oci.failures import (
    ImageNotFound,
    LoginRequired,
    PlatformMissing,
    RateLimited,
    RegistryUnreachable,
)
from moorage.oci.reference import DOCKER_HUB, BadReference, parse

_RATE = r"toomanyrequests|too many requests|rate limit"
_PLATFORM = (
    r"no match for platform|no matching manifest|does not match the (specified|expected) platform"
    r"|image operating system .* cannot be used"
)
_LOGIN = (
    r"no basic auth credentials|pull access denied|requested access to the resource is denied"
    r"|\b401\b|unauthorized|authorization failed|insufficient_scope|authentication required|\b403 forbidden"
)
_MISSING = r"manifest unknown|not found|name unknown|does not exist|repository name not known"
_FULL = r"no space left on device|disk quota exceeded"
_NETWORK = (
    r"dial tcp|no such host|i/o timeout|connection refused|tls handshake|x509|network is unreachable"
    r"|server misbehaving|deadline exceeded|connection reset|unexpected eof|context canceled while waiting"
    r"|gave http response to https client"
)


def image_error(reference: str, said: str, *, platform: str = "", place: str = "") -> ImageError | None:
    """The error that the words `said` about `reference` mean; None where they say nothing known.

    `place` (such as "Dockerfile:3") opens the evidence.
    """
    text = said.lower()
    evidence = tuple(line for line in (place, *said.strip().splitlines()[-5:]) if line.strip())
    if re.search(_RATE, text):
        return _rate_limited(reference, evidence)
    if re.search(_PLATFORM, text):
        return _other_platform(reference, platform, evidence)
    if re.search(_LOGIN, text):
        return _login(reference, evidence)
    if re.search(_NETWORK, text):
        return _unreachable(reference, evidence)
    if re.search(_MISSING, text):
        return _missing(reference, evidence)
    return None


def disk_full(said: str) -> DiskFull | None:
    """The error for a full disk, where `said` speaks of one."""
    if not re.search(_FULL, said, re.I):
        return None
    return DiskFull(
        "The disk on which the engine stores its data is full.",
        evidence=tuple(said.strip().splitlines()[-8:]),
        hint="Free space: `moorage gc` removes what no workspace uses, `docker system prune` more.",
    )


def host_of(reference: str) -> str:
    """The registry that a reference names, "" where it is no reference."""
    try:
        return parse(reference.partition("@")[0]).registry
    except BadReference:
        return ""


def _login(reference: str, evidence: tuple[str, ...]) -> ImageError:
    host = host_of(reference)
    command = "docker login" if host in ("", DOCKER_HUB) else f"docker login {host}"
    return LoginRequired(
        f"{reference} does not exist, or {host or 'its registry'} shows it only to users who are logged in.",
        evidence=evidence,
        hint=f"Check the name; if it is right, run `{command}` with an account that may read it.",
    )


def _missing(reference: str, evidence: tuple[str, ...]) -> ImageError:
    host = host_of(reference)
    return ImageNotFound(
        f"The image {reference} does not exist{f' at {host}' if host else ''}.",
        evidence=evidence,
        hint="Check the spelling of its name and tag.",
    )


def _other_platform(reference: str, platform: str, evidence: tuple[str, ...]) -> ImageError:
    wanted = f" for {platform}" if platform else " for this machine's platform"
    return PlatformMissing(
        f"The image {reference} exists, but not{wanted}.",
        evidence=evidence,
        hint="Choose an image that is published for this platform, or set the platform of one that can be "
        "emulated (runArgs or build.options: --platform).",
    )


def _rate_limited(reference: str, evidence: tuple[str, ...]) -> ImageError:
    host = host_of(reference)
    command = "docker login" if host in ("", DOCKER_HUB) else f"docker login {host}"
    return RateLimited(
        f"{host or 'The registry'} allows no more downloads for now.",
        evidence=evidence,
        hint=f"Run `{command}`: accounts have a higher limit. Or try again later.",
    )


def _unreachable(reference: str, evidence: tuple[str, ...]) -> ImageError:
    return RegistryUnreachable(
        f"The engine could not reach {host_of(reference) or 'the registry'} for the image {reference}.",
        evidence=evidence,
        hint="Check the network and the proxy settings of the engine, then run the command again.",
    )
