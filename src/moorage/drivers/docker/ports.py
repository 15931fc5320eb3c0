"""Published and exposed ports in the forms of `docker run -p` and `--expose`. Pure."""

from __future__ import annotations

import re

import msgspec

from .values import BadValue, fields

_MOST = 1000
_PORT = r"[0-9]{1,5}(?:-[0-9]{1,5})?"
_ADDRESS = r"\[[0-9A-Fa-f:.]+\]|[0-9]{1,3}(?:\.[0-9]{1,3}){3}|localhost"
_FORM = re.compile(
    rf"(?:(?P<ip>{_ADDRESS}):)?(?:(?P<host>{_PORT})?:)?(?P<inside>{_PORT})(?:/(?P<protocol>tcp|udp|sctp))?"
)


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """One port inside, in the engine's form "80/tcp", at an address of the engine's machine ("": any)."""

    inside: str
    ip: str = ""
    host: str = ""


def published(text: str) -> tuple[Published, ...]:
    """ "3000", "8080:80", "127.0.0.1:8000-8009:8000-8009/udp", "[::1]::80". Raises BadValue."""
    if "=" in text:
        return _long(text)
    match = _FORM.fullmatch(text.strip())
    if not match:
        raise BadValue(f"a port such as 3000, 8080:80 or 127.0.0.1:3000:3000 is expected, not {text!r}")
    ip = (match["ip"] or "").strip("[]")
    return _pairs(
        "127.0.0.1" if ip == "localhost" else ip, match["host"] or "", match["inside"], match["protocol"]
    )


def exposed(text: str) -> tuple[str, ...]:
    """ "3000" or "3000-3005/udp". Raises BadValue."""
    match = re.fullmatch(rf"({_PORT})(?:/(tcp|udp|sctp))?", text.strip())
    if not match:
        raise BadValue(f"a port such as 3000 or 3000/udp is expected, not {text!r}")
    return tuple(f"{port}/{match[2] or 'tcp'}" for port in _range(match[1]))


def _long(text: str) -> tuple[Published, ...]:
    given: dict[str, str] = {}
    for field in fields(text):
        key, _, value = field.partition("=")
        if key not in ("target", "published", "protocol", "mode"):
            raise BadValue(f"target, published, protocol or mode is expected, not {key!r}")
        given[key] = value
    if not re.fullmatch(_PORT, given.get("target", "")):
        raise BadValue(f"target=PORT is missing in {text!r}")
    return _pairs("", given.get("published", ""), given["target"], given.get("protocol"))


def _pairs(ip: str, host: str, inside: str, protocol: str | None) -> tuple[Published, ...]:
    kind, ports = protocol or "tcp", _range(inside)
    if host in ("", "0"):
        return tuple(Published(inside=f"{port}/{kind}", ip=ip) for port in ports)
    outside = _range(host)
    if len(ports) == 1 and len(outside) > 1:  # the engine takes a free one of the range
        return (Published(inside=f"{ports[0]}/{kind}", ip=ip, host=host),)
    if len(ports) != len(outside):
        raise BadValue(f"the ranges {host} and {inside} differ in length")
    return tuple(
        Published(inside=f"{port}/{kind}", ip=ip, host=str(other))
        for port, other in zip(ports, outside, strict=True)
    )


def _range(text: str) -> range:
    first, dash, last = text.partition("-")
    ports = range(int(first), int(last if dash else first) + 1)
    if not ports or ports[0] < 1 or ports[-1] > 65535:
        raise BadValue(f"ports between 1 and 65535 are expected, not {text!r}")
    if len(ports) > _MOST:
        raise BadValue(f"{text!r} is more than {_MOST} ports")
    return ports
