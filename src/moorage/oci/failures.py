"""What can go wrong at a registry, one class for each thing that a person would do differently."""

from __future__ import annotations

import msgspec

from moorage.errors import ImageError

_LINES = 5
_WIDTH = 300


class ImageNotFound(ImageError):
    """The registry answered, and has no such image, tag or blob."""

    code = "image-not-found"


class PlatformMissing(ImageError):
    """The image exists, but not for the platform that is asked for."""

    code = "image-platform-missing"


class LoginRequired(ImageError):
    """The registry shows this only to somebody who is logged in (or denies that it exists)."""

    code = "registry-login-required"


class RegistryUnreachable(ImageError):
    """No answer: name, network, proxy, certificate, or a deadline that passed."""

    code = "registry-unreachable"


class RegistryRefused(ImageError):
    """The registry answered with an error that no login, other name or short wait would change."""

    code = "registry-refused"


class BadAnswer(ImageError):
    """What came back is not what the protocol promises: no manifest, too large, a web page."""

    code = "registry-bad-answer"


class DigestMismatch(ImageError):
    """The bytes are not those that the digest names. Never retried elsewhere in silence, never used."""

    code = "digest-mismatch"


class RateLimited(ImageError):
    """The registry asks to come back later than it makes sense to wait."""

    code = "registry-rate-limited"


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Errors(msgspec.Struct):
    errors: list[_Error] = []


def explain(status: int, body: bytes) -> tuple[str, ...]:
    """Evidence from an error answer, fit to print: `{"errors": [...]}` of the distribution
    specification, else the start of the text. The body is a stranger's: control characters are dropped.
    """
    try:
        told = [f"{error.code}: {error.message}" for error in msgspec.json.decode(body, type=_Errors).errors]
    except (msgspec.DecodeError, UnicodeDecodeError):
        told = body.decode("utf-8", "replace").splitlines()
    lines = [clean for line in told if (clean := printable(line))]
    return (f"HTTP {status}", *lines[:_LINES])


def was_answered(error: ImageError) -> bool:
    """Whether a registry said so itself, in an answer that `explain` tells of."""
    return error.evidence[:1] != () and error.evidence[0].startswith("HTTP ")


def printable(text: str) -> str:
    """One bounded line of a stranger's text that cannot steer a terminal."""
    return "".join(letter for letter in text if letter.isprintable()).strip()[:_WIDTH]
