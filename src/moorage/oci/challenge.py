"""What a registry asks for with a 401: the `WWW-Authenticate` header (RFC 9110 11.6.1). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))\s*(?:,|$)')
_SCHEME = re.compile(rf"\s*,*\s*({_TOKEN})(?:\s+|,|$)")
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*\s*(?:,|$)")


class Challenge(msgspec.Struct, frozen=True):
    """One way in: the scheme (lower case) and its parameters, of which Bearer has realm, service, scope."""

    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Every challenge of the header, in order; what cannot be read ends the list."""
    return tuple(_challenges(header))


def preferred(challenges: tuple[Challenge, ...]) -> Challenge | None:
    """Bearer before Basic, since a token gives away less than a password; None if neither is offered."""
    for scheme in ("bearer", "basic"):
        for challenge in challenges:
            if challenge.scheme == scheme and (challenge.realm or scheme == "basic"):
                return challenge
    return None


def _challenges(header: str) -> Iterator[Challenge]:
    position = 0
    while scheme := _SCHEME.match(header, position):
        parameters: dict[str, str] = {}
        position = scheme.end()
        while found := _PARAMETER.match(header, position):
            quoted, plain = found[2], found[3]
            value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            parameters.setdefault(found[1].lower(), value)
            position = found.end()
        if not parameters and (opaque := _TOKEN68.match(header, position)):
            position = opaque.end()
        known = {name: parameters.get(name, "") for name in ("realm", "service", "scope")}
        yield Challenge(scheme[1].lower(), **known)
