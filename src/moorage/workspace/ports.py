"""Which ports are to be forwarded, and how each is to be shown. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from moorage.devcontainer.metadata import Merged
from moorage.devcontainer.properties import PortAttributes
from moorage.errors import UsageError

_PORT = (
    r"(?:(?P<local>[0-9]{1,5}):)?(?:(?P<host>[A-Za-z0-9_][\w.-]*|\[[0-9A-Fa-f:.]+\]):)?(?P<port>[0-9]{1,5})"
)


class BadPort(UsageError):
    """The text is no port in one of the forms that forward takes."""

    code = "bad-port"


class Forward(msgspec.Struct, frozen=True, kw_only=True):
    """One port inside, or of a host that the workspace can reach, and the local port that is wanted for it.

    `fixed`: the local port was asked for, or requireLocalPort is set, so no other will do.
    """

    host: str = "localhost"
    port: int
    local: int
    fixed: bool = False
    label: str = ""
    protocol: str = ""

    @property
    def place(self) -> str:
        """The other end, as a person writes it."""
        return str(self.port) if self.host == "localhost" else f"{self.host}:{self.port}"


def wanted(merged: Merged, asked: Sequence[str]) -> tuple[Forward, ...]:
    """The ports that were named, or else forwardPorts; each once. Raises BadPort."""
    texts = asked or [str(port) for port in merged.forward_ports]
    found = [_forward(text, merged) for text in texts]
    return tuple({(each.host, each.port, each.local): each for each in found}.values())


def parse(text: str) -> Forward:
    """PORT, LOCAL:PORT, HOST:PORT or LOCAL:HOST:PORT. Raises BadPort."""
    match = re.fullmatch(_PORT, text, re.ASCII)
    if match is None or not 0 < int(match["port"]) < 65536 or not int(match["local"] or 0) < 65536:
        raise BadPort(
            f"{text!r} is no port.",
            hint="Write PORT, LOCAL:PORT, HOST:PORT or LOCAL:HOST:PORT, such as 8080:3000.",
        )
    port = int(match["port"])
    return Forward(
        host=(match["host"] or "localhost").strip("[]"),
        port=port,
        local=int(match["local"]) if match["local"] else port,
        fixed=bool(match["local"]),
    )


def attributes(place: str, merged: Merged) -> PortAttributes:
    """The attributes of a port: its own number or host:port, a range, a pattern, else those of all others."""
    for key, found in merged.ports_attributes.items():
        if key == place or _in_range(key, place):
            return found
    for key, found in merged.ports_attributes.items():
        if not re.fullmatch(r"[0-9:-]+", key) and _matches(key, place):
            return found
    return merged.other_ports_attributes or PortAttributes()


def _forward(text: str, merged: Merged) -> Forward:
    forward = parse(text)
    known = attributes(forward.place, merged)
    return msgspec.structs.replace(
        forward,
        fixed=forward.fixed or bool(known.require_local_port),
        label=known.label or "",
        protocol=known.protocol or "",
    )


def _in_range(key: str, place: str) -> bool:
    low, dash, high = key.partition("-")
    if not (dash and low.isdecimal() and high.isdecimal() and place.isdecimal()):
        return False
    return int(low) <= int(place) <= int(high)


def _matches(pattern: str, place: str) -> bool:
    try:
        return re.fullmatch(pattern, place) is not None
    except re.error:
        return False
