"""Pulling an image through the engine, with progress and with causes in words."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from contextlib import aclosing

import msgspec

from ..errors import ImageError, MoorageError
from .client import Engine
from .errors import EngineRefused, ImageMissing, NotFound, translate
from .images import split


class ImageUnknown(ImageError):
    """The registry has no such image, or hides it from those who are not logged in."""

    code = "image-unknown"


class LoginNeeded(ImageError):
    """The registry wants a login, or this login may not read the image."""

    code = "image-login"


class PlatformMissing(ImageError):
    """The image exists, but not for the engine's platform."""

    code = "image-platform"


class RateLimited(ImageError):
    """The registry refuses more pulls for now."""

    code = "image-rate-limit"


class RegistryUnreachable(ImageError):
    """The engine cannot reach the registry."""

    code = "image-registry-unreachable"


class PullFailed(ImageError):
    """The pull failed for another reason; the engine's words are the evidence."""

    code = "image-pull"


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """Credentials for one registry: `username` and `password`, or an `identitytoken`. Travels in a header."""

    username: str = ""
    password: str = ""
    identitytoken: str = ""
    serveraddress: str = ""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes loaded of those known so far, over all layers; `total` grows as layers announce themselves."""

    text: str
    done: int
    total: int


class _Detail(msgspec.Struct):
    current: int = 0
    total: int = 0


class _ErrorDetail(msgspec.Struct):
    message: str = ""


class _Message(msgspec.Struct):
    status: str = ""
    id: str = ""
    progressDetail: _Detail | None = None
    error: str = ""
    errorDetail: _ErrorDetail | None = None


async def pull(
    engine: Engine,
    reference: str,
    *,
    platform: str = "",
    login: Login | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> None:
    """Have the engine pull `reference`.

    Raises ImageUnknown, LoginNeeded, PlatformMissing, RateLimited, RegistryUnreachable, PullFailed, DiskFull
    and what `Engine.get` raises.
    """
    repository, tag = split(reference)
    query = {"fromImage": repository, "tag": tag, "platform": platform or None}
    headers = {"X-Registry-Auth": header(login)} if login else {}
    layers: dict[str, tuple[int, int]] = {}
    try:
        async with aclosing(engine.lines("POST", "/images/create", query, headers=headers)) as lines:
            async for line in lines:
                message = engine.decoded(line, _Message, "/images/create")
                if message.error or message.errorDetail:
                    detail = message.errorDetail or _ErrorDetail()
                    raise cause(reference, message.error or detail.message, platform)
                _follow(message, layers, progress)
    except (EngineRefused, NotFound, ImageMissing) as error:
        raise cause(reference, "\n".join(error.evidence[1:]), platform) from error


def cause(reference: str, said: str, platform: str = "") -> MoorageError:
    """The error behind the engine's words about a pull."""
    general = translate(500, said, f"pull {reference}")
    if not isinstance(general, EngineRefused):
        return general
    text = said.lower()
    for pattern, kind, sentence, hint in _CAUSES:
        if re.search(pattern, text):
            wanted = platform or "the engine's platform"
            message = sentence.format(reference=reference, platform=wanted)
            return kind(message, evidence=tuple(said.splitlines()), hint=hint)
    hint = f"Try `docker pull {reference}` by hand."
    return PullFailed(f"The engine could not pull {reference}.", evidence=tuple(said.splitlines()), hint=hint)


def _follow(
    message: _Message, layers: dict[str, tuple[int, int]], progress: Callable[[Progress], None] | None
) -> None:
    detail = message.progressDetail
    if progress is None or detail is None or message.status != "Downloading" or not message.id:
        return
    layers[message.id] = (detail.current, detail.total)
    done, total = (sum(column) for column in zip(*layers.values(), strict=True))
    progress(Progress(text=f"{len(layers)} layers", done=done, total=total))


def header(login: Login) -> str:
    """The login as the engine takes it in X-Registry-Auth."""
    return urlsafe_b64encode(msgspec.json.encode(login)).decode()


_CAUSES: tuple[tuple[str, type[ImageError], str, str], ...] = (
    (
        r"no matching manifest|does not match the specified platform|no match for platform",
        PlatformMissing,
        "{reference} does not exist for {platform}.",
        "Choose an image for this platform, or emulate another one with `--platform` in runArgs.",
    ),
    (
        r"toomanyrequests|rate limit|429",
        RateLimited,
        "The registry refuses to hand out {reference} for now: too many pulls.",
        "Log in (`docker login`), wait, or use a mirror.",
    ),
    (
        r"unauthorized|authentication required|no basic auth|denied|incorrect username|401|403",
        LoginNeeded,
        "The registry does not hand out {reference} without a login that may read it, or it does not exist.",
        "Check the name, and log in with `docker login` for this registry.",
    ),
    (
        r"manifest unknown|manifest for .* not found|not found|repository does not exist|name unknown",
        ImageUnknown,
        "There is no image {reference}.",
        "Check its name and tag.",
    ),
    (
        r"dial tcp|no such host|timeout|connection refused|tls|x509|eof|network is unreachable|gave http",
        RegistryUnreachable,
        "The engine cannot reach the registry of {reference}.",
        "Check the network, proxy and certificates of the engine (`docker info`).",
    ),
)
